"""A livekit plug-in for FunASR's websocket runtime, as thin as its author would make it.

`STT_ENGINE=testbed.funasr_stt`, `STT_URL=ws://…`. Any plug-in whose capabilities say `streaming`
is used in the same way. The wire: `testbed.funasr_server`.
"""

import asyncio
import json
import weakref
from typing import Any

import aiohttp
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    LanguageCode,
    stt,
    utils,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.agents.utils import AudioBuffer

from agent.options import EngineOptions, setting

RATE_HZ = 16000
_FRAME = 960
"""Samples of 60 ms: what the runtime's chunks are made of."""


class Options(EngineOptions):
    """Settings of this engine."""

    url: str = setting(..., "ws:// address of the server")
    language: str = setting("", "language of what is said, for example en")


def build(options: Options) -> "FunASRSpeechToText":
    """Make the recogniser; contacts nobody."""
    return FunASRSpeechToText(options)


async def probe(options: Options) -> str:
    """Connect once."""
    async with FunASRSpeechToText(options) as engine, engine.stream() as stream:
        stream.end_input()
        async for _ in stream:
            pass
    return "answers"


class FunASRSpeechToText(stt.STT[str]):
    """Interim words as they come, final ones at the end of an utterance or when asked."""

    def __init__(self, options: Options) -> None:
        """Speak to the server at `options.url`."""
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, offline_recognize=False, manual_flush=True
            )
        )
        self._options = options
        self._http: aiohttp.ClientSession | None = None
        self._closed = False
        self._streams: weakref.WeakSet[_Stream] = weakref.WeakSet()

    @property
    def model(self) -> str:
        """The name of the mode."""
        return "2pass"

    @property
    def provider(self) -> str:
        """Whose wire it is."""
        return "FunASR"

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise NotImplementedError("this engine streams")

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """Open a connection."""
        stream = _Stream(self, conn_options, self._options)
        self._streams.add(stream)
        return stream

    async def connect(self, conn_options: APIConnectOptions) -> aiohttp.ClientWebSocketResponse:
        """Raises APIError."""
        if self._closed:
            raise APIError("the recogniser is closed", retryable=False)
        if self._http is None:
            self._http = aiohttp.ClientSession()
        try:
            async with asyncio.timeout(conn_options.timeout):
                return await self._http.ws_connect(self._options.url, protocols=("binary",))
        except TimeoutError as error:
            raise APITimeoutError from error
        except aiohttp.WSServerHandshakeError as error:
            raise APIStatusError("refused", status_code=error.status) from error
        except aiohttp.ClientError as error:
            raise APIConnectionError from error

    async def aclose(self) -> None:
        """Close all connections."""
        self._closed = True
        for stream in list(self._streams):
            await stream.aclose()
        if self._http is not None:
            await self._http.close()


class _Stream(stt.RecognizeStream):
    def __init__(
        self, engine: FunASRSpeechToText, conn_options: APIConnectOptions, options: Options
    ) -> None:
        super().__init__(stt=engine, conn_options=conn_options, sample_rate=RATE_HZ)
        self._engine = engine
        self._language = LanguageCode(options.language)
        self._online = ""

    async def _run(self) -> None:
        socket = await self._engine.connect(self._conn_options)
        self._online = ""
        try:
            await socket.send_json(
                {
                    "mode": "2pass", "wav_name": utils.shortuuid(), "wav_format": "pcm",
                    "audio_fs": RATE_HZ, "is_speaking": True,
                    "chunk_size": [5, 10, 5], "chunk_interval": 10, "itn": True,
                }
            )  # fmt: skip
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._send(socket), name="funasr-send")
                await self._receive(socket)
                sending.cancel()
        except* APIError as failed:
            raise failed.exceptions[0] from failed
        except* (aiohttp.ClientError, ConnectionError) as failed:
            raise APIConnectionError from failed
        finally:
            await socket.close()

    async def _send(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        frames = utils.audio.AudioByteStream(RATE_HZ, 1, _FRAME)
        speaking = True
        async for item in self._input_ch:
            flushed = isinstance(item, self._FlushSentinel)
            whole = frames.flush() if flushed else frames.push(_bytes(item))
            if whole and not speaking:
                await socket.send_json({"is_speaking": True})
                speaking = True
            for frame in whole:
                await socket.send_bytes(bytes(frame.data))
            if flushed and speaking:
                await socket.send_json({"is_speaking": False})
                speaking = False
        await socket.send_json({"is_speaking": False, "is_end": True})

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            try:
                result: dict[str, Any] = json.loads(message.data)
                mode, text = result["mode"], result.get("text", "")
            except (ValueError, KeyError, TypeError) as error:
                raise APIError("not a result", retryable=False) from error
            if result.get("is_end"):
                return
            if mode == "2pass-online":
                self._online += text
                self._tell(stt.SpeechEventType.INTERIM_TRANSCRIPT, self._online)
            else:
                self._online = ""
                self._tell(stt.SpeechEventType.FINAL_TRANSCRIPT, text)
        raise APIConnectionError("the server closed the connection")

    def _tell(self, kind: stt.SpeechEventType, text: str) -> None:
        if text.strip():
            data = stt.SpeechData(language=self._language, text=text.strip())
            self._event_ch.send_nowait(stt.SpeechEvent(kind, alternatives=[data]))


def _bytes(frame: object) -> bytes:
    assert isinstance(frame, rtc.AudioFrame)
    return bytes(frame.data)
