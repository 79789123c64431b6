"""Telephones in a room, without one: when tracks are taken from them, and when given back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from agent.interpreting.listeners import VoiceOf
from agent.interpreting.phones import Phones
from agent.interpreting.subscriptions import Subscriptions
from agent.tasks import CallTasks
from tests.fakes import virtual_time

TRACKS = {"TR_ann": "ann", "TR_tel": "tel"}
TAKEN, GIVEN = ("tel", ["TR_ann"], False), ("tel", ["TR_ann"], True)


class Room:
    """A livekit room of which only tracks are there."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.local_participant = self
        self.refuses = refuses
        self.published: list[str] = []
        self.answered = asyncio.Event()
        """The telephone subscribes from then on."""
        self.remote_participants: dict[str, Any] = {
            owner: SimpleNamespace(track_publications={sid: None}) for sid, owner in TRACKS.items()
        }

    async def publish_track(self, *_: object) -> "Room":
        if self.refuses:
            raise ConnectionError
        self.published.append(self.sid)
        return self

    @property
    def sid(self) -> str:
        return "TR_mix"

    async def wait_for_subscription(self) -> None:
        await self.answered.wait()

    async def unpublish_track(self, sid: str) -> None:
        self.published.remove(sid)


@dataclass
class Voice:
    """Stands for a line of the interpreter's."""

    of: VoiceOf = VoiceOf("pt")
    listeners: list[Any] = field(default_factory=list)
    started: bool = False

    @property
    def track(self) -> "Voice":
        return self

    def start(self) -> None:
        self.started = True


@dataclass
class Talk:
    room: Room
    phones: Phones
    asked: list[tuple[str, list[str], bool]]
    voice: Voice = field(default_factory=Voice)

    def arrange(self, tracks: Mapping[str, str] = TRACKS, *, serving: bool = True) -> None:
        """All is as it was, and the telephone is served, if it can be."""
        serves = serving and "tel" not in self.phones.failed
        self.phones.arrange({"tel": self.voice} if serves else {}, tracks)  # type: ignore[dict-item]


def run(script: Callable[[Talk], Awaitable[None]], *, refuses: bool = False) -> Talk:
    """Play the script; then the job ends."""

    async def talk() -> Talk:
        room = Room(refuses=refuses)
        asked: list[tuple[str, list[str], bool]] = []

        async def update(phone: str, sids: list[str], subscribe: bool) -> None:
            asked.append((phone, sids, subscribe))

        clock = asyncio.get_running_loop().time
        async with CallTasks(clock=clock) as tasks:
            subscriptions = Subscriptions(update, clock=clock)
            playing = Talk(room, Phones(room, tasks, subscriptions), asked)  # type: ignore[arg-type]
            playing.phones.watch(playing.arrange)
            playing.arrange()
            await asyncio.sleep(1.0)
            await script(playing)
        await playing.phones.aclose()
        return playing

    return virtual_time.run(talk())


def test_tracks_are_taken_once_the_telephone_listens_to_its_mix() -> None:
    async def script(talk: Talk) -> None:
        assert (talk.room.published, talk.asked) == (["TR_mix"], [])
        assert talk.phones.allowed() == {"tel": ["TR_mix"]}
        talk.room.answered.set()
        await asyncio.sleep(5.0)
        assert talk.asked == [TAKEN, TAKEN]
        assert (talk.voice.started, len(talk.voice.listeners)) == (True, 1)

    assert run(script).asked[2:] == [GIVEN]


def test_they_are_given_back_when_it_is_served_no_longer() -> None:
    async def script(talk: Talk) -> None:
        talk.room.answered.set()
        await asyncio.sleep(5.0)
        talk.arrange(serving=False)
        await asyncio.sleep(1.0)
        assert talk.asked[2:] == [GIVEN]
        assert (talk.room.published, talk.voice.listeners) == ([], [])
        assert not talk.phones.serves("tel")

    assert len(run(script).asked) == 3


def test_a_track_that_is_heard_no_longer_is_given_back_unless_it_has_ended() -> None:
    async def script(talk: Talk) -> None:
        talk.room.answered.set()
        await asyncio.sleep(5.0)
        talk.arrange({"TR_tel": "tel"})
        await asyncio.sleep(1.0)
        assert talk.asked[2:] == [GIVEN]
        talk.arrange()
        await asyncio.sleep(5.0)
        del talk.room.remote_participants["ann"]
        talk.arrange({"TR_tel": "tel"})
        await asyncio.sleep(5.0)
        assert talk.asked[3:] == [TAKEN, TAKEN]

    assert len(run(script).asked) == 5


def test_a_telephone_that_has_hung_up_is_given_nothing() -> None:
    async def script(talk: Talk) -> None:
        talk.room.answered.set()
        await asyncio.sleep(5.0)
        del talk.room.remote_participants["tel"]
        talk.arrange({"TR_ann": "ann"}, serving=False)
        await asyncio.sleep(1.0)

    assert run(script).asked == [TAKEN, TAKEN]


def test_a_telephone_whose_mix_has_failed_hears_what_everybody_does() -> None:
    async def script(talk: Talk) -> None:
        assert talk.phones.failed == {"tel"}
        assert not talk.phones.serves("tel")
        assert talk.voice.listeners == []
        del talk.room.remote_participants["tel"]
        talk.arrange(serving=False)
        assert talk.phones.failed == set()

    assert run(script, refuses=True).asked == []
