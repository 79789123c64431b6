"""Workers watch over each other's calls: a scripted livekit-server on virtual time."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from livekit import api

from agent.options.livekit import LiveKitOptions
from agent.room_protocol import BEAT
from agent.survival.orphans import ALONE_S, LOOKS_PER_SWEEP, SWEEP_S, OrphanWatch
from agent.survival.pulse import BEAT_S, LOST_S, Beat
from agent.survival.rooms import LISTED_S, Replacements
from tests.fakes import virtual_time

AGENT = api.ParticipantInfo.Kind.AGENT
ACTIVE = api.ParticipantInfo.State.ACTIVE


class Server:
    """Rooms with callers, agents and dispatches, as the API shows them.

    A dispatch is taken by a worker as long as `takes`; whether its agent comes is up to the test.
    """

    def __init__(self) -> None:
        self.room = self.agent_dispatch = self
        self.rooms: dict[str, dict[str, Any]] = {}
        self.created: list[tuple[float, str, str]] = []
        self.looked: list[str] = []
        self.untold: set[str] = set()
        self.takes = True
        self.taken: set[str] = set()

    def add(
        self,
        name: str,
        *,
        callers: int = 1,
        beats: Callable[[], str] | None = None,
        created: float = 0.0,
    ) -> None:
        self.rooms[name] = {
            "callers": callers, "beats": beats, "dispatches": [], "created": round(created)
        }  # fmt: skip
        self._dispatch(name, f"AD_{name}")

    def _dispatch(self, room: str, name: str) -> None:
        self.rooms[room]["dispatches"].append(name)
        if self.takes:
            self.taken.add(name)

    async def list_rooms(self, request: api.ListRoomsRequest) -> api.ListRoomsResponse:
        rooms = [
            api.Room(name=name, num_participants=room["callers"], creation_time=room["created"])
            for name, room in self.rooms.items()
        ]
        return api.ListRoomsResponse(rooms=rooms)

    async def list_participants(
        self, request: api.ListParticipantsRequest
    ) -> api.ListParticipantsResponse:
        self.looked.append(request.room)
        if request.room in self.untold:
            raise api.ServerError(api.TwirpErrorCode.INTERNAL, "no response", status=500)
        room = self.rooms[request.room]
        people = [
            api.ParticipantInfo(identity=f"caller-{n}", state=ACTIVE)
            for n in range(room["callers"])
        ]
        if room["beats"] is not None:
            beat = str(Beat(room["beats"](), f"AD_{request.room}"))
            people.append(
                api.ParticipantInfo(
                    identity="agent", kind=AGENT, state=ACTIVE, metadata=json.dumps({BEAT: beat})
                )
            )
        return api.ListParticipantsResponse(participants=people)

    async def list_dispatch(self, *, room_name: str) -> list[api.AgentDispatch]:
        found = [
            api.AgentDispatch(id=name, agent_name="a", room=room_name, metadata="m")
            for name in self.rooms[room_name]["dispatches"]
        ]
        for dispatch in found:
            if dispatch.id in self.taken:
                dispatch.state.jobs.add()
        return found

    async def delete_dispatch(self, dispatch: str, room: str) -> None:
        self.rooms[room]["dispatches"].remove(dispatch)

    async def create_dispatch(self, request: api.CreateAgentDispatchRequest) -> None:
        at = asyncio.get_running_loop().time()
        self.created.append((at, request.room, request.metadata))
        self._dispatch(request.room, f"AD_new_{len(self.created)}")


def watch(
    server: Server,
    *,
    for_s: float,
    own: tuple[str, ...] = (),
    full: Callable[[], bool] = lambda: True,
) -> Server:
    """`full`: whether the worker that watches has no place left."""

    async def has_room() -> bool:
        return not full()

    async def scene() -> None:
        orphans = OrphanWatch(LiveKitOptions(), agent_name="a")
        while asyncio.get_running_loop().time() < for_s:
            await orphans.sweep(server, set(own), has_room=has_room)  # type: ignore[arg-type]
            await orphans.rest(server)  # type: ignore[arg-type]

    virtual_time.run(scene())
    return server


def now() -> float:
    return asyncio.get_running_loop().time()


def clock() -> str:
    return f"{now() // BEAT_S * BEAT_S + 1:.1f}"


def stops_at(second: float) -> Callable[[], str]:
    """An agent whose last beat is at that second."""
    return lambda: f"{min(now(), second) // BEAT_S * BEAT_S + 1:.1f}"


def test_calls_that_live_and_rooms_of_its_own_are_left_alone() -> None:
    server = Server()
    server.add("lives", beats=clock)
    server.add("own", beats=stops_at(1))
    server.add("left", callers=0, beats=stops_at(1))
    assert watch(server, for_s=120, own=("own",)).created == []
    assert "own" not in server.looked


def test_a_new_room_is_looked_at_though_nobody_is_counted_in_it_yet() -> None:
    server = Server()
    server.add("old", callers=0)
    server.add("new", callers=0, created=time.time())
    assert set(watch(server, for_s=2).looked) == {"new"}


def test_the_caller_of_a_dead_agent_gets_another_with_the_same_metadata() -> None:
    server = Server()
    server.add("dies", beats=stops_at(5))
    watch(server, for_s=12)
    assert [(room, metadata) for _, room, metadata in server.created] == [("dies", "m")]
    assert server.created[0][0] < 5 + LOST_S + 0.3, "not only in its turn"
    assert server.rooms["dies"]["dispatches"] == ["AD_new_1"]


def test_the_caller_whose_agent_has_left_gets_another() -> None:
    server = Server()
    server.add("leaves", beats=clock)

    def leave() -> str:
        server.rooms["leaves"]["beats"] = None
        return "1"

    server.rooms["leaves"]["beats"] = leave
    watch(server, for_s=3)
    assert len(server.created) == 1


def test_a_caller_to_whom_nobody_came_is_given_other_dispatches_ever_more_slowly() -> None:
    server = Server()
    server.add("nobody")
    watch(server, for_s=8 * ALONE_S)
    times = [at for at, _, _ in server.created]
    assert times == [
        pytest.approx(ALONE_S, abs=2 * SWEEP_S),
        pytest.approx(3 * ALONE_S, abs=4 * SWEEP_S),
        pytest.approx(7 * ALONE_S, abs=6 * SWEEP_S),
    ]


def test_a_dead_agent_that_is_seen_after_its_dispatch_is_gone_hinders_nobody() -> None:
    """It was the last place of the only worker, which has room again 10 s later."""
    server = Server()
    server.add("dies", beats=stops_at(2))
    server.takes = False
    watch(server, for_s=20, full=lambda: now() < 15)
    assert [round(at) for at, _, _ in server.created] == [
        pytest.approx(2 + LOST_S, abs=2), pytest.approx(15, abs=1)
    ]  # fmt: skip


def test_callers_for_whom_all_were_busy_are_taken_one_after_the_other_once_there_is_room() -> None:
    server = Server()
    server.takes = False
    server.add("second")
    server.rooms["second"]["callers"] = 0
    server.add("first")

    def full() -> bool:
        server.rooms["second"]["callers"] = int(now() > 3)
        server.takes = now() >= 40
        return not server.takes

    watch(server, for_s=60, full=full)
    assert [room for _, room, _ in server.created] == ["first", "second"]
    assert [at for at, _, _ in server.created] == [
        pytest.approx(40, abs=SWEEP_S), pytest.approx(40 + SWEEP_S, abs=SWEEP_S)
    ]  # fmt: skip


def test_a_dispatch_that_may_have_been_taken_is_left_its_time() -> None:
    """The server lists a job some seconds late."""
    server = Server()
    server.takes = False
    server.add("new")
    watch(server, for_s=LISTED_S - SWEEP_S, full=lambda: False)
    assert server.created == []
    watch(server, for_s=2 * LISTED_S, full=lambda: False)
    assert len(server.created) == 1


def test_a_room_that_the_server_tells_nothing_of_hides_no_other() -> None:
    server = Server()
    server.add("dies", beats=stops_at(5))
    server.add("untold", beats=clock)
    server.untold.add("untold")
    watch(server, for_s=12)
    assert [room for _, room, _ in server.created] == ["dies"]


def test_a_caller_without_a_dispatch_wants_no_agent() -> None:
    server = Server()
    server.add("meeting")
    server.rooms["meeting"]["dispatches"].clear()
    assert watch(server, for_s=100).created == []


def test_many_rooms_are_looked_at_in_turn() -> None:
    server = Server()
    for n in range(3 * LOOKS_PER_SWEEP):
        server.add(f"room-{n}", beats=clock)
    watch(server, for_s=2.5 * SWEEP_S)
    assert len(server.looked) == len(set(server.looked)) == 3 * LOOKS_PER_SWEEP
    assert server.created == []


def test_an_agent_that_dies_of_its_caller_is_not_replaced_for_ever() -> None:
    replaced = Replacements()
    allowed = [n for n in range(240) if replaced.allowed("deadly", now=n * 0.5)]
    assert len(allowed) == 2 * Replacements.MOST
    assert replaced.allowed("another", now=120.0)
