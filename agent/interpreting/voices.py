"""The interpreter's voices: a track for each language that somebody wants to hear.

The server lets each listener subscribe to theirs alone. A telephone hears it in a mix.
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
from agent.interpreting.heard_track import HeardTrack
from agent.interpreting.languages import same
from agent.interpreting.listeners import Listener, VoiceOf, voices_for
from agent.interpreting.phones import Phones
from agent.interpreting.recorded import Recorded
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
    running: tuple[asyncio.Task[None], ...]
    listeners: tuple[str, ...] = ()
    publishes: bool = False
    """Whether somebody hears it who is no telephone; or did."""


class Voices:
    """Of one room. All on the job's event loop; `aclose` when its tasks have ended."""

    def __init__(
        self,
        room: rtc.Room,
        tasks: CallTasks,
        messages: RoomMessages,
        casting: Casting,
        phones: Phones,
        *,
        rate_hz: int,
        limits: APIConnectOptions,
        shortening: Shortening,
        kept: Recorded,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Speak with the voices of `casting`, each asked within `limits`, mono at `rate_hz`.

        `phones` has what telephones hear, and is closed with this.
        `shortening` sees to what falls behind, `kept` is told what is said. Waits are measured on
        `clock`, seconds.
        """
        self._room = room
        self._tasks = tasks
        self._messages = messages
        self._casting = casting
        self._phones = phones
        phones.watch(self._arrange)
        self._rate_hz = rate_hz
        self._limits = limits
        self._shortening = shortening
        self._kept = kept
        self._clock = clock
        self._listeners: Mapping[str, Listener] = {}
        self._tracks: Mapping[str, str] = {}
        self._translated: dict[str, frozenset[str]] = {}
        self._lines: dict[VoiceOf, _Line] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def arrange(self, listeners: Mapping[str, Listener], tracks: Mapping[str, str]) -> None:
        """These are in the room: have a track for each language that one of them wants to hear.

        `tracks` are those that are heard: identities by their sids.
        """
        self._listeners = dict(listeners)
        self._tracks = dict(tracks)
        self._arrange()

    def hear(self, heard: HeardTrack, frame: rtc.AudioFrame) -> None:
        """Somebody's track sounds."""
        self._phones.hear(heard, frame)

    def spoke(self, speaker: str, language: str) -> None:
        """What somebody said was in this language; empty: nobody knows."""
        self._phones.levels.spoke(speaker, language)

    def unsaid(self, speaker: str, language: str) -> None:
        """What somebody said could not be translated."""
        self._phones.levels.translated(speaker, language, works=False)

    def say(self, speaker: str, segment: str, language: str, text: str) -> None:
        """Say a translation of what `speaker` said, or other words of one that was said before."""
        self._phones.levels.translated(speaker, language, works=True)
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
        await self._phones.aclose()
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
            if of not in self._lines:
                self._lines[of] = self._begin(of)
            self._lines[of].listeners = listeners
        on_phones = {
            identity: has.line
            for has in self._lines.values()
            for identity in has.listeners
            if self._listeners[identity].phone and identity not in self._phones.failed
        }
        self._phones.arrange(on_phones, self._tracks)
        for has in self._lines.values():
            if not has.publishes and not on_phones.keys() >= set(has.listeners):
                self._publish(has)
        self._permit()

    def _begin(self, of: VoiceOf) -> _Line:
        line = VoiceLine(
            of,
            self._casting,
            rate_hz=self._rate_hz,
            limits=self._limits,
            told=partial(self._told, of),
            failed=lambda saying: self._kept.left_out(of, [saying], why="failed"),
            clock=self._clock,
        )
        self._kept.voice(line)
        running = (
            self._tasks.carry(line.track.run, name="play-voice", lost=_lost),
            self._tasks.carry(line.run, name="speak", lost=_lost),
        )
        return _Line(line, running)

    def _publish(self, has: _Line) -> None:
        publishing = partial(has.line.publish, self._room, published=lambda _: self._permit())
        has.publishes = True
        has.running += (self._tasks.carry(publishing, name="publish-voice", lost=_lost),)

    def _end(self, has: _Line) -> None:
        self._kept.voice_over(has.line)
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
        allowed = self._phones.allowed()
        for has in self._lines.values():
            for identity in has.listeners if has.line.sid else ():
                if not self._phones.serves(identity):
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
        self._kept.saying(of, saying, playing=playing)
        has = self._lines.get(of)
        if has is not None:
            message = {
                "speaker": saying.speaker,
                "language": of.language,
                "segment": saying.segment,
                "playing": playing,
            }
            self._messages.publish(TOPIC_VOICE, message, to=has.listeners)


def _lost() -> None:
    logger.error("a voice is lost")
