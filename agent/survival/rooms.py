"""A room as livekit-server's API shows it, and another agent for it.

A room with a caller, and with a dispatch of this worker's agent, has an agent: whoever finds that
it has none any more calls another one. The worker does for jobs of its own that died, the token
endpoint for the rooms that it gave tokens for. They do not know of each other; what keeps them
from calling two is that a dispatch can be deleted once: who has deleted that of the dead agent
makes the new one.
"""

from collections.abc import Collection
from dataclasses import dataclass

import aiohttp
from google.protobuf.message import DecodeError
from livekit import api

from agent.room_protocol import BEAT
from agent.survival.pulse import beat_of, signs_in

FAILURES = (aiohttp.ClientError, TimeoutError, api.ServerError, DecodeError, AttributeError)
"""What an answer of livekit-server can fail with; the last one when a proxy answers in its place
with JSON that is no object (livekit-api 1.2.2)."""

LISTED_S = 5.5
"""After it a dispatch without a job was dropped: livekit-server lists a job that a worker has
accepted only when it has asked all its nodes for workers, which takes up to 5 s once a minute
(source: pkg/agent/client.go, CheckEnabledTimeout). Judged earlier, the caller could hear two agents
in turn: one that was slow to start, and the one dispatched in its place."""

_PRESENT = (
    api.ParticipantInfo.State.JOINING,
    api.ParticipantInfo.State.JOINED,
    api.ParticipantInfo.State.ACTIVE,
)
_NOT_FOUND = api.TwirpErrorCode.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Look:
    """Who is in a room."""

    callers: int
    beats: dict[str, str | None]
    """By identity of each agent, what `agent.survival.pulse.Pulse` wants of it."""

    def traces(self, agents: Collection[str]) -> set[str]:
        """What some of the agents are known by: their identities and their dispatches."""
        known = {beat_of(self.beats[identity] or "").dispatch for identity in agents}
        return set(agents) | known - {""}


class Replacements:
    """How often an agent may be replaced: one that its own caller kills would be for ever."""

    MOST = 3
    WITHIN_S = 60.0

    def __init__(self) -> None:
        """Nobody was replaced yet."""
        self._made: dict[str, list[float]] = {}

    def allowed(self, room: str, *, now: float) -> bool:
        """Count one for this room, at `now` seconds; whether it may be made."""
        since = now - self.WITHIN_S
        self._made = {name: made for name, made in self._made.items() if made[-1] > since}
        made = [at for at in self._made.get(room, []) if at > since]
        if len(made) >= self.MOST:
            return False
        self._made[room] = [*made, now]
        return True


async def look(lkapi: api.LiveKitAPI, room: str) -> Look:
    """See who is in a room; nobody is in one that does not exist.

    Raises (one of FAILURES): livekit-server did not answer.
    """
    answer = await lkapi.room.list_participants(api.ListParticipantsRequest(room=room))
    there = [p for p in answer.participants if p.state in _PRESENT]
    agents = [p for p in there if p.kind == api.ParticipantInfo.Kind.AGENT]
    beats = {p.identity: signs_in(p.metadata).get(BEAT) for p in agents}
    return Look(len(there) - len(agents), beats)


async def dispatches(lkapi: api.LiveKitAPI, room: str, agent_name: str) -> list[api.AgentDispatch]:
    """The dispatches of one agent into a room.

    Raises (one of FAILURES): livekit-server did not answer.
    """
    found = await lkapi.agent_dispatch.list_dispatch(room_name=room)
    return [dispatch for dispatch in found if dispatch.agent_name == agent_name]


async def call_another(
    lkapi: api.LiveKitAPI,
    room: str,
    *,
    agent_name: str,
    lost: Collection[str],
) -> bool:
    """Dispatch an agent in the place of one that is lost, with the same metadata.

    Meant for one who has seen that the room's caller is alone.

    Args:
        lkapi: server API.
        room: name of the room.
        agent_name: of the worker; empty: automatic dispatch.
        lost: traces of the agents that are dead, or ids of the dispatches that brought none. The
            server lists which agent came by a dispatch up to 5 s late.

    Returns:
        False when nothing had to be done: another dispatch is under way, or somebody has
        deleted that of the lost agent.

    Raises (one of FAILURES): livekit-server did not answer.
    """
    there = await dispatches(lkapi, room, agent_name)
    dead = [d for d in there if traces_of(d) & set(lost)]
    if not dead or len(dead) < len(there):
        return False
    deleted = [d for d in dead if await _delete(lkapi, d)]
    if not deleted:
        return False
    await lkapi.agent_dispatch.create_dispatch(
        api.CreateAgentDispatchRequest(
            agent_name=agent_name, room=room, metadata=deleted[0].metadata
        )
    )
    return True


def traces_of(dispatch: api.AgentDispatch) -> set[str]:
    """What the agents of a dispatch are known by."""
    return {dispatch.id, *(job.state.participant_identity for job in dispatch.state.jobs)}


async def _delete(lkapi: api.LiveKitAPI, dispatch: api.AgentDispatch) -> bool:
    try:
        await lkapi.agent_dispatch.delete_dispatch(dispatch.id, dispatch.room)
    except api.ServerError as error:
        if error.code != _NOT_FOUND:
            raise
        return False
    return True
