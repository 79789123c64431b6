"""What a server does about telephones now: its SIP service, calls, and the worker that is near."""

import re
import time
from dataclasses import dataclass

import aiohttp
from livekit import api

from agent.options.agent import AgentOptions
from rejoinder.phone.inventory import has_no_redis, reason

_PROBE = "rejoinder-probe"
_OF_THE_SERVICE = re.compile(r"add?ress+ must be set|no servers available")
"""What a service misses in the request, in all spellings of its releases; or that it is full."""
_WORKER_S = 2.0
PATIENCE_S = 10.0
"""A caller who waits for an agent longer than this waits in vain."""


@dataclass(frozen=True, slots=True)
class Service:
    """The SIP service (livekit-sip)."""

    there: bool | None
    """None: the server's answer tells neither."""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Calls:
    """Telephones that are in rooms."""

    live: int = 0
    unanswered: int = 0
    """Of these, how many have waited for an agent for more than PATIENCE_S."""


async def look_for_service(livekit: api.LiveKitAPI) -> Service:
    """Ask for a call to nowhere, which every SIP service refuses before it dials or makes a room.

    Without a trunk it lacks an address; the server passes it on all the same, and without a
    service says that nobody answers.
    """
    request = api.CreateSIPParticipantRequest(sip_number="0", sip_call_to="0", room_name=_PROBE)
    try:
        await livekit.sip.create_sip_participant(request)
    except api.ServerError as error:
        if has_no_redis(error) or error.status in (401, 403):
            raise
        said = reason(error)
        if "no response from servers" in said:
            return Service(False, said)
        # The service's own words; a refusal of the server's tells nothing of the service.
        return Service(True if _OF_THE_SERVICE.search(said) else None, said)
    return Service(None, "it took a call to nowhere")


async def count_calls(livekit: api.LiveKitAPI) -> Calls:
    """Count the telephones of all rooms, one room after the other."""
    live = unanswered = 0
    # A room's own count of people comes some seconds late.
    for room in (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms:
        try:
            request = api.ListParticipantsRequest(room=room.name)
            people = (await livekit.room.list_participants(request)).participants
        except api.ServerError as error:
            if error.code != "not_found":  # it has ended meanwhile
                raise
            continue
        phones = [p for p in people if p.kind == api.ParticipantInfo.Kind.SIP]
        live += len(phones)
        if not any(p.kind == api.ParticipantInfo.Kind.AGENT for p in people):
            unanswered += sum(time.time() - p.joined_at > PATIENCE_S for p in phones)
    return Calls(live, unanswered)


async def near_worker(options: AgentOptions) -> str | None:
    """Name of the worker whose health page is where the settings have it; None: none is there.

    LiveKit tells nobody which workers are registered.
    """
    url = f"http://{options.health_host}:{options.health_port}/worker"
    limit = aiohttp.ClientTimeout(total=_WORKER_S)
    try:
        async with aiohttp.ClientSession(timeout=limit) as http, http.get(url) as answer:
            told = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
    # A worker without a name says nothing of it.
    is_worker = isinstance(told, dict) and "sdk_version" in told
    return str(told.get("agent_name", "")) if is_worker else None
