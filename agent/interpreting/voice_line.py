"""One voice track: says the clauses of everybody in one language, one after the other."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, Protocol

from livekit import rtc
from livekit.agents import APIConnectOptions, tts

from agent.audio.streams import at_rate
from agent.interpreting.casting import Casting
from agent.interpreting.listeners import VoiceOf
from agent.interpreting.speech_queue import Saying, SpeechQueue, length_of, speed_of
from agent.playout.voice_track import NATIVE_QUEUE_MS, VoiceTrack
from agent.tasks import fault
from agent.tts.spoken_reply import ReplyVoice
from agent.wording.reader import Reader
from agent.wording.sentences import SentenceTokenizer
from agent.wording.spoken_form import SpokenForm

logger = logging.getLogger(__name__)

_EARLY_S = 0.6
"""So long before the last words are over the next ones are asked for: what a voice takes to its
first sound."""
_SUBSCRIBED_S = 3.0
"""Longest wait for a listener's program to take the new track, seconds."""


class Told(Protocol):
    """Is told what sounds."""

    def __call__(self, saying: Saying, *, playing: bool) -> None:
        """A saying begins to sound, or is over."""


class VoiceLine:
    """Of one room. `run` and `track.run` must run for as long as it is wanted."""

    def __init__(
        self,
        voice_of: VoiceOf,
        casting: Casting,
        *,
        rate_hz: int,
        limits: APIConnectOptions,
        told: Told,
        failed: Callable[[Saying], None],
        clock: Callable[[], float],
    ) -> None:
        """Speak with the voices of `casting`, each asked within `limits`, into a track of its own.

        Mono at `rate_hz`; `told` of what sounds, `failed` of what no voice could say. Waits are
        measured on `clock`, seconds.
        """
        self.of = voice_of
        self.queue = SpeechQueue()
        self.listeners: list[Callable[[rtc.AudioFrame], None]] = []
        """Each is given what the track plays, 0.1 s before it sounds: mono at `rate_hz`."""
        self.track = VoiceTrack(rate_hz=rate_hz, source=_Overheard(rate_hz, self.listeners))
        self.sid = ""
        """Of the track, once it is published."""
        self._casting = casting
        self._limits = limits
        self._told = told
        self._failed = failed
        self._clock = clock
        self._reader = Reader(voice_of.language)
        self._asked: Saying | None = None
        """What a voice was asked to say and has not begun."""
        self._sounding: deque[Saying] = deque()
        self._some = asyncio.Event()
        self.track.on("playback_started", lambda _: self._begins())
        self.track.on("playback_finished", lambda _: self._ends())

    async def publish(self, room: rtc.Room, *, published: Callable[[str], None]) -> None:
        """Publish the track under the language's name; `published` is told its sid.

        Returns when somebody has subscribed to it, or soon afterwards.
        """

        async def taken(waiting: Callable[[], Awaitable[None]]) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_SUBSCRIBED_S):
                    await waiting()

        def sid(publication: rtc.LocalTrackPublication) -> None:
            self.sid = publication.sid
            published(publication.sid)

        await self.track.publish(room, name=self.of.language, listened=taken, published=sid)

    @property
    def behind_s(self) -> float:
        """How much is still to be said, seconds at the usual speed."""
        return self.track.unheard_s + self.queue.waiting_s

    @property
    def unsaid(self) -> tuple[Saying, ...]:
        """What was to be said and has not begun to sound."""
        begun = list(self._sounding)[1 if self.track.playing else 0 :]
        asked = [] if self._asked is None else [self._asked]
        return (*begun, *asked, *self.queue.waiting)

    def say(self, saying: Saying) -> None:
        """Say it when its turn has come."""
        self.queue.add(saying)
        self._some.set()

    async def run(self) -> None:
        """Say what is to be said, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self.queue:
                await asyncio.sleep(max(0.0, self.track.unheard_s - _EARLY_S))
                now = self._clock()
                saying = self.queue.next(now)
                if saying is not None:
                    late_s = now - saying.since + self.track.unheard_s
                    speed = speed_of(late_s, length_of(saying.text))
                    await self._say(replace(saying, speed=speed))

    async def aclose(self) -> None:
        """Release the track, once nothing runs."""
        await self.track.aclose()

    async def _say(self, saying: Saying) -> None:
        first, *spares = self._casting.line_up(saying, self.of.language, saying.speed)
        voice = ReplyVoice(
            self._spoken(first),
            spares=[self._spoken(spare) for spare in spares],
            tokenizer=SentenceTokenizer(),
            track=self.track,
        )

        def failed(_: tts.TTSError) -> None:
            if self._casting.has_failed(saying.speaker, first):
                # One voice for what is left of a sentence.
                voice.rest()

        voice.on("error", failed)
        begun, self._asked = False, saying
        try:
            async with aclosing(_frames(voice, saying.text, self._limits)) as spoken:
                async for frame in at_rate(spoken, self.track.rate_hz):
                    if not begun:
                        begun, self._asked = True, None
                        self._sounding.append(saying)
                    await self.track.capture_frame(frame)
        except Exception as error:  # noqa: BLE001 - the captions have it
            logger.warning("a translation was not spoken", extra=fault(error))
        finally:
            if begun:
                self.track.flush()
            voice.off("error", failed)
            await voice.aclose()
        if not begun:
            self._asked = None
            self._failed(saying)

    def _spoken(self, engine: tts.TTS[Any]) -> tts.TTS[Any]:
        return SpokenForm(engine, self._reader)

    def _begins(self) -> None:
        if self._sounding:
            self._told(self._sounding[0], playing=True)

    def _ends(self) -> None:
        if self._sounding:
            self._told(self._sounding.popleft(), playing=False)


class _Overheard(rtc.AudioSource):
    """A native source whose sound others take too."""

    def __init__(self, rate_hz: int, listeners: list[Callable[[rtc.AudioFrame], None]]) -> None:
        super().__init__(rate_hz, 1, queue_size_ms=NATIVE_QUEUE_MS)
        self._listeners = listeners

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        for listener in self._listeners:
            listener(frame)
        await super().capture_frame(frame)


async def _frames(
    voice: ReplyVoice, text: str, limits: APIConnectOptions
) -> AsyncGenerator[rtc.AudioFrame, None]:
    async with voice.stream(conn_options=limits) as stream:
        stream.push_text(text)
        stream.end_input()
        async for event in stream:
            yield event.frame
