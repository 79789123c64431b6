"""The workers' watch over each other's calls: one that dies whole leaves them to the rest.

Nobody else sees it when callers came by a telephone or another token endpoint. Each worker
looks at the rooms that are not its own, so often as all of them can afford: with as many rooms to
a worker as it looks at in a second, two seconds are the longest between two looks.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from time import monotonic

from livekit import api
from livekit.agents import AgentServer

from agent.options import LiveKitOptions
from agent.pulse import Pulse
from agent.rooms import FAILURES, call_another, look
from agent.tasks import begin, fault

logger = logging.getLogger(__name__)

SWEEP_S = 0.7
"""Between two sweeps, and so between two looks at a room while there are few."""
LOOKS_PER_SWEEP = 14
"""Rooms looked at in one sweep: 20 requests a second."""


@dataclass(slots=True)
class _Room:
    pulse: Pulse = field(default_factory=Pulse)
    living: set[str] = field(default_factory=set)
    """Traces of the agents seen alive last."""


class OrphanWatch:
    """Of one worker, from `start` on for as long as it runs."""

    def __init__(self, options: LiveKitOptions, *, agent_name: str) -> None:
        """Watch the rooms of workers with this name on the server that `options` names."""
        self._options = options
        self._agent_name = agent_name
        self._rooms: dict[str, _Room] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self, server: AgentServer) -> None:
        """Begin; the worker has started."""
        self._task = begin(self._run(server), name="orphan-watch")

    async def _run(self, server: AgentServer) -> None:
        options = self._options
        secret = options.api_secret.get_secret_value() if options.api_secret else None
        if not (options.url and options.api_key and secret):
            return  # registered by other means, without a key for the API
        async with api.LiveKitAPI(options.url, options.api_key, secret) as lkapi:
            while True:
                await asyncio.sleep(SWEEP_S)
                if server.draining:
                    continue
                own = {job.job.room.name for job in server.active_jobs}
                try:
                    await self._sweep(lkapi, own)
                except FAILURES as error:
                    # Nobody saw whether an agent went on beating.
                    self._rooms.clear()
                    logger.debug("livekit-server did not answer", extra=fault(error))

    async def _sweep(self, lkapi: api.LiveKitAPI, own: set[str]) -> None:
        there = (await lkapi.room.list_rooms(api.ListRoomsRequest())).rooms
        names = [room.name for room in there if room.num_participants and room.name not in own]
        # Those that were looked at longest ago come first.
        known = {name: self._rooms[name] for name in self._rooms if name in set(names)}
        self._rooms = {name: _Room() for name in names if name not in known} | known
        for name in list(self._rooms)[:LOOKS_PER_SWEEP]:
            room = self._rooms[name] = self._rooms.pop(name)
            seen = await look(lkapi, name)
            living, dead = room.pulse.look(seen.beats, now=monotonic())
            if living:
                room.living = seen.traces(living)
            elif seen.callers and (lost := room.living | seen.traces(dead)):
                room.living = set()
                called = await call_another(lkapi, name, agent_name=self._agent_name, lost=lost)
                logger.warning("a call has lost its agent", extra={"called_another": called})
