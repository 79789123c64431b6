"""Each person in a room is told that their sound is kept: when they can take it, and surely."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc

from agent.interpreting.announcement import Announcement
from agent.tasks import CallTasks

ACTIVE = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
JOINED = rtc.ParticipantState.PARTICIPANT_STATE_JOINED
STANDARD = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD


def person(identity: str, *, state: Any = ACTIVE, kind: Any = STANDARD, sid: str = "") -> Any:
    return SimpleNamespace(identity=identity, sid=sid or f"PA_{identity}", state=state, kind=kind)


class Room:
    """Tells what happens in it."""

    def __init__(self, *people: Any) -> None:
        self.remote_participants = {one.identity: one for one in people}
        self._listeners: dict[str, list[Callable[..., None]]] = defaultdict(list)

    def on(self, event: str, listener: Callable[..., None]) -> None:
        self._listeners[event].append(listener)

    def ready(self, one: Any) -> None:
        self.remote_participants[one.identity] = one
        for listener in self._listeners["participant_active"]:
            listener(one)

    def sends(self, one: Any) -> None:
        for listener in self._listeners["track_subscribed"]:
            listener(None, None, one)


@dataclass
class Messages:
    """Takes a notice when a test lets it."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = False
    sent: list[tuple[str, Sequence[str]]] = field(default_factory=list)

    async def send_notice(self, text: str, *, to: Sequence[str], **how: Any) -> None:
        await self.open.wait()
        if self.broken:
            raise RuntimeError("no connection")
        self.sent.append((text, to))


@dataclass
class Told:
    room: Room
    messages: Messages
    tasks: CallTasks
    identities: list[str] = field(default_factory=list)


@asynccontextmanager
async def announced(*people: Any) -> AsyncIterator[Told]:
    room, messages = Room(*people), Messages()
    messages.open.set()
    async with CallTasks() as tasks:
        told = Told(room, messages, tasks)
        Announcement(
            room,  # type: ignore[arg-type]
            tasks,
            messages,  # type: ignore[arg-type]
            words=lambda identity: f"recorded, {identity}",
            told=told.identities.append,
        ).watch()
        yield told


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_is_there_and_who_comes_is_told_alone_and_once() -> None:
    ann, bob = person("ann"), person("bob")
    async with announced(ann) as told:
        await settle()
        assert told.identities == ["ann"]
        told.room.ready(bob)
        told.room.sends(bob)
        told.room.sends(ann)
        await settle()
        assert told.identities == ["ann", "bob"]
        assert told.messages.sent == [("recorded, ann", ["ann"]), ("recorded, bob", ["bob"])]


async def test_before_somebody_can_take_it_nothing_is_sent() -> None:
    ann = person("ann", state=JOINED)
    async with announced(ann) as told:
        await settle()
        assert told.messages.sent == []
        told.room.ready(ann)
        await settle()
        assert told.identities == ["ann"]


async def test_nobody_counts_as_told_before_the_room_has_taken_it() -> None:
    async with announced() as told:
        told.messages.open.clear()
        told.room.ready(person("ann"))
        await settle()
        assert told.identities == []
        told.messages.open.set()
        await settle()
        assert told.identities == ["ann"]


async def test_what_could_not_be_sent_is_sent_again_with_the_next_track() -> None:
    ann = person("ann")
    async with announced() as told:
        told.messages.broken = True
        told.room.ready(ann)
        await settle()
        assert (told.identities, told.tasks.uninformed) == ([], 1)
        told.messages.broken = False
        told.room.sends(ann)
        await settle()
        assert told.identities == ["ann"]


async def test_who_left_meanwhile_and_is_back_is_told_anew() -> None:
    async with announced() as told:
        told.messages.open.clear()
        told.room.ready(person("ann", sid="PA_1"))
        await settle()
        told.room.ready(person("ann", sid="PA_2"))
        told.messages.open.set()
        await settle()
        assert told.identities == ["ann"], "the first of the two has gone"
        assert len(told.messages.sent) == 2


@pytest.mark.parametrize(
    "kind",
    [
        rtc.ParticipantKind.PARTICIPANT_KIND_SIP,
        rtc.ParticipantKind.PARTICIPANT_KIND_AGENT,
    ],
)
async def test_who_has_no_screen_is_not_told_and_does_not_count(kind: Any) -> None:
    async with announced(person("phone", kind=kind)) as told:
        await settle()
        assert (told.messages.sent, told.identities) == ([], [])
