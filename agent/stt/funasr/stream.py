"""One stream: audio to a FunASR server as it comes, words from it as they come."""

import asyncio
from collections.abc import Callable

import aiohttp
from livekit import rtc
from livekit.agents import (
    APIConnectOptions,
    APIError,
    APITimeoutError,
    LanguageCode,
    stt,
)
from livekit.agents.types import TimedString
from livekit.agents.utils.audio import AudioByteStream

from agent.audio import pcm
from agent.remote.websocket import Socket, WebSocketClient
from agent.stt.funasr.wire import Result, Wire, no_result
from agent.stt.telling import TellingStream
from agent.tasks import first_of

_SEND_S = 5.0
"""A server that has taken no audio for so long takes none any more."""
_ANSWER_S, _LINGER_S = 2.0, 0.5
"""After the end of all audio: longest wait for words, and for others once there are final ones.
Some of the servers say that nothing more comes, and need not be waited for."""


class FunASRStream(TellingStream):
    """Audio of any rate goes out as mono s16le of `rate_hz`, in messages of `piece` samples.

    `flush` brings the last words of what was said as a final result, which is empty when there
    were none; the stream goes on. Closing it closes the connection.
    """

    def __init__(
        self,
        engine: stt.STT[str],
        client: WebSocketClient,
        wire: Callable[[], Wire],
        *,
        rate_hz: int,
        piece: int,
        language: str,
        conn_options: APIConnectOptions,
    ) -> None:
        super().__init__(stt=engine, conn_options=conn_options, sample_rate=rate_hz)
        self._client, self._make_wire = client, wire
        self._rate_hz, self._piece = rate_hz, piece
        self._language = LanguageCode(language)
        self._over = False
        """Whether the server knows that no more audio comes."""
        self._interim = ""

    async def _run(self) -> None:
        wire = self._make_wire()
        socket = await self._client.connect(timeout_s=self._conn_options.timeout)
        self._over, self._interim, self.listening = False, "", True
        patience = asyncio.timeout(None)
        try:
            async with first_of(APIError), asyncio.TaskGroup() as group:
                sending = group.create_task(
                    self._send(socket, wire, patience), name="funasr stream: audio"
                )
                await self._receive(socket, wire, patience)
                sending.cancel()
        finally:
            self.listening = False
            await self._client.hang_up(socket)
        for result in wire.rest():
            self._tell(result)

    async def _send(self, socket: Socket, wire: Wire, patience: asyncio.Timeout) -> None:
        pieces = AudioByteStream(self._rate_hz, 1, self._piece)
        spoken = False
        try:
            await self._say(socket, *wire.opening())
            async for item in self._input_ch:
                flushed = isinstance(item, self._FlushSentinel)
                whole = pieces.flush() if flushed else pieces.push(_mono(item))
                if whole:
                    await self._say(socket, *wire.resuming())
                for frame in whole:
                    spoken = True
                    await self._say(socket, bytes(frame.data))
                    wire.sent(frame.samples_per_channel / self._rate_hz)
                if flushed:
                    await self._say(socket, *wire.flushing())
            self._over = True
            now = asyncio.get_running_loop().time()
            patience.reschedule(now + (_ANSWER_S if spoken else 0.0))
            if spoken:
                await self._say(socket, *wire.ending())
        except (aiohttp.ClientError, ConnectionError):
            return  # who receives learns of it, and why

    async def _say(self, socket: Socket, *messages: str | bytes) -> None:
        try:
            async with asyncio.timeout(_SEND_S):
                for message in messages:
                    if isinstance(message, str):
                        await socket.send_str(message)
                    else:
                        await socket.send_bytes(message)
        except TimeoutError as error:
            raise APITimeoutError(f"the server has taken no audio for {_SEND_S:g} s") from error

    async def _receive(self, socket: Socket, wire: Wire, patience: asyncio.Timeout) -> None:
        settled = False
        try:
            async with patience:
                while not wire.ended:
                    message = await self._client.receive(socket)
                    if message.type is aiohttp.WSMsgType.BINARY:
                        raise no_result()
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        if self._over and socket.close_code == aiohttp.WSCloseCode.OK:
                            return
                        raise self._client.lost(socket)
                    self.messages += 1
                    results = wire.heard(message.data)
                    for result in results:
                        self._tell(result)
                    if (until := patience.when()) is None:
                        continue
                    settled = settled or any(result.final for result in results)
                    if settled:
                        now = asyncio.get_running_loop().time()
                        patience.reschedule(min(until, now + _LINGER_S))
        except TimeoutError:
            return  # it has had its time to say the last words

    def _tell(self, result: Result) -> None:
        text = result.text.strip()
        if not result.final and text in ("", self._interim):
            return
        self._interim = "" if result.final else text
        kind = stt.SpeechEventType
        language = self._language or LanguageCode(result.language)
        data = stt.SpeechData(language=language, text=text)
        if result.span is not None:
            offset_s = self.start_time_offset
            data.start_time, data.end_time = (offset_s + at for at in result.span)
            data.words = [
                TimedString(word, offset_s + begin, offset_s + end)
                for word, (begin, end) in result.words
            ] or None
        self._event_ch.send_nowait(
            stt.SpeechEvent(
                kind.FINAL_TRANSCRIPT if result.final else kind.INTERIM_TRANSCRIPT,
                alternatives=[data],
            )
        )


def _mono(item: object) -> bytes:
    assert isinstance(item, rtc.AudioFrame)
    return pcm.mono_s16le(item)
