"""The beat of a job, on virtual time."""

import asyncio
import json

import pytest
from livekit import rtc
from livekit.agents import llm

from agent.room_protocol import BEAT, HISTORY
from agent.survival.heartbeat import Heartbeat
from agent.survival.history import Memory, Message, Seal
from agent.survival.pulse import BEAT_S
from agent.tasks import CallTasks
from tests.fakes import virtual_time

SEAL = Seal(secret="s" * 40, room="r")


class Metadata(rtc.EventEmitter[str]):
    """The agent's metadata in the room, and when they were set."""

    def __init__(self) -> None:
        super().__init__()
        self.local_participant = self
        self.connected = True
        self.set: list[tuple[float, dict[str, str]]] = []
        self.fails = False

    def isconnected(self) -> bool:
        return self.connected

    async def set_metadata(self, metadata: str) -> None:
        if self.fails:
            raise ConnectionError("the room is away")
        self.set.append((asyncio.get_running_loop().time(), json.loads(metadata)))


def test_it_beats_every_second_and_remembers_at_once() -> None:
    room = Metadata()

    async def scene() -> None:
        async with CallTasks() as tasks:
            heart = Heartbeat(room, tasks, dispatch="AD_1", seal=SEAL)  # type: ignore[arg-type]
            tasks.carry(heart.run, name="heartbeat", lost=lambda: pytest.fail("lost"))
            await asyncio.sleep(2.5)
            history = llm.ChatContext.empty()
            history.add_message(role="user", content="My name is Ann.")
            heart.remember("ann", history.items)
            await asyncio.sleep(1.2)

    virtual_time.run(scene())
    assert [round(at, 1) for at, _ in room.set] == [0.0, 1.0, 2.0, 2.5, 3.5]
    assert [a[BEAT] for _, a in room.set] == [
        "0.0 AD_1",
        "1.0 AD_1",
        "2.0 AD_1",
        "2.5 AD_1",
        "3.5 AD_1",
    ]
    assert [bool(a[HISTORY]) for _, a in room.set] == [False, False, False, True, True]
    assert SEAL.open(room.set[3][1][HISTORY]) == Memory(
        "ann", (Message("user", "My name is Ann."),)
    )


def test_a_room_that_it_is_back_in_is_told_at_once() -> None:
    room = Metadata()

    async def scene() -> None:
        async with CallTasks() as tasks:
            heart = Heartbeat(room, tasks, dispatch="AD_1", seal=SEAL)  # type: ignore[arg-type]
            tasks.carry(heart.run, name="heartbeat", lost=lambda: pytest.fail("lost"))
            await asyncio.sleep(1.5)
            room.emit("reconnected")
            await asyncio.sleep(0.1)

    virtual_time.run(scene())
    assert [round(at, 1) for at, _ in room.set] == [0.0, 1.0, 1.5]


def test_a_room_that_is_away_does_not_stop_it() -> None:
    room = Metadata()
    room.fails = True

    async def scene() -> None:
        async with CallTasks() as tasks:
            heart = Heartbeat(room, tasks, dispatch="AD_1", seal=None)  # type: ignore[arg-type]
            tasks.carry(heart.run, name="heartbeat", lost=lambda: pytest.fail("lost"))
            await asyncio.sleep(30)
            room.fails = False
            await asyncio.sleep(2 * BEAT_S)
            heart.remember("ann", [])
            await asyncio.sleep(1)

    virtual_time.run(scene())
    assert len(room.set) >= 2
    assert not any(signs[HISTORY] for _, signs in room.set)


def test_it_ends_when_the_room_is_left() -> None:
    room = Metadata()

    async def scene() -> None:
        async with CallTasks() as tasks:
            heart = Heartbeat(room, tasks, dispatch="AD_1", seal=None)  # type: ignore[arg-type]
            beating = tasks.need(heart.run(), name="heartbeat")
            await asyncio.sleep(1.5)
            room.connected = False
            await beating

    virtual_time.run(scene())
    assert len(room.set) == 2


def test_what_could_not_be_kept_is_kept_with_the_next_beat_that_arrives() -> None:
    room = Metadata()

    async def scene() -> None:
        async with CallTasks() as tasks:
            heart = Heartbeat(room, tasks, dispatch="AD_1", seal=SEAL)  # type: ignore[arg-type]
            tasks.carry(heart.run, name="heartbeat", lost=lambda: pytest.fail("lost"))
            await asyncio.sleep(0.5)
            room.fails = True
            history = llm.ChatContext.empty()
            history.add_message(role="user", content="My name is Ann.")
            heart.remember("ann", history.items)
            await asyncio.sleep(5)
            room.fails = False
            await asyncio.sleep(2 * BEAT_S)

    virtual_time.run(scene())
    kept = [signs[HISTORY] for _, signs in room.set if signs[HISTORY]]
    assert kept
    assert {SEAL.open(sealed) for sealed in kept} == {
        Memory("ann", (Message("user", "My name is Ann."),))
    }
