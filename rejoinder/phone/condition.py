"""What trunks and rules come to: who answers which number, and what is wrong. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations

from livekit import api

from agent import metadata
from agent.errors import MetadataError
from rejoinder.phone.inventory import Inventory
from rejoinder.phone.plan import owned, shared_numbers


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Who answers a number."""

    number: str
    """Empty: all others that reach the trunk."""
    trunk: api.SIPInboundTrunkInfo
    rule: api.SIPDispatchRuleInfo | None
    """None: nobody answers."""

    @property
    def agents(self) -> tuple[str, ...]:
        """Names of the workers that are called; an empty one: whichever joins every room."""
        if self.rule is None:
            return ()
        return tuple(agent.agent_name for agent in self.rule.room_config.agents)

    @property
    def persona(self) -> str:
        """That the worker is told; empty: that of its settings."""
        agents = self.rule.room_config.agents if self.rule is not None else ()
        return next((name for agent in agents if (name := _persona(agent.metadata))), "")


def answers(there: Inventory) -> Iterator[Answered]:
    """Each number of each trunk, and what reaches the trunk besides."""
    for trunk in there.inbound:
        for number in trunk.numbers or ("",):
            yield Answered(number, trunk, _rule_of(trunk, number, there.rules))


def faults(
    there: Inventory, *, agent_name: str, personas: Collection[str], owner: str
) -> Iterator[Fault]:
    """What is wrong.

    Args:
        there: all trunks and rules.
        agent_name: of the worker.
        personas: that the worker has.
        owner: begins the names of what the file made; others' rules may call others' workers.
    """
    for one, other in combinations(there.inbound, 2):
        for number in sorted(shared_numbers(one, other)):
            yield Fault(
                f"{number or 'calls to any number'} belongs to two trunks, {_shown(one)} and "
                f"{_shown(other)}: LiveKit refuses such calls",
                "take the number out of one of them, or give both allowed_numbers",
            )
    for answered in answers(there):
        if answered.rule is None:
            what = answered.number or "whoever calls"
            yield Fault(
                f"{what} ({_shown(answered.trunk)}) has no dispatch rule: callers hear nothing but "
                "ringing",
                "rejoinder phone setup"
                if owned(answered.trunk, owner)
                else "lk sip dispatch create, or delete the trunk",
            )
    ids = {trunk.sip_trunk_id for trunk in there.inbound}
    for rule in there.rules:
        yield from _faults_of_rule(rule, ids, agent_name, personas, ours=owned(rule, owner))


def _faults_of_rule(
    rule: api.SIPDispatchRuleInfo,
    trunks: Collection[str],
    agent_name: str,
    personas: Collection[str],
    *,
    ours: bool,
) -> Iterator[Fault]:
    shown = f"the dispatch rule {rule.name or 'without a name'} ({rule.sip_dispatch_rule_id})"
    again = "rejoinder phone setup" if ours else "lk sip dispatch update"
    if gone := [id_ for id_ in rule.trunk_ids if id_ not in trunks]:
        yield Fault(
            f"{shown} is for a trunk that is gone: {', '.join(gone)}",
            "rejoinder phone setup, with --prune if the file no longer has the trunk"
            if ours
            else f"lk sip dispatch delete {rule.sip_dispatch_rule_id}",
        )
    agents = rule.room_config.agents
    names = [agent.agent_name for agent in agents]
    # Without an agent of its own a room gets the workers that have no name.
    if not names and agent_name:
        yield Fault(
            f"{shown} calls no agent: callers hear nothing but ringing",
            f"{again}: its room_config.agents should have agent_name {agent_name}",
        )
    elif names and agent_name not in names and ours:
        yield Fault(
            f"{shown} calls the agent {' and '.join(names) or 'without a name'}, and the worker of "
            f"these settings is {agent_name or 'without a name'}",
            "set AGENT_NAME to the worker's, then rejoinder phone setup",
        )
    for agent in agents:
        if agent.agent_name != agent_name:
            continue
        try:
            name = metadata.read(agent.metadata).persona.name
        except MetadataError as error:
            yield Fault(f"{shown} tells the agent what it does not understand: {error}", again)
            continue
        if name and name not in personas:
            yield Fault(
                f"{shown} names the persona {name}, which there is not",
                "put its file into the folder PERSONAS, or name another one and run rejoinder "
                "phone setup",
            )


def open_to_all(there: Inventory) -> Iterator[api.SIPInboundTrunkInfo]:
    """Trunks that take calls from any address without a password."""
    return (t for t in there.inbound if not (t.allowed_addresses or t.auth_username))


def _rule_of(
    trunk: api.SIPInboundTrunkInfo, number: str, rules: Collection[api.SIPDispatchRuleInfo]
) -> api.SIPDispatchRuleInfo | None:
    """That LiveKit would choose: of this trunk before any's, of this number before any's."""
    fitting = [
        rule
        for rule in rules
        if (not rule.trunk_ids or trunk.sip_trunk_id in rule.trunk_ids)
        and (not rule.numbers or number in rule.numbers)
    ]
    return min(fitting, key=lambda rule: (not rule.trunk_ids, not rule.numbers), default=None)


def _persona(told: str) -> str:
    try:
        return metadata.read(told).persona.name or ""
    except MetadataError:
        return ""


def _shown(trunk: api.SIPInboundTrunkInfo) -> str:
    return f"{trunk.name or 'without a name'} ({trunk.sip_trunk_id})"
