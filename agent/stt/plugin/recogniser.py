"""A plug-in's recogniser, held to what a call needs of one.

What plug-ins leave open is seen to here: limits on the time of an answer, 16 kHz mono whatever
comes in, errors without the service's words, streams and requests that end with the engine, an
HTTP session outside of a job.
"""

import asyncio
import contextlib
import inspect
import weakref
from typing import Any

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectionError,
    APIConnectOptions,
    LanguageCode,
    stt,
    utils,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.audio import pcm
from agent.remote.openai_errors import TimedOut
from agent.remote.plugins.faults import fault_of
from agent.remote.plugins.http_session import HttpSession
from agent.remote.plugins.plugin import Plugin
from agent.stt.plugin.stream import PluginStream

_CLOSED = "this recogniser was closed"
_CLOSE_S = 2.0
"""How long a plug-in may take to close itself."""


class PluginSpeechToText(stt.STT[str]):
    """Streams, if the plug-in does, and whole utterances, if it takes them. Both may overlap.

    `recognize` waits at most `conn_options.timeout` for the transcript.
    """

    def __init__(self, plugin: Plugin) -> None:
        """Make the plug-in's component; blocks."""
        self.wrapped: stt.STT[Any] = plugin.make()
        """The plug-in's own."""
        offered = self.wrapped.capabilities
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=offered.streaming,
                interim_results=offered.interim_results,
                aligned_transcript=offered.aligned_transcript,
                offline_recognize=offered.offline_recognize and _recognises(self.wrapped),
                manual_flush=offered.manual_flush,
            )
        )
        # The plug-in tells of its own.
        self._recognize_metrics_needed = False
        self.wrapped.on("metrics_collected", self._forward_metrics)
        self._name = plugin.name
        self._session = HttpSession()
        self._closed = False
        self._waiting: set[asyncio.Timeout] = set()
        self._streams: weakref.WeakSet[PluginStream] = weakref.WeakSet()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def model(self) -> str:
        """As the plug-in calls it."""
        model = self.wrapped.model
        return self._name if model in ("", "unknown") else model

    @property
    def provider(self) -> str:
        """As the plug-in calls it."""
        provider = self.wrapped.provider
        return self._name.rpartition(".")[0] if provider in ("", "unknown") else provider

    def prewarm(self) -> None:
        """Let the plug-in open its connection; needs a running event loop."""
        if not self._closed:
            with self._session.bound():
                self.wrapped.prewarm()

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> PluginStream:
        """Open a stream of the plug-in's; it tries nothing again by itself."""
        stream = PluginStream(self, language=language, conn_options=conn_options)
        self._streams.add(stream)
        return stream

    def open_stream(self, *, language: NotGivenOr[str], timeout_s: float) -> stt.RecognizeStream:
        """A stream of the plug-in's own, with at most `timeout_s` to connect.

        Raises:
            Exception: as the plug-in did.
        """
        with self._session.bound():
            return self.wrapped.stream(
                language=language or NOT_GIVEN,
                conn_options=APIConnectOptions(max_retry=0, timeout=timeout_s),
            )

    async def aclose(self) -> None:
        """End all streams and requests, and close the plug-in's. May be called more than once."""
        if self._closed:
            return
        self._closed = True
        for waiting in self._waiting:
            if not waiting.expired():
                waiting.reschedule(asyncio.get_running_loop().time())
        await asyncio.gather(*(stream.aclose() for stream in self._streams))
        self.wrapped.off("metrics_collected", self._forward_metrics)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await self.wrapped.aclose()
                    await _close_client(self.wrapped)
        finally:
            await self._session.aclose()
            for closing in self._closing:
                closing.cancel()
            await asyncio.gather(*self._closing, return_exceptions=True)

    def keep(self, closing: asyncio.Task[None]) -> None:
        """Keep a task that closes a stream, until it has or this is closed."""
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        self.check_open()
        limits = APIConnectOptions(max_retry=0, timeout=conn_options.timeout)
        waiting = asyncio.timeout(conn_options.timeout)
        self._waiting.add(waiting)
        try:
            async with waiting:
                with self._session.bound():
                    event = await self.wrapped.recognize(
                        await asyncio.to_thread(_utterance, buffer),
                        language=language or NOT_GIVEN,
                        conn_options=limits,
                    )
        except TimeoutError as error:
            self.check_open()
            raise TimedOut(f"no transcript within {conn_options.timeout:g} s") from error
        except Exception as error:
            raise fault_of(error) from error
        finally:
            self._waiting.discard(waiting)
        return _result(event)

    def check_open(self) -> None:
        """Raises APIConnectionError when this was closed."""
        if self._closed:
            raise APIConnectionError(_CLOSED, retryable=False)

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)


async def _close_client(engine: stt.STT[Any]) -> None:
    """Close what livekit-plugins-openai 1.8.9 leaves open: the client of its whole utterances."""
    close = getattr(getattr(engine, "_client", None), "close", None)
    if inspect.iscoroutinefunction(close):
        await close()


def _utterance(buffer: utils.AudioBuffer) -> rtc.AudioFrame:
    return pcm.to_frame(pcm.utterance(buffer), rate_hz=pcm.SPEECH_RATE_HZ)


def _result(event: stt.SpeechEvent) -> stt.SpeechEvent:
    """The same with one alternative and an id."""
    best = event.alternatives[0] if event.alternatives else stt.SpeechData(LanguageCode(""), "")
    best.text = (best.text or "").strip()
    return stt.SpeechEvent(
        stt.SpeechEventType.FINAL_TRANSCRIPT,
        request_id=event.request_id or utils.shortuuid(),
        alternatives=[best],
    )


def _recognises(engine: stt.STT[Any]) -> bool:
    """Whether whole utterances are more than a promise.

    Most plug-ins that only stream say that they take them too, which is the default, and raise
    NotImplementedError.
    """
    code = getattr(inspect.unwrap(type(engine)._recognize_impl), "__code__", None)
    return code is None or NotImplementedError.__name__ not in code.co_names
