"""The interpreter's voices: a track for each language that somebody wants to hear.

The server lets each listener subscribe to theirs alone.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from livekit import rtc
from livekit.agents import APIConnectOptions

from agent.interpreting.casting import Casting
from agent.interpreting.languages import same
from agent.interpreting.listeners import Listener, VoiceOf, voices_for
from agent.interpreting.shortening import Shortening
from agent.interpreting.speech_queue import Saying
from agent.interpreting.voice_line import VoiceLine
from agent.room_messages import RoomMessages
from agent.room_protocol import TOPIC_VOICE
from agent.tasks import CallTasks, begin

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Line:
    """A voice track that runs."""

    line: VoiceLine
    listeners: tuple[str, ...]
    running: tuple[asyncio.Task[None], ...] = ()


class Voices:
    """Of one room. All on the job's event loop; `aclose` when its tasks have ended."""

    def __init__(
        self,
        room: rtc.Room,
        tasks: CallTasks,
        messages: RoomMessages,
        casting: Casting,
        *,
        rate_hz: int,
        limits: APIConnectOptions,
        shortening: Shortening,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Speak with the voices of `casting`, each asked within `limits`, mono at `rate_hz`.

        `shortening` sees to what falls behind. Waits are measured on `clock`, seconds.
        """
        self._room = room
        self._tasks = tasks
        self._messages = messages
        self._casting = casting
        self._rate_hz = rate_hz
        self._limits = limits
        self._shortening = shortening
        self._clock = clock
        self._listeners: Mapping[str, Listener] = {}
        self._translated: dict[str, frozenset[str]] = {}
        self._lines: dict[VoiceOf, _Line] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def arrange(self, listeners: Mapping[str, Listener]) -> None:
        """These are in the room: have a track for each language that one of them wants to hear."""
        self._listeners = dict(listeners)
        self._arrange()

    def say(self, speaker: str, segment: str, language: str, text: str) -> None:
        """Say a translation of what `speaker` said, or other words of one that was said before."""
        if not any(same(language, into) for into in self._translated.get(speaker, ())):
            into = self._translated.get(speaker, frozenset())
            self._translated[speaker] = into | {language}
            self._arrange()
        for of, has in self._lines.items():
            if same(of.language, language) and of.without != speaker:
                has.line.say(Saying(speaker, segment, text, self._clock()))
                self._shortening.look(has.line, has.listeners)

    def correct(self, speaker: str, segment: str, language: str, text: str) -> None:
        """A translation has other words; what was spoken already stays."""
        for of, has in self._lines.items():
            if same(of.language, language):
                has.line.queue.correct(speaker, segment, text)

    async def aclose(self) -> None:
        """Release the tracks, once the job's tasks have ended."""
        for has in self._lines.values():
            await has.line.aclose()
        self._lines.clear()
        if self._closing:
            await asyncio.wait(self._closing)

    def _arrange(self) -> None:
        wanted = voices_for(self._listeners, translated=self._translated)
        for of in [of for of in self._lines if of not in wanted]:
            self._end(self._lines.pop(of))
        for of, listeners in wanted.items():
            if of in self._lines:
                self._lines[of].listeners = listeners
            else:
                self._lines[of] = self._begin(of, listeners)
        self._permit()

    def _begin(self, of: VoiceOf, listeners: tuple[str, ...]) -> _Line:
        line = VoiceLine(
            of,
            self._casting,
            rate_hz=self._rate_hz,
            limits=self._limits,
            told=partial(self._told, of),
            clock=self._clock,
        )
        has = _Line(line, listeners)
        lost = partial(logger.error, "a voice is lost")
        publishing = partial(line.publish, self._room, published=lambda _: self._permit())
        has.running = (
            self._tasks.carry(publishing, name="publish-voice", lost=lost),
            self._tasks.carry(line.track.run, name="play-voice", lost=lost),
            self._tasks.carry(line.run, name="speak", lost=lost),
        )
        return has

    def _end(self, has: _Line) -> None:
        closing = begin(self._close(has), name="close-voice")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _close(self, has: _Line) -> None:
        for task in has.running:
            task.cancel()
        await asyncio.wait(has.running)
        if has.line.sid:
            await self._room.local_participant.unpublish_track(has.line.sid)
        await has.line.aclose()

    def _permit(self) -> None:
        """Let each listener subscribe to their own tracks, and to no other."""
        allowed: dict[str, list[str]] = {}
        for has in self._lines.values():
            for identity in has.listeners if has.line.sid else ():
                allowed.setdefault(identity, []).append(has.line.sid)
        self._room.local_participant.set_track_subscription_permissions(
            allow_all_participants=False,
            participant_permissions=[
                rtc.ParticipantTrackPermission(
                    participant_identity=identity, allow_all=False, allowed_track_sids=sids
                )
                for identity, sids in allowed.items()
            ],
        )

    def _told(self, of: VoiceOf, saying: Saying, *, playing: bool) -> None:
        has = self._lines.get(of)
        if has is not None:
            message = {
                "speaker": saying.speaker,
                "language": of.language,
                "segment": saying.segment,
                "playing": playing,
            }
            self._messages.publish(TOPIC_VOICE, message, to=has.listeners)
