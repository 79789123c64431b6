"""Several voices as one: what the first does not say is said by the next, from where it broke off.

livekit-agents' FallbackAdapter takes half a text for the whole.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.utils import shortuuid

from agent.audio.streams import at_rate, is_audible
from agent.remote.failover import LineUp, Member, longest_s
from agent.tts.cloning import VoiceSample, clones, like
from agent.tts.other_voice import with_voice
from agent.wording.speakable import has_words, is_speakable, silence
from agent.wording.spoken_length import letters, unsaid

Voice = tts.TTS[Any]

_STALL_S = 6.0
"""Longest pause in the middle of a text, seconds; engines have shorter ones of their own."""
_LETTER_S = 0.075
"""Seconds a letter takes in a voice of which nothing is known: a slow one's."""
_LETTERS_OF_A_PACE = 10
"""A shorter text does not tell the pace of a voice."""


class FailoverSpeech(tts.TTS[Any]):
    """Any number of syntheses at once, mono, at the highest rate of its engines."""

    def __init__(
        self,
        line_up: LineUp[Voice],
        *,
        voices: Mapping[Member[Voice], Voice] | None = None,
        first: Member[Voice] | None = None,
    ) -> None:
        """Ask the engines of `line_up`, which are closed with this.

        With `voices`, those are asked in their place, and who made this closes the engines.
        `first` is asked before the others, unless it rests.
        """
        engines = voices or {member: member.engine for member in line_up.members}
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=max(engine.sample_rate for engine in engines.values()),
            num_channels=1,
        )
        self.line_up = line_up
        self.voices = engines
        self._first = first or line_up.members[0]
        self.paces = dict.fromkeys(line_up.members, _LETTER_S)
        """Seconds a letter takes."""
        self._closes = voices is None
        for engine in engines.values():
            engine.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        """Model of the engine that spoke last."""
        return self.voices[self.line_up.serving].model

    @property
    def provider(self) -> str:
        """Provider of the engine that spoke last."""
        return self.voices[self.line_up.serving].provider

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "FailoverChunkedStream":
        """Speak one text; each engine is waited for as its own limits say."""
        return FailoverChunkedStream(self, text)

    def with_voice(self, voice: str, *, speed: float) -> "FailoverSpeech":
        """Another voice of the first engine, by whose names it is known; the others keep theirs."""
        first = self._first
        voices = {
            member: with_voice(engine, voice if member is first else "", speed=speed)
            for member, engine in self.voices.items()
        }
        return FailoverSpeech(self.line_up, voices=voices, first=first)

    def led_by(self, label: str) -> "FailoverSpeech | None":
        """The same engines, that of this label before the others; None: there is none."""
        for member in self.line_up.members:
            if member.label == label:
                return FailoverSpeech(self.line_up, voices=self.voices, first=member)
        return None

    def order(self) -> list[Member[Voice]]:
        """Whom to ask, one after the other."""
        first = self._first
        return sorted(
            self.line_up.order(), key=lambda member: (member.health.rests, member is not first)
        )

    @property
    def clones(self) -> bool:
        """Whether one of its engines speaks like a recording that it is given."""
        return any(clones(engine) for engine in self.voices.values())

    def like(self, sample: VoiceSample, *, language: str, speed: float) -> Voice:
        """The first engine that can, speaking like `sample`: the others do not have this voice."""
        engine = next(engine for engine in self.voices.values() if clones(engine))
        return like(engine, sample, language=language, speed=speed)

    def prewarm(self) -> None:
        """Warm the connection of the engine that is asked first."""
        self.voices[self.order()[0]].prewarm()

    async def aclose(self) -> None:
        """Close all engines, if they are its own. May be called more than once."""
        for engine in self.voices.values():
            engine.off("metrics_collected", self._forward_metrics)
        if self._closes:
            await self.line_up.aclose()

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)


class FailoverChunkedStream(tts.ChunkedStream):
    """One text. Closing it closes the request of the engine that is being asked."""

    # Each engine has spans and metrics of its own.
    _tts_request_span_name = "tts_failover"
    _tts_attempt_span_name = None

    def __init__(self, speech: FailoverSpeech, text: str) -> None:
        super().__init__(tts=speech, input_text=text, conn_options=APIConnectOptions(max_retry=0))
        self._speech = speech

    async def _metrics_monitor_task(self, event_aiter: Any) -> None:
        async for _ in event_aiter:
            pass

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        speech = self._speech
        output_emitter.initialize(
            request_id=shortuuid(),
            sample_rate=speech.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
        )
        if not is_speakable(self.input_text):
            output_emitter.push(silence(rate_hz=speech.sample_rate))
            return
        left, failure = self.input_text, None
        for member in speech.order():
            self._said_s = 0.0
            try:
                await self._say(member, left, output_emitter)
                return
            except Exception as error:  # noqa: BLE001 - an engine's bug is no end of the reply
                failure = error
                speech.line_up.failed(member, error)
                if self._said_s:
                    left = unsaid(left, self._said_s, letter_s=speech.paces[member])
        raise APIConnectionError("no voice of the list has spoken", retryable=False) from failure

    async def _say(self, member: Member[Voice], text: str, emitter: tts.AudioEmitter) -> None:
        """Speak a text with one engine; `_said_s` is how much of it was, seconds.

        Raises:
            Exception: it was silent, or has not said all of the text.
        """
        speech, now = self._speech, asyncio.get_running_loop().time
        stream = speech.voices[member].synthesize(text, conn_options=member.limits)
        held: list[rtc.AudioFrame] = []
        async with (
            asyncio.timeout(longest_s(member.limits)) as patience,
            aclosing(at_rate(_frames(stream), speech.sample_rate)) as frames,
        ):
            async for frame in frames:
                patience.reschedule(now() + _STALL_S)
                if not self._said_s and not is_audible(frame):
                    held.append(frame)  # silence that may be all there is
                    continue
                if not self._said_s:
                    speech.line_up.answered(member)
                for waiting in (*held, frame):
                    emitter.push_frame(waiting)
                held.clear()
                self._said_s += frame.duration
        if not self._said_s and has_words(text):
            raise APIConnectionError("the voice was silent", retryable=False)
        for waiting in held:
            emitter.push_frame(waiting)
        count = letters(text)
        if count >= _LETTERS_OF_A_PACE:
            speech.paces[member] = self._said_s / count


async def _frames(stream: tts.ChunkedStream) -> AsyncGenerator[rtc.AudioFrame, None]:
    async with stream:
        async for event in stream:
            yield event.frame
