"""The workers' watch over each other's calls: one that dies whole leaves them to the rest.

Nobody else sees it when callers came by a telephone or another token endpoint, nor that a dispatch
was dropped because all were busy. Each worker looks at the rooms that are not its own, as often as
livekit-server can well answer: with up to 14 of them a dead agent is found in some three seconds.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from livekit import api
from livekit.agents import AgentServer

from agent.options.livekit import LiveKitOptions
from agent.survival.pulse import Pulse
from agent.survival.rooms import FAILURES, Look, Replacements, call_another, dispatches, look
from agent.tasks import begin, fault

logger = logging.getLogger(__name__)

SWEEP_S = 0.7
"""Between two sweeps, and so between two looks at a room while there are few."""
LOOKS_PER_SWEEP = 14
"""Rooms looked at in one sweep: 20 requests a second."""
ALONE_S = 20.0
"""A caller to whom no agent came for this long is given another dispatch; the wait doubles then.
Less would end jobs that are slow to start."""


@dataclass(slots=True)
class _Room:
    pulse: Pulse = field(default_factory=Pulse)
    living: set[str] = field(default_factory=set)
    """Traces of the agents seen alive last."""
    alone_since: float | None = None
    patience_s: float = ALONE_S
    unanswered: set[str] = field(default_factory=set)
    """Dispatches that were there when the caller was first seen alone."""


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

    async def sweep(self, lkapi: api.LiveKitAPI, own: set[str]) -> None:
        """Look at those of the rooms, but for the worker's `own`, that were not looked at longest.

        Raises (one of FAILURES): livekit-server did not answer.
        """
        there = (await lkapi.room.list_rooms(api.ListRoomsRequest())).rooms
        names = {room.name for room in there if room.num_participants and room.name not in own}
        known = {name: room for name, room in self._rooms.items() if name in names}
        self._rooms = {name: _Room() for name in names - known.keys()} | known
        for name in list(self._rooms)[:LOOKS_PER_SWEEP]:
            room = self._rooms[name] = self._rooms.pop(name)
            lost = await self._lost(lkapi, name, room, await look(lkapi, name))
            now = asyncio.get_running_loop().time()
            if lost and self._replacements.allowed(name, now=now):
                called = await call_another(lkapi, name, agent_name=self._agent_name, lost=lost)
                logger.warning("a caller was alone", extra={"called_another": called})

    async def _lost(self, lkapi: api.LiveKitAPI, name: str, room: _Room, seen: Look) -> set[str]:
        """What `call_another` must be told; empty when there is nothing to do."""
        now = asyncio.get_running_loop().time()
        living, dead = room.pulse.look(seen.beats, now=now)
        if living or not seen.callers:
            room.living = seen.traces(living)
            room.alone_since, room.patience_s = None, ALONE_S
            return set()
        if lost := room.living | seen.traces(dead):
            room.living = set()
            return lost
        if room.alone_since is None:
            room.alone_since = now
            there = await dispatches(lkapi, name, self._agent_name)
            room.unanswered = {dispatch.id for dispatch in there}
        if now - room.alone_since < room.patience_s:
            return set()
        room.alone_since = None
        room.patience_s *= 2
        return room.unanswered

    async def _run(self, server: AgentServer) -> None:
        options = self._options
        secret = options.api_secret.get_secret_value() if options.api_secret else None
        if not (options.url and options.api_key and secret):
            return  # registered by other means, without a key for the API
        async with api.LiveKitAPI(options.url, options.api_key, secret) as lkapi:
            while True:
                await asyncio.sleep(SWEEP_S)
                if server.draining:
                    return
                own = {job.job.room.name for job in server.active_jobs}
                try:
                    await self.sweep(lkapi, own)
                except FAILURES as error:
                    # Nobody saw whether an agent went on beating.
                    self._rooms.clear()
                    logger.debug("livekit-server did not answer", extra=fault(error))
