"""Telephones in an interpreted room: each hears one track, made for it.

A telephone's service subscribes it to every track of the room and mixes them at one level: the
translation would be lost among the originals. So its track has everybody else low, the translation
on top, and never its own words; what is in it is taken from the telephone at the server, from when
it listens to it until it does so no longer.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from livekit import rtc

from agent.interpreting.heard_track import HeardTrack
from agent.interpreting.levels import Levels
from agent.interpreting.phone_line import PhoneLine
from agent.interpreting.subscriptions import Subscriptions
from agent.interpreting.voice_line import VoiceLine
from agent.tasks import CallTasks, begin

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Phone:
    """A telephone that is served."""

    line: PhoneLine
    voice: VoiceLine
    running: tuple[asyncio.Task[None], ...]

    def hear(self, voice: VoiceLine) -> None:
        """Have this voice in the mix, in place of the one before."""
        if voice is not self.voice:
            self.hear_no_voice()
            self.voice = voice
            _listen(self.line, voice)

    def hear_no_voice(self) -> None:
        """Have none any more."""
        self.voice.listeners.remove(self.line.hear_voice)


def _listen(line: PhoneLine, voice: VoiceLine) -> None:
    voice.listeners.append(line.hear_voice)
    # Nobody subscribes to the voice's own track for a telephone.
    voice.track.start()


class Phones:
    """Of one room. All on the job's event loop; `aclose` when its tasks have ended."""

    def __init__(self, room: rtc.Room, tasks: CallTasks, subscriptions: Subscriptions) -> None:
        """Take tracks away by `subscriptions`, which runs in `tasks` from now on."""
        self._room = room
        self._tasks = tasks
        self._subscriptions = subscriptions
        self._phones: dict[str, _Phone] = {}
        self._tracks: Mapping[str, str] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._changed: Callable[[], None] = lambda: None
        self.levels = Levels()
        self.failed: set[str] = set()
        """Identities of those whose mix has failed: they hear what everybody does."""
        lost = partial(logger.error, "telephones keep the tracks that they have")
        tasks.carry(subscriptions.run, name="subscriptions", lost=lost)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` when `allowed` has changed, or `failed`: then all is to be arranged."""
        self._changed = changed

    def serves(self, identity: str) -> bool:
        """Whether this is a telephone that has a mix."""
        return identity in self._phones

    def allowed(self) -> dict[str, list[str]]:
        """Which tracks each telephone may subscribe to, and nobody else: sids by its identity."""
        return {
            identity: [phone.line.sid] for identity, phone in self._phones.items() if phone.line.sid
        }

    def arrange(self, voices: Mapping[str, VoiceLine], tracks: Mapping[str, str]) -> None:
        """See to it that these telephones, and no others, have a mix.

        Args:
            voices: whom each hears, by the telephone's identity.
            tracks: whose tracks are in the mixes: identities by their sids.
        """
        there = self._room.remote_participants
        self.levels.keep(there)
        self.failed.intersection_update(there)
        self._subscriptions.gone(
            phones=[identity for identity in self._phones if identity not in there],
            sids=self._tracks.keys() - _published(there),
        )
        self._tracks = dict(tracks)
        for identity in [identity for identity in self._phones if identity not in voices]:
            self._end(self._phones.pop(identity))
        for identity, voice in voices.items():
            if identity in self._phones:
                self._phones[identity].hear(voice)
            else:
                self._phones[identity] = self._begin(identity, voice)
        self._subscriptions.want(
            {
                identity: [sid for sid, owner in tracks.items() if owner != identity]
                for identity, phone in self._phones.items()
                if phone.line.listens
            }
        )

    def hear(self, heard: HeardTrack, frame: rtc.AudioFrame) -> None:
        """Somebody's track sounds."""
        for identity, phone in self._phones.items():
            if identity != heard.identity:
                level = self.levels.of(
                    heard.identity, speaks=heard.language, hears=phone.voice.of.language
                )
                phone.line.hear(heard.track.sid, frame, level=level)

    async def aclose(self) -> None:
        """Give the telephones back what was taken, and release their tracks."""
        await self._subscriptions.aclose()
        for phone in self._phones.values():
            await phone.line.aclose()
        self._phones.clear()
        if self._closing:
            await asyncio.wait(self._closing)

    def _begin(self, identity: str, voice: VoiceLine) -> _Phone:
        line = PhoneLine()
        _listen(line, voice)
        lost = partial(self._lost, identity)
        publishing = partial(line.publish, self._room, changed=lambda: self._changed())
        running = (
            self._tasks.carry(publishing, name="publish-phone", lost=lost),
            self._tasks.carry(line.run, name="play-phone", lost=lost),
        )
        return _Phone(line, voice, running)

    def _lost(self, identity: str) -> None:
        logger.error("a telephone's mix has failed")
        self.failed.add(identity)
        self._changed()

    def _end(self, phone: _Phone) -> None:
        phone.hear_no_voice()
        closing = begin(self._close(phone), name="close-phone")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _close(self, phone: _Phone) -> None:
        for task in phone.running:
            task.cancel()
        await asyncio.wait(phone.running)
        if phone.line.sid:
            await self._room.local_participant.unpublish_track(phone.line.sid)
        await phone.line.aclose()


def _published(people: Mapping[str, rtc.RemoteParticipant]) -> set[str]:
    """Sids of all their tracks."""
    return {sid for person in people.values() for sid in person.track_publications}
