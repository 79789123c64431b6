"""A recogniser whose requests and streams are counted: seconds of sound, whoever asked for what."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectOptions,
    stt,
    utils,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.costs.meter import EngineMeter, Request
from agent.stt.telling import StreamAround


@runtime_checkable
class Reconnecting(Protocol):
    """A stream that uses one connection after the other, each of which is billed for itself."""

    connections: int
    """So many were opened so far."""


class MeteredSpeechToText(stt.STT[str]):
    """Another engine, which is closed with this; nothing takes longer.

    Each try of a recognition is counted: the engine is asked once at a time, and asked again here.
    """

    def __init__(self, engine: stt.STT[str], meter: EngineMeter) -> None:
        """Count by `meter` what `engine` is sent."""
        super().__init__(capabilities=engine.capabilities)
        # The engine tells of its own.
        self._recognize_metrics_needed = False
        self.engine = engine
        self._meter = meter
        engine.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        """The engine's model."""
        return self.engine.model

    @property
    def provider(self) -> str:
        """The engine's provider."""
        return self.engine.provider

    @property
    def cancels(self) -> bool:
        """Whether the engine ends the work on what nobody waits for."""
        return bool(getattr(self.engine, "cancels", True))

    def prewarm(self) -> None:
        """Warm the engine's connection."""
        self.engine.prewarm()

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        once = APIConnectOptions(max_retry=0, timeout=conn_options.timeout)
        with self._meter.begin() as request:
            request.used.seconds = _seconds(buffer)
            event = await self.engine.recognize(buffer, language=language, conn_options=once)
            request.answered = True
            return event

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "MeteredStream":
        """Open a stream of the engine's."""
        stream = self.engine.stream(language=language, conn_options=conn_options)
        return MeteredStream(stream, self._meter.begin)

    async def aclose(self) -> None:
        """Close the engine. May be called more than once."""
        self.engine.off("metrics_collected", self._forward_metrics)
        await self.engine.aclose()

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)


class MeteredStream(StreamAround):
    """A stream of the engine's as it is, with a look at what goes in.

    It has no tasks of its own, and so none of what its class makes of itself.
    """

    def __init__(self, stream: stt.RecognizeStream, begin: Callable[[], Request]) -> None:
        self._stream = self.inner = stream
        self._begin = begin
        self._request = begin()
        self._connections = 1

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        """Push sound to be recognised."""
        self._stream.push_frame(frame)
        self._look()
        self._request.used.seconds += frame.duration

    def flush(self) -> None:
        """Ask for the words of what was pushed."""
        self._stream.flush()

    def end_input(self) -> None:
        """No more sound comes."""
        self._stream.end_input()

    async def aclose(self) -> None:
        """Close the engine's stream."""
        try:
            await self._stream.aclose()
        finally:
            self._end()

    def _look(self) -> None:
        """A connection counts from the first sound or result after it was opened."""
        if isinstance(self._stream, Reconnecting) and self._stream.connections > self._connections:
            self._connections = self._stream.connections
            self._end()
            self._request = self._begin()

    async def __anext__(self) -> stt.SpeechEvent:
        """Wait for the next result."""
        try:
            event = await anext(self._stream)
        except StopAsyncIteration:
            raise
        except Exception as error:
            self._request.ended(error)
            raise
        self._look()
        self._request.answered = True
        return event

    def _end(self) -> None:
        # Silence has no answer, and was listened to.
        self._request.answered = self._request.answered or not self._request.over
        self._request.ended()

    async def _run(self) -> None:
        raise NotImplementedError  # the engine's stream runs


def _seconds(buffer: utils.AudioBuffer) -> float:
    frames = buffer if isinstance(buffer, list) else [buffer]
    return sum(frame.duration for frame in frames)
