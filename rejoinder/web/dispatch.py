"""Sees to it that an agent comes and stays.

livekit-server drops a dispatch that finds all workers busy, and does nothing about an agent that
dies.

For each room a token was handed out for, one task asks the room service who is there: rarely
until the caller has joined, often until the agent has, and then for as long as the caller stays.
When no agent came in time and no worker has accepted the job, the dispatch is made again, a few
times with growing waits; when the agent has gone or its beat stands still
(`agent.survival.pulse`), at once.

Three facts of livekit-server 1.13 that this rests on: a dispatch with an empty agent name reaches
the workers of automatic dispatch; a dispatch into a room that does not exist creates it, so none
is made before the caller is seen there; and for LISTED_S an accepted and a dropped dispatch look
the same (`agent.survival.rooms`).
"""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal

from livekit import api

from agent.survival.pulse import Pulse
from agent.survival.rooms import (
    FAILURES,
    LISTED_S,
    Replacements,
    call_another,
    dispatches,
    look,
)
from agent.tasks import begin

logger = logging.getLogger(__name__)

RoomState = Literal["waiting", "joined", "absent"]

MAX_ROOMS = 1000
"""Rooms watched or remembered at once; beyond it the oldest is forgotten."""
MAX_DISPATCHES = 4
"""Dispatches per room, the first one included. The wait doubles after each."""
STARTING_S = 20.0
"""How long a worker that accepted the job may take to start its agent."""
AGENT_POLL_S = 0.25
"""Between looks at a room where a caller waits."""
CALL_POLL_S = 0.5
"""Between looks at a room where both are, while there are few; many share LOOKS_PER_S."""
LOOKS_PER_S = 100.0
CALLER_POLL_S = (0.25, 5.0)
"""Between looks at a room that nobody has joined: first, and at most."""
RETURN_POLL_S = 1.0
"""At most between looks at a room that a caller has left."""
RETURN_S = 60.0
"""How long a caller who has left may take to come back, whatever became of the token."""
CALLER_POLL_GROWTH = 1.25


@dataclass(slots=True)
class WatchedRoom:
    """What is known of one room. `dispatches` counts the one made by the join."""

    name: str
    metadata: str
    expires: float
    """`monotonic()` seconds after which the token is worthless and the room forgotten."""
    state: RoomState = "waiting"
    dispatches: int = 1
    warned: bool = False
    """A failing server is logged once per room."""
    pulse: Pulse = field(default_factory=Pulse, repr=False)
    lost: set[str] = field(default_factory=set, repr=False)
    """Traces (`agent.survival.rooms.Look`) of agents that were here and are dead or gone."""
    living: set[str] = field(default_factory=set, repr=False)
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class DispatchWatch:
    """Watches rooms between `start` and `aclose`."""

    def __init__(
        self, lkapi: api.LiveKitAPI, *, agent_name: str, wait_s: float, token_ttl_s: float
    ) -> None:
        """Prepare a watch.

        Args:
            lkapi: server API with the key that signs the tokens; stays the caller's.
            agent_name: the worker's name; empty: automatic dispatch.
            wait_s: seconds from the caller's joining to the second dispatch; LISTED_S at least.
            token_ttl_s: seconds during which a handed-out token can be used.
        """
        self._api = lkapi
        self._agent_name = agent_name
        self._wait_s = max(wait_s, LISTED_S)
        self._token_ttl_s = token_ttl_s
        self._rooms: OrderedDict[str, WatchedRoom] = OrderedDict()
        self._group: asyncio.TaskGroup | None = None
        self._owner: asyncio.Task[None] | None = None
        self._calls = 0
        self._replacements = Replacements()

    async def start(self) -> None:
        """Begin; `watch` may be called afterwards."""
        ready = asyncio.Event()
        self._owner = begin(self._own(ready), name="dispatch-watch")
        await ready.wait()

    async def aclose(self) -> None:
        """End all watching. May be called more than once."""
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.cancel()
            await asyncio.wait({owner})

    def watch(self, room: str, *, metadata: str = "") -> None:
        """See to it that an agent joins a room that a token was handed out for.

        Another token for a room that is watched already only prolongs the watch.

        Args:
            room: the room's name.
            metadata: job metadata that a further dispatch carries.
        """
        if self._group is None:
            raise RuntimeError("watch() before start()")
        expires = monotonic() + self._token_ttl_s
        known = self._rooms.get(room)
        if known is not None and known.task is not None and not known.task.done():
            known.expires = expires
            return
        self._rooms.pop(room, None)
        self._forget(list(self._rooms.values())[: len(self._rooms) - MAX_ROOMS + 1])
        self._forget_expired()
        watched = self._rooms[room] = WatchedRoom(room, metadata, expires)
        watched.task = self._group.create_task(self._follow(watched), name="dispatch-watch-room")

    def state(self, room: str) -> WatchedRoom | None:
        """What is known of a room; None when no token was handed out for it lately."""
        self._forget_expired()
        return self._rooms.get(room)

    async def _own(self, ready: asyncio.Event) -> None:
        try:
            async with asyncio.TaskGroup() as self._group:
                ready.set()
                await asyncio.Event().wait()
        finally:
            self._group = None

    def _forget_expired(self) -> None:
        now = monotonic()
        self._forget([r for r in self._rooms.values() if r.expires <= now and _settled(r)])

    def _forget(self, rooms: list[WatchedRoom]) -> None:
        for room in rooms:
            self._rooms.pop(room.name, None)
            if room.task is not None:
                room.task.cancel()

    async def _follow(self, room: WatchedRoom) -> None:
        """Follow one room until no agent will come or nobody uses it any more."""
        met = False
        while await self._caller_joins(room, met=met):
            met = True
            if await self._agent_joins(room):
                if room.state == "absent":
                    return
                await self._agent_stays(room)
        self._rooms.pop(room.name, None)

    async def _caller_joins(self, room: WatchedRoom, *, met: bool) -> bool:
        """Wait for a caller; `met`: one was there before.

        Returns:
            False when the token expired first (a caller who was there may come back without one),
            or the room that a caller was in has closed.
        """
        pause = CALLER_POLL_S[0]
        least = monotonic() + RETURN_S if met else 0.0
        while monotonic() < max(room.expires, least):  # another token prolongs it
            callers, agents = await self._look(room)
            if callers or (agents and not met):
                return True
            if met and await self._closed(room):
                return False
            await asyncio.sleep(pause)
            pause = min(pause * CALLER_POLL_GROWTH, RETURN_POLL_S if met else CALLER_POLL_S[1])
        return False

    async def _agent_joins(self, room: WatchedRoom) -> bool:
        """Wait for the agent and dispatch again.

        Returns:
            True when the matter is settled (joined or absent), False when the callers left.
        """
        since, starting_since = monotonic(), None
        wait = self._wait_s * 2 ** (room.dispatches - 1)
        replace = bool(room.lost)
        while True:
            callers, agents = await self._look(room)
            if callers and not agents and replace:
                replace = False
                await self._replace(room)
            if agents:
                room.state = "joined"
                return True
            if callers == 0:
                return False
            now = monotonic()
            if now - since >= wait:
                if starting_since is None and await self._accepted(room):
                    starting_since = now
                    logger.info("a worker has accepted the call; waiting for it to start")
                elif starting_since is None or now - starting_since >= STARTING_S:
                    if room.dispatches >= MAX_DISPATCHES:
                        room.state = "absent"
                        logger.warning(
                            "no agent joined; is a worker running, and not full?",
                            extra={"dispatches": room.dispatches},
                        )
                        return True
                    await self._dispatch_again(room)
                    since, starting_since = monotonic(), None
                    wait = self._wait_s * 2 ** (room.dispatches - 1)
            await asyncio.sleep(AGENT_POLL_S)

    async def _agent_stays(self, room: WatchedRoom) -> None:
        """Watch a call until its callers have left or its agent is lost."""
        self._calls += 1
        try:
            while True:
                callers, agents = await self._look(room)
                if callers == 0 or (callers and not agents):
                    room.state, room.dispatches = "waiting", 1
                    return
                room.lost = set(room.living)  # from when it is not there any more
                rest_s = max(CALL_POLL_S, self._calls / LOOKS_PER_S)
                due = room.pulse.due
                await asyncio.sleep(rest_s if due is None else min(rest_s, due - monotonic()))
        finally:
            self._calls -= 1

    async def _replace(self, room: WatchedRoom) -> None:
        """Call another agent in the place of one that was here."""
        if not self._replacements.allowed(room.name, now=monotonic()):
            return
        try:
            called = await call_another(
                self._api, room.name, agent_name=self._agent_name, lost=room.lost
            )
        except FAILURES as error:
            self._warn(room, "cannot dispatch an agent", error)
        else:
            logger.warning("the agent of a call was lost", extra={"called_another": called})

    async def _look(self, room: WatchedRoom) -> tuple[int | None, set[str]]:
        """Callers and living agents in the room; callers is None when LiveKit did not answer."""
        asked = monotonic()
        try:
            seen = await look(self._api, room.name)
        except FAILURES as error:
            self._warn(room, "cannot look into a room", error)
            room.pulse = Pulse()  # nobody saw whether it went on beating
            return None, set()
        living, dead = room.pulse.look(seen.beats, asked=asked, now=monotonic())
        room.lost |= seen.traces(dead)
        room.living = seen.traces(living)
        return seen.callers, living

    async def _closed(self, room: WatchedRoom) -> bool:
        try:
            answer = await self._api.room.list_rooms(api.ListRoomsRequest(names=[room.name]))
        except FAILURES as error:
            self._warn(room, "cannot look for a room", error)
            return False
        return not answer.rooms

    async def _own_dispatches(self, room: WatchedRoom) -> list[api.AgentDispatch]:
        try:
            return await dispatches(self._api, room.name, self._agent_name)
        except FAILURES as error:
            self._warn(room, "cannot list a room's dispatches", error)
            return []

    async def _accepted(self, room: WatchedRoom) -> bool:
        """Whether a worker has taken the job and its agent may still be starting."""
        jobs = [job.state for d in await self._own_dispatches(room) for job in d.state.jobs]
        return any(j.ended_at == 0 and j.participant_identity not in room.lost for j in jobs)

    async def _dispatch_again(self, room: WatchedRoom) -> None:
        old = await self._own_dispatches(room)
        room.dispatches += 1
        try:
            if old:
                # A deleted dispatch ends a job that was accepted after all: never two agents in
                # a room, nor where a worker that has room now dispatches too.
                await call_another(
                    self._api,
                    room.name,
                    agent_name=self._agent_name,
                    lost={dispatch.id for dispatch in old},
                )
            else:
                await self._api.agent_dispatch.create_dispatch(
                    api.CreateAgentDispatchRequest(
                        agent_name=self._agent_name, room=room.name, metadata=room.metadata
                    )
                )
        except FAILURES as error:
            self._warn(room, "cannot dispatch an agent", error)
            return
        logger.info("dispatched an agent again", extra={"dispatches": room.dispatches})

    def _warn(self, room: WatchedRoom, what: str, error: BaseException) -> None:
        if not room.warned:
            room.warned = True
            logger.warning(
                "livekit-server refused", extra={"what": what, "error": type(error).__name__}
            )


def _settled(room: WatchedRoom) -> bool:
    return room.task is None or room.task.done()
