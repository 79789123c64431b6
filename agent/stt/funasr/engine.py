"""Engine `funasr`: FunASR's websocket servers, which tell words while they are spoken.

A stream is a connection. One that is lost is not opened again here: its audio is gone, and only who
listens (`agent.turns.streaming`) knows what of it was not final.
"""

import asyncio
import time
import weakref

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectOptions,
    APIError,
    APIStatusError,
    stt,
    utils,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.errors import EngineUnavailable
from agent.remote.openai_errors import reason_of
from agent.remote.websocket import WebSocketClient
from agent.stt.funasr.nano_wire import NanoWire
from agent.stt.funasr.options import Options
from agent.stt.funasr.runtime_wire import RuntimeWire
from agent.stt.funasr.stream import FunASRStream
from agent.stt.funasr.wire import Wire
from agent.stt.probing import PROBE_OPTIONS, probe_tone

_SUBPROTOCOL = "binary"
"""What both of the runtime's servers speak."""


def build(options: Options) -> stt.STT[str]:
    """Make the component; nothing is contacted yet."""
    return FunASRSpeechToText(options)


async def probe(options: Options) -> str:
    """Connect, send a short tone, and say what came back and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or is none of FunASR's.
    """
    engine, answered_s = await _ask(options)
    if answered_s is not None:
        return (
            f"{engine.model} at {engine.provider}: connected, and answered after {answered_s:.2f} s"
        )
    if options.protocol == "nano":
        raise _mute(options)
    return (
        f"{engine.model} at {engine.provider}: connected; it says nothing of a tone: older servers "
        "do not, nor do those of another STT_PROTOCOL"
    )


async def probe_again(options: Options) -> None:
    """See whether a server works that has failed: here one that says nothing does not.

    Raises:
        EngineUnavailable: as for `probe`, or it says nothing of a tone.
    """
    _, answered_s = await _ask(options)
    if answered_s is None:
        raise _mute(options)


def _mute(options: Options) -> EngineUnavailable:
    return EngineUnavailable(
        f"{options.url} takes connections and says nothing: is STT_PROTOCOL its own?"
    )


async def _ask(options: Options) -> tuple["FunASRSpeechToText", float | None]:
    """Let an engine hear a short tone, and close it; says after how long it had an answer."""
    engine = await asyncio.to_thread(FunASRSpeechToText, options)
    began = time.perf_counter()
    try:
        stream = engine.stream(conn_options=PROBE_OPTIONS)
        async with stream:
            stream.push_frame(probe_tone())
            stream.end_input()
            async for _ in stream:
                pass
    except APIStatusError as error:
        remedy = (
            "set STT_API_KEY to a key of that server"
            if error.status_code in (401, 403)
            else "is the server busy, and is STT_URL its websocket's address?"
        )
        raise EngineUnavailable(f"{options.url}: {reason_of(error)}; {remedy}") from error
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} does not serve FunASR's {options.protocol} protocol: "
            f"{reason_of(error)}; is the server running, with TLS (wss://) or without (ws://), and "
            "is STT_PROTOCOL its own?"
        ) from error
    finally:
        await engine.aclose()
    return engine, time.perf_counter() - began if stream.messages else None


class FunASRSpeechToText(stt.STT[str]):
    """Streams only: interim words while somebody speaks, final ones soon after.

    Streams are independent of each other, a connection each.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, offline_recognize=False, manual_flush=True
            )
        )
        self._options = options
        self._client = WebSocketClient(
            options.url,
            options.api_key,
            who="the recognition server",
            stage="STT",
            verify=options.verify,
            protocols=(_SUBPROTOCOL,) if options.protocol == "runtime" else (),
        )
        self._streams: weakref.WeakSet[FunASRStream] = weakref.WeakSet()

    @property
    def model(self) -> str:
        """What it is asked for: FunASR's mode, or the one model of the other server."""
        return "funasr 2pass" if self._options.protocol == "runtime" else "fun-asr-nano"

    @property
    def provider(self) -> str:
        """Host and port of the server."""
        return self._client.host

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise NotImplementedError("this engine streams; STT_ENGINE=funasr_http takes utterances")

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> FunASRStream:
        """Open a connection in the background."""
        spoken = language if utils.is_given(language) else self._options.language
        stream = FunASRStream(
            self,
            self._client,
            lambda: self._wire(spoken),
            rate_hz=self._options.rate_hz,
            piece=self._options.piece,
            language=spoken,
            conn_options=conn_options,
        )
        self._streams.add(stream)
        return stream

    def _wire(self, language: str) -> Wire:
        if self._options.protocol == "runtime":
            return RuntimeWire(self._options)
        return NanoWire(self._options, language=language)

    async def aclose(self) -> None:
        """Close all connections. May be called more than once."""
        await asyncio.gather(*(stream.aclose() for stream in self._streams))
        await self._client.aclose()
