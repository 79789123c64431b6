"""The workers' watch over each other's calls: one that dies whole leaves them to the rest.

Nobody else sees it when callers came by a telephone or another token endpoint, nor that a dispatch
was dropped because all were busy. Each worker looks at the rooms that are not its own, as often as
livekit-server can well answer: with up to 14 of them a dead agent is found in some three seconds.
Callers who wait because all were busy are given a place by whichever worker has one, the longest
waiting first.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf

from livekit import api
from livekit.agents import AgentServer

from agent.options.livekit import LiveKitOptions
from agent.survival.capacity import has_room
from agent.survival.pulse import Pulse
from agent.survival.rooms import (
    FAILURES,
    LISTED_S,
    Replacements,
    call_another,
    dispatches,
    look,
    traces_of,
)
from agent.tasks import begin, fault

logger = logging.getLogger(__name__)

SWEEP_S = 0.7
"""Between two sweeps, and so between two looks at a room while there are few."""
LOOKS_PER_SWEEP = 14
"""Rooms looked at in one sweep: 20 requests a second, 40 while all of their callers are alone."""
_COUNTED_S = 10.0
"""livekit-server lists a new room as empty for some five seconds."""
ALONE_S = 20.0
"""A caller to whom an agent was sent that does not come for this long is given another; the wait
doubles then. Less would end jobs that are slow to start."""


@dataclass(slots=True)
class _Room:
    pulse: Pulse = field(default_factory=Pulse)
    living: set[str] = field(default_factory=set)
    """Traces of the agents seen alive last."""
    alone_since: float = inf
    taken_since: float | None = None
    """When it was first seen that a worker has taken the caller who is alone."""
    patience_s: float = ALONE_S
    dropped: dict[str, float] = field(default_factory=dict)
    """Dispatches that no worker has taken, by when each was seen first; none while one has."""

    @property
    def due(self) -> float:
        """When to look at it though it is not its turn; infinity: never."""
        return inf if self.pulse.due is None else self.pulse.due

    def in_company(self, agents: set[str]) -> None:
        """There is nobody alone here; `agents`: traces of those who are there."""
        self.living, self.dropped = agents, {}
        self.alone_since, self.taken_since, self.patience_s = inf, None, ALONE_S

    def alone(self, there: Sequence[api.AgentDispatch], now: float) -> None:
        """The caller is alone; `there`: the dispatches for them."""
        self.alone_since = min(self.alone_since, now)
        if any(dispatch.state.jobs for dispatch in there):
            self.dropped = {}
            self.taken_since = now if self.taken_since is None else self.taken_since
        else:
            self.dropped = {dispatch.id: self.dropped.get(dispatch.id, now) for dispatch in there}
            self.taken_since = None

    def waits(self, now: float) -> bool:
        """Whether all workers were too busy to take the caller."""
        return bool(self.dropped) and now - max(self.dropped.values()) >= LISTED_S

    def loses_patience(self, now: float) -> bool:
        """Whether the agent that was sent will not come; the next one is given twice the time."""
        if self.taken_since is None or now - self.taken_since < self.patience_s:
            return False
        self.taken_since = None
        self.patience_s *= 2
        return True


class OrphanWatch:
    """Of one worker, from `start` on for as long as it runs."""

    def __init__(self, options: LiveKitOptions, *, agent_name: str) -> None:
        """Watch the rooms of workers with this name on the server that `options` names."""
        self._options = options
        self._agent_name = agent_name
        self._rooms: dict[str, _Room] = {}
        self._replacements = Replacements()
        self._task: asyncio.Task[None] | None = None

    def start(self, server: AgentServer) -> None:
        """Begin; the worker has started."""
        self._task = begin(self._run(server), name="orphan-watch")

    async def sweep(
        self, lkapi: api.LiveKitAPI, own: set[str], *, has_room: Callable[[], Awaitable[bool]]
    ) -> None:
        """Look at those of the rooms, but for the worker's `own`, that were not looked at longest.

        `has_room` is asked when a caller waits: whether this worker can take one now.

        A room that livekit-server tells nothing of is looked at again in its turn.
        """
        try:
            there = (await lkapi.room.list_rooms(api.ListRoomsRequest())).rooms
        except FAILURES as error:
            self._not_answered(self._rooms.values(), error)
            return
        names = {room.name for room in there if _may_have_callers(room)} - own
        known = {name: room for name, room in self._rooms.items() if name in names}
        self._rooms = {name: _Room() for name in names - known.keys()} | known
        await self._look_at(lkapi, list(self._rooms)[:LOOKS_PER_SWEEP])
        await self._take_one(lkapi, has_room)

    async def rest(self, lkapi: api.LiveKitAPI) -> None:
        """Wait until it is time for the next sweep.

        A room whose agent has missed a beat is looked at meanwhile, when it is lost if it has
        missed the next one too.
        """
        end = _now() + SWEEP_S
        while (due := min((room.due for room in self._rooms.values()), default=inf)) < end:
            await asyncio.sleep(due - _now())
            late = [name for name, room in self._rooms.items() if room.due <= _now()]
            await self._look_at(lkapi, late[:LOOKS_PER_SWEEP])
        await asyncio.sleep(end - _now())

    async def _look_at(self, lkapi: api.LiveKitAPI, names: Iterable[str]) -> None:
        """Look at rooms, all at once: a worker that dies leaves many callers alone."""
        async with asyncio.TaskGroup() as looks:
            for name in names:
                room = self._rooms[name] = self._rooms.pop(name)
                looks.create_task(self._look(lkapi, name, room), name="look")

    async def _look(self, lkapi: api.LiveKitAPI, name: str, room: _Room) -> None:
        try:
            await self._care_for(lkapi, name, room)
        except FAILURES as error:
            self._not_answered([room], error)

    async def _care_for(self, lkapi: api.LiveKitAPI, name: str, room: _Room) -> None:
        """See whether a room's caller has an agent, and call another if theirs is lost."""
        asked = _now()
        seen = await look(lkapi, name)
        now = _now()
        living, dead = room.pulse.look(seen.beats, asked=asked, now=now)
        if living or not seen.callers:
            room.in_company(seen.traces(living))
            return
        there = await dispatches(lkapi, name, self._agent_name)
        lost, room.living = room.living | seen.traces(dead), set()
        room.alone(there, now)
        # A dead agent is seen for longer than the dispatch that it came by.
        if not any(traces_of(dispatch) & lost for dispatch in there):
            if not room.loses_patience(now):
                return
            lost = {dispatch.id for dispatch in there}
        if self._replacements.allowed(name, now=now):
            await self._call(lkapi, name, lost)

    async def _take_one(
        self, lkapi: api.LiveKitAPI, has_room: Callable[[], Awaitable[bool]]
    ) -> None:
        """Give who has waited longest a place of this worker's, if there is one.

        No more in one sweep: what this worker has taken is its load in the next one only.
        """
        now = _now()
        waiting = [(name, room) for name, room in self._rooms.items() if room.waits(now)]
        if waiting and await has_room():
            name, room = min(waiting, key=lambda waits: waits[1].alone_since)
            lost, room.dropped = set(room.dropped), {}
            try:
                await self._call(lkapi, name, lost)
            except FAILURES as error:
                self._not_answered([room], error)

    def _not_answered(self, rooms: Iterable[_Room], error: Exception) -> None:
        for room in rooms:
            room.pulse = Pulse()  # nobody saw whether its agent went on beating
        logger.debug("livekit-server did not answer", extra=fault(error))

    async def _call(self, lkapi: api.LiveKitAPI, name: str, lost: set[str]) -> None:
        called = await call_another(lkapi, name, agent_name=self._agent_name, lost=lost)
        logger.warning("a caller was alone", extra={"called_another": called})

    async def _run(self, server: AgentServer) -> None:
        options = self._options
        secret = options.api_secret.get_secret_value() if options.api_secret else None
        if not (options.url and options.api_key and secret):
            return  # registered by other means, without a key for the API
        async with api.LiveKitAPI(options.url, options.api_key, secret) as lkapi:
            while True:
                await self.rest(lkapi)
                if server.draining:
                    return
                own = {job.job.room.name for job in server.active_jobs}
                await self.sweep(lkapi, own, has_room=partial(has_room, server))


def _may_have_callers(room: api.Room) -> bool:
    return bool(room.num_participants) or abs(time.time() - room.creation_time) < _COUNTED_S


def _now() -> float:
    return asyncio.get_running_loop().time()
