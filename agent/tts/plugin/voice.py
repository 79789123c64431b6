"""A plug-in's voice, held to what a call needs of one.

Each piece of a reply is one request: a stream of the plug-in's where it streams, which keeps its
connection warm between pieces, else what it calls a synthesis. What plug-ins leave open is seen
to here: limits on the first audio and between any two pieces of it, texts without words, errors
without the text, no second try once audio has come, several voices at once, an HTTP session outside
of a job.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    tts,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.utils import shortuuid

from agent.audio import pcm
from agent.audio.streams import at_rate
from agent.remote.openai_errors import TimedOut
from agent.remote.plugins.faults import fault_of
from agent.remote.plugins.http_session import HttpSession
from agent.remote.plugins.plugin import Plugin
from agent.tasks import begin
from agent.wording.speakable import clean, has_words, is_speakable, push_silence, silence

logger = logging.getLogger(__name__)

_VOICE = ("voice", "voice_id", "voice_name", "speaker")
_SPEED = ("speed", "speaking_rate")
"""What plug-ins call these arguments."""


class PluginSpeech(tts.TTS[Any]):
    """Any number of syntheses at once, mono, at the plug-in's own rate."""

    def __init__(
        self,
        plugin: Plugin,
        *,
        stall_s: float,
        like: "PluginSpeech | None" = None,
        instead: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the plug-in's component; blocks.

        `stall_s` is the longest pause in the middle of an answer, seconds. Like another one, with
        the arguments of `instead`, it is made when it is needed.
        """
        self._plugin, self._stall_s, self._instead = plugin, stall_s, dict(instead or {})
        self._wrapped: tts.TTS[Any] | None = plugin.make() if like is None else None
        model = self._wrapped or (like.known if like is not None else None)
        assert model is not None
        self.known: tts.TTS[Any] = model
        """What the plug-in is known by: its own, or that of the one that this is like."""
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=model.sample_rate,
            num_channels=1,
        )
        self._session: HttpSession = HttpSession() if like is None else like._session
        self._owns_session = like is None
        self._making: asyncio.Task[tts.TTS[Any]] | None = None
        self._others: list[PluginSpeech] = []
        self._closed = False
        if self._wrapped is not None:
            self._wrapped.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        """As the plug-in calls it."""
        model = self.known.model
        return self._plugin.name if model in ("", "unknown") else model

    @property
    def provider(self) -> str:
        """As the plug-in calls it."""
        provider = self.known.provider
        return self._plugin.name.rpartition(".")[0] if provider in ("", "unknown") else provider

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "PluginSpeechStream":
        """Start one request. Closing the stream closes the plug-in's."""
        return PluginSpeechStream(self, text, conn_options, stall_s=self._stall_s)

    def with_voice(self, voice: str, *, speed: float) -> "PluginSpeech":
        """Another one of the plug-in's, closed with this; see `agent.tts.other_voice`.

        Itself where the plug-in has no argument for what is wanted.
        """
        instead: dict[str, Any] = {}
        voice_name, speed_name = self._plugin.first_of(_VOICE), self._plugin.first_of(_SPEED)
        if voice and voice_name is not None:
            instead[voice_name] = voice
        if speed != 1.0 and speed_name is not None:
            own = self._plugin.value_of(speed_name)
            instead[speed_name] = speed * (own if isinstance(own, int | float) else 1.0)
        if len(instead) < bool(voice) + (speed != 1.0):
            logger.warning(
                "the plug-in cannot be given the voice or its speed",
                extra={"plugin": self._plugin.name},
            )
        if not instead:
            return self
        other = PluginSpeech(
            self._plugin, stall_s=self._stall_s, like=self, instead=self._instead | instead
        )
        self._others.append(other)
        return other

    async def frames(self, text: str, *, timeout_s: float) -> AsyncGenerator[rtc.AudioFrame, None]:
        """The sound of a text as it comes, mono.

        Raises:
            Exception: as the plug-in did.
        """
        own = await self._own()
        limits = APIConnectOptions(max_retry=0, timeout=timeout_s)
        with self._session.bound():
            stream: tts.ChunkedStream | tts.SynthesizeStream
            if own.capabilities.streaming:
                stream = own.stream(conn_options=limits)
                stream.push_text(text)
                stream.end_input()
            else:
                stream = own.synthesize(text, conn_options=limits)
        async with stream:
            async for event in stream:
                yield _mono(event.frame)

    def check_open(self) -> None:
        """Raises APIConnectionError when this was closed."""
        if self._closed:
            raise APIConnectionError("this voice was closed", retryable=False)

    def prewarm(self) -> None:
        """Let the plug-in open its connection; needs a running event loop."""
        if self._wrapped is None:
            self._begin_making()
            return
        with self._session.bound():
            self._wrapped.prewarm()

    async def aclose(self) -> None:
        """Close the plug-in's, and those with other voices. May be called more than once."""
        if self._closed:
            return
        self._closed = True
        for other in self._others:
            await other.aclose()
        if self._making is not None:
            await asyncio.wait({self._making})
        try:
            if self._wrapped is not None:
                self._wrapped.off("metrics_collected", self._forward_metrics)
                await self._wrapped.aclose()
        finally:
            if self._owns_session:
                await self._session.aclose()

    async def _own(self) -> tts.TTS[Any]:
        if self._wrapped is None:
            # Others may wait for it too.
            await asyncio.shield(self._begin_making())
        assert self._wrapped is not None
        return self._wrapped

    def _begin_making(self) -> "asyncio.Task[tts.TTS[Any]]":
        if self._making is None:
            self._making = begin(self._make(), name="plug-in's other voice")
        return self._making

    async def _make(self) -> tts.TTS[Any]:
        made: tts.TTS[Any] = await asyncio.to_thread(self._plugin.make, **self._instead)
        made.on("metrics_collected", self._forward_metrics)
        self._wrapped = made
        return made

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)


class PluginSpeechStream(tts.ChunkedStream):
    """One request.

    The first audio must come within `conn_options.timeout`, each further piece within `stall_s`.
    Once audio was handed on, errors are not retried: it would be heard twice.
    """

    # The plug-in's stream has spans and metrics of its own.
    _tts_request_span_name = "tts_plugin"
    _tts_attempt_span_name = None

    def __init__(
        self, engine: PluginSpeech, text: str, conn_options: APIConnectOptions, *, stall_s: float
    ) -> None:
        super().__init__(tts=engine, input_text=text, conn_options=conn_options)
        self._engine, self._stall_s = engine, stall_s

    async def _metrics_monitor_task(self, event_aiter: Any) -> None:
        async for _ in event_aiter:
            pass

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        rate_hz = self._engine.sample_rate
        if not is_speakable(self.input_text):
            push_silence(output_emitter, rate_hz=rate_hz)
            return
        self._engine.check_open()
        output_emitter.initialize(
            request_id=shortuuid(), sample_rate=rate_hz, num_channels=1, mime_type="audio/pcm"
        )
        self._any_audio = False
        try:
            async with asyncio.timeout(self._conn_options.timeout) as patience:
                await self._speak(output_emitter, patience)
        except TimeoutError as error:
            wait_s = self._stall_s if self._any_audio else self._conn_options.timeout
            what = "no further audio" if self._any_audio else "no audio"
            raise TimedOut(f"{what} within {wait_s:g} s", retryable=not self._any_audio) from error
        except Exception as error:
            raise fault_of(error, begun=self._any_audio) from error
        if not self._any_audio:
            if has_words(self.input_text):
                raise APIConnectionError("the plug-in has spoken nothing")
            output_emitter.push(silence(rate_hz=rate_hz))

    async def _speak(self, emitter: tts.AudioEmitter, patience: asyncio.Timeout) -> None:
        now = asyncio.get_running_loop().time
        spoken = self._engine.frames(clean(self.input_text), timeout_s=self._conn_options.timeout)
        async with aclosing(at_rate(spoken, self._engine.sample_rate)) as frames:
            async for frame in frames:
                self._any_audio = True
                emitter.push_frame(frame)
                patience.reschedule(now() + self._stall_s)


def _mono(frame: rtc.AudioFrame) -> rtc.AudioFrame:
    if frame.num_channels == 1:
        return frame
    return pcm.to_frame(pcm.from_frame(frame), rate_hz=frame.sample_rate)
