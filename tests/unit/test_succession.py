"""Who serves a room that two jobs of an agent are in, on virtual time."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc

from agent.room_protocol import BEAT, HISTORY
from agent.survival.heartbeat import Heartbeat
from agent.survival.history import Memory, Message, Seal
from agent.survival.succession import Succession
from agent.tasks import CallTasks
from tests.fakes import virtual_time

SEAL = Seal(secret="s" * 40, room="r")
MEMORY = Memory("ann", (Message("user", "Hello."),))
SEALED = SEAL.close(MEMORY)


class Other(rtc.RemoteParticipant):
    """A participant as the room tells of it."""

    def __init__(
        self,
        identity: str,
        *,
        agent: bool = True,
        name: str = "a",
        age: str = "3.0",
        history: str = "",
    ) -> None:
        self._told = SimpleNamespace(
            sid=f"PA_{identity}",
            identity=identity,
            metadata=json.dumps({BEAT: f"{age} AD_0", HISTORY: history}),
            attributes={"lk.agent.name": name},
            kind=rtc.ParticipantKind.PARTICIPANT_KIND_AGENT if agent else 0,
        )
        self._info = self._told  # type: ignore[assignment]


class Job(rtc.EventEmitter[str]):
    """A job's context, which is its room and its API too."""

    name = "r"

    def __init__(self, *others: Other) -> None:
        super().__init__()
        self.room = self.api = self
        self.job = SimpleNamespace(agent_name="a")
        self.remote_participants = {other.identity: other for other in others}
        self.sent_away: list[str] = []

    async def remove_participant(self, request: Any) -> None:
        self.sent_away.append(request.identity)


class Seen:
    """A job that has joined; what it was told by those before it."""

    def __init__(self, job: Job, *comers: Other, age_s: float = 2.0) -> None:
        self.job = job
        self.at_first: Memory | None = None
        self.later: list[Memory] = []
        virtual_time.run(self._scene(comers, age_s))

    async def _scene(self, comers: tuple[Other, ...], age_s: float) -> None:
        job: Any = self.job
        async with CallTasks() as tasks:
            heartbeat = Heartbeat(job, tasks, dispatch="AD_1", seal=SEAL)
            succession = Succession(job, tasks, heartbeat, SEAL, returned=self.later.append)
            self.at_first = succession.take_over()
            await asyncio.sleep(age_s)
            for comer in comers:
                self.job.emit("participant_metadata_changed", comer, "", comer.metadata)


def test_the_dead_job_is_read_and_sent_away_and_nobody_else_is() -> None:
    seen = Seen(
        Job(
            Other("caller", agent=False, history=SEALED),
            Other("foreign", name="b", history=SEALED),
            Other("dead", history=SEALED),
        )
    )
    assert seen.at_first == MEMORY
    assert seen.job.sent_away == ["dead"]


def test_a_job_alone_takes_nothing_over() -> None:
    assert Seen(Job(Other("caller", agent=False))).at_first is None


def test_a_memory_that_was_forged_is_none() -> None:
    seen = Seen(Job(Other("dead", history="gAAAAA-forged")))
    assert seen.at_first is None
    assert seen.job.sent_away == ["dead"]


def test_one_that_was_there_before_and_comes_back_is_read_and_sent_away_once() -> None:
    """As when a node of livekit-server was lost. It may beat once more before it goes."""
    older = Other("older", age="40.0", history=SEALED)
    seen = Seen(Job(), older, older)
    assert seen.later == [MEMORY]
    assert seen.job.sent_away == ["older"]


@pytest.mark.parametrize("age", ["0.0", "2.0", "3.4", "", "soon"])
def test_one_that_is_younger_is_left_to_send_this_one_away(age: str) -> None:
    seen = Seen(Job(), Other("younger", age=age, history=SEALED))
    assert seen.later == []
    assert seen.job.sent_away == []


def test_nor_does_anybody_else_who_changes_their_metadata() -> None:
    seen = Seen(
        Job(),
        Other("caller", agent=False, age="99.0", history=SEALED),
        Other("foreign", name="b", age="99.0", history=SEALED),
    )
    assert seen.job.sent_away == []
