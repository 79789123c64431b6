"""A call out: the agent waits in a room, and whoever is called is put into it."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum

import aiohttp
from livekit import api

from agent.errors import RejoinderError
from agent.room_protocol import ANSWERED_BY
from agent.telephone import BUSY, STATUS, UNANSWERED
from rejoinder.phone.inventory import reason
from rejoinder.phone.sip_words import in_words
from rejoinder.phone.wanted import ROOM_PREFIX

RINGS_S = 30
MOST_RINGS_S = 75
"""livekit-server itself waits for 80 s at most."""
AGENT_S = 20.0
"""How long the agent may take into the room; nobody is called before it is there."""
_SET_UP_S = 10.0
"""What a call takes besides ringing: the service goes into the room, the carrier looks for them."""
_LOOK_S = 0.25

Told = Callable[[str], None]


class Outcome(IntEnum):
    """What became of a call; the number is the command's exit code."""

    ANSWERED = 0
    BUSY = 3
    UNANSWERED = 4
    REFUSED = 5
    NO_AGENT = 6
    VOICEMAIL = 7


@dataclass(frozen=True, slots=True)
class Order:
    """Whom to call, and who talks to them."""

    number: str
    trunk: api.SIPOutboundTrunkInfo
    shown: str
    """Our number, that who is called sees; empty: one of the trunk's."""
    agent_name: str
    metadata: str
    """What the agent's job is told."""
    rings_s: int = RINGS_S


async def place(
    livekit: api.LiveKitAPI, order: Order, told: Told, *, stays: bool = True
) -> Outcome:
    """Call somebody; the room is gone when nobody has answered, or this is cancelled.

    Args:
        livekit: the server.
        order: the call.
        told: how it goes, a word for each thing that happens.
        stays: whether to stay until they hang up.

    Raises:
        RejoinderError: the call cannot be tried at all.
    """
    room = f"{ROOM_PREFIX}-out-{secrets.token_hex(6)}"
    # No number: identities and names of rooms are what others' logs have.
    identity = f"sip_{room}"
    async with _room(livekit, room, order) as kept:
        if not await _agent_comes(livekit, room):
            told("no agent has come")
            return Outcome.NO_AGENT
        told("dialling")
        began = time.perf_counter()
        outcome = await _dial(livekit, room, identity, order, told)
        if outcome is not Outcome.ANSWERED:
            return outcome
        told(f"answered after {time.perf_counter() - began:.0f} s")
        if stays:
            began = time.perf_counter()
            async for people in _looks(livekit, room):
                if outcome is Outcome.ANSWERED and _is_voicemail(people):
                    told("a voicemail")
                    outcome = Outcome.VOICEMAIL
                if _status(people, identity) is None:
                    break
            told(f"ended after {time.perf_counter() - began:.0f} s")
        else:
            kept.set()
    return outcome


@asynccontextmanager
async def _room(livekit: api.LiveKitAPI, name: str, order: Order) -> AsyncIterator[asyncio.Event]:
    """A room to which the agent is called; it is deleted at the end, unless the event is set."""
    kept = asyncio.Event()
    agent = api.RoomAgentDispatch(agent_name=order.agent_name, metadata=order.metadata)
    try:
        await livekit.room.create_room(api.CreateRoomRequest(name=name, agents=[agent]))
        yield kept
    finally:
        if not kept.is_set():
            with suppress(api.ServerError):  # it ends by itself when all have left
                await livekit.room.delete_room(api.DeleteRoomRequest(room=name))


async def _agent_comes(livekit: api.LiveKitAPI, room: str) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(AGENT_S):
            async for people in _looks(livekit, room):
                if any(p.kind == api.ParticipantInfo.Kind.AGENT for p in people):
                    return True
    return False


async def _dial(
    livekit: api.LiveKitAPI, room: str, identity: str, order: Order, told: Told
) -> Outcome:
    request = api.CreateSIPParticipantRequest(
        sip_trunk_id=order.trunk.sip_trunk_id,
        sip_call_to=order.number,
        sip_number=order.shown,
        room_name=room,
        participant_identity=identity,
        participant_name="Phone",
        wait_until_answered=True,
    )
    request.ringing_timeout.seconds = order.rings_s
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        ringing = group.create_task(_tell_ringing(livekit, room, identity, told), name="ringing")
        try:
            await livekit.sip.create_sip_participant(request, timeout=order.rings_s + _SET_UP_S)
        except (api.ServerError, aiohttp.ClientError, TimeoutError) as error:
            failure = error  # a group would wrap it
        finally:
            ringing.cancel()
    if failure is None:
        return Outcome.ANSWERED
    if isinstance(failure, api.ServerError):
        return _outcome(failure, told)
    raise failure


async def _tell_ringing(livekit: api.LiveKitAPI, room: str, identity: str, told: Told) -> None:
    async for people in _looks(livekit, room):
        if _status(people, identity) == "ringing":
            told("ringing")
            return


def _outcome(error: api.ServerError, told: Told) -> Outcome:
    code = error.sip_status_code if isinstance(error, api.SipCallError) else None
    if code in BUSY:
        told("busy")
        return Outcome.BUSY
    if code in UNANSWERED or error.code in ("canceled", "deadline_exceeded"):
        told("no answer")
        return Outcome.UNANSWERED
    if code is not None and isinstance(error, api.SipCallError):
        told(f"refused: {in_words(code, error.sip_status or '')}")
        return Outcome.REFUSED
    said = reason(error)
    if "no response from servers" in said:
        raise RejoinderError(
            "no SIP service is connected to the server; `rejoinder phone status` says what to do"
        ) from error
    raise RejoinderError(f"the call cannot be made: {said}") from error


def _status(people: Sequence[api.ParticipantInfo], identity: str) -> str | None:
    """How far the telephone is, by its service; None: it is not in the room."""
    for participant in people:
        if participant.identity == identity:
            return participant.attributes.get(STATUS, "")
    return None


def _is_voicemail(people: Sequence[api.ParticipantInfo]) -> bool:
    """Whether the agent has told that one has answered."""
    return any(
        person.kind == api.ParticipantInfo.Kind.AGENT and ANSWERED_BY in person.attributes
        for person in people
    )


async def _looks(
    livekit: api.LiveKitAPI, room: str
) -> AsyncIterator[Sequence[api.ParticipantInfo]]:
    """Who is in the room, again and again; nobody, when it is gone.

    A server that does not answer ends no call: it is asked again.
    """
    while True:
        request = api.ListParticipantsRequest(room=room)
        try:
            yield (await livekit.room.list_participants(request)).participants
        except api.ServerError as error:
            if error.code == "not_found":
                yield ()
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(_LOOK_S)
