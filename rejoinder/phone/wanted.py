"""What a phone file means at LiveKit: its trunks and dispatch rules as they should be."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from livekit import api

from agent import metadata
from rejoinder.phone.phone_file import InboundTrunk, OutboundTrunk, PhoneFile

ROOM_PREFIX = "phone"
"""Begins the names of rooms that callers get; LiveKit adds their number and something random."""
_LINGER_S = 1
"""How long the room of a caller who has hung up stays: nobody comes back to it, and a job that
was on its way into it would wait for them."""
_TRANSPORTS = {
    "auto": api.SIPTransport.SIP_TRANSPORT_AUTO,
    "udp": api.SIPTransport.SIP_TRANSPORT_UDP,
    "tcp": api.SIPTransport.SIP_TRANSPORT_TCP,
    "tls": api.SIPTransport.SIP_TRANSPORT_TLS,
}


@dataclass(frozen=True, slots=True)
class WantedTrunk:
    """An inbound trunk, and the rules of which its callers meet one."""

    info: api.SIPInboundTrunkInfo
    rules: tuple[api.SIPDispatchRuleInfo, ...]
    """Without the trunk's id, which LiveKit gives."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """All of a file."""

    owner: str
    """Begins the names of all that is made of it."""
    inbound: tuple[WantedTrunk, ...]
    outbound: tuple[api.SIPOutboundTrunkInfo, ...]


def wanted_by(file: PhoneFile, *, agent_name: str) -> Wanted:
    """What should be there.

    `agent_name` is the worker's; empty: it joins every room, and is dispatched all the same, to be
    told the persona.
    """
    inbound = tuple(
        WantedTrunk(
            _inbound(f"{file.name}/{key}", trunk),
            tuple(_rules(f"{file.name}/{key}", trunk, agent_name)),
        )
        for key, trunk in file.inbound.items()
    )
    outbound = tuple(_outbound(f"{file.name}/{key}", trunk) for key, trunk in file.outbound.items())
    return Wanted(file.name, inbound, outbound)


def persona_metadata(persona: str | None) -> str:
    """What a dispatch tells the job (`agent.metadata`)."""
    return json.dumps({metadata.KEY: {"persona": persona}}) if persona else ""


def _inbound(name: str, trunk: InboundTrunk) -> api.SIPInboundTrunkInfo:
    info = api.SIPInboundTrunkInfo(
        name=name,
        numbers=list(trunk.numbers),
        allowed_addresses=trunk.allowed_addresses,
        allowed_numbers=trunk.allowed_numbers,
        auth_username=trunk.auth_username,
        auth_password=trunk.auth_password.get_secret_value() if trunk.auth_password else "",
    )
    if trunk.ringing_s is not None:
        info.ringing_timeout.seconds = trunk.ringing_s
    if trunk.longest_call_s is not None:
        info.max_call_duration.seconds = trunk.longest_call_s
    return info


def _rules(name: str, trunk: InboundTrunk, agent_name: str) -> Iterator[api.SIPDispatchRuleInfo]:
    """One for each number with a persona, and one for all others.

    A rule's number counts only as the carrier writes it, a trunk's in whatever way; so all numbers
    have the second, and changing a persona leaves no number unanswered for a moment.
    """
    yield _rule(name, None, trunk.persona, trunk, agent_name)
    for number, persona in trunk.numbers.items():
        if persona is not None:
            yield _rule(f"{name}/{number}", number, persona, trunk, agent_name)


def _rule(
    name: str, number: str | None, persona: str | None, trunk: InboundTrunk, agent_name: str
) -> api.SIPDispatchRuleInfo:
    individual = api.SIPDispatchRuleIndividual(room_prefix=ROOM_PREFIX)
    agent = api.RoomAgentDispatch(agent_name=agent_name, metadata=persona_metadata(persona))
    return api.SIPDispatchRuleInfo(
        name=name,
        numbers=[number] if number else [],
        hide_phone_number=trunk.hide_caller,
        rule=api.SIPDispatchRule(dispatch_rule_individual=individual),
        room_config=api.RoomConfiguration(agents=[agent], departure_timeout=_LINGER_S),
    )


def _outbound(name: str, trunk: OutboundTrunk) -> api.SIPOutboundTrunkInfo:
    return api.SIPOutboundTrunkInfo(
        name=name,
        address=trunk.address,
        transport=_TRANSPORTS[trunk.transport],
        numbers=trunk.numbers,
        auth_username=trunk.auth_username,
        auth_password=trunk.auth_password.get_secret_value() if trunk.auth_password else "",
    )
