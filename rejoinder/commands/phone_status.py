"""`rejoinder phone status`: trunks, numbers and calls, and what is wrong with them."""

import argparse
import asyncio
import dataclasses
import json
from collections.abc import Sequence

from livekit import api
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.personas.chosen import shelf_of
from agent.settings.load import Settings, load
from rejoinder.phone.condition import Answered, Fault, answers, faults, open_to_all
from rejoinder.phone.inventory import Inventory, NoRedisError, open_livekit, take_stock
from rejoinder.phone.watch import (
    PATIENCE_S,
    Calls,
    Service,
    count_calls,
    look_for_service,
    near_worker,
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Report:
    url: str
    faults: tuple[Fault, ...]
    notes: tuple[str, ...] = ()
    there: Inventory = Inventory()
    calls: Calls = Calls()
    service: Service | None = None
    """None: it was not looked for, as the server knows no telephones."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How it is shown."""
    parser.epilog = "It exits 1 if something is wrong."
    parser.add_argument("--json", action="store_true", help="print it for programs")
    parser.add_argument(
        "--name",
        default="rejoinder",
        help="`name` in the file that setup was given; default: %(default)s",
    )


def run(args: argparse.Namespace) -> int:
    """Print what is there; returns 1 if something is wrong."""
    settings = load()
    personas = frozenset(shelf_of(settings.personas).personas)
    report = asyncio.run(_look(settings, personas, args.name))
    if args.json:
        print(json.dumps(_as_json(report), indent=2, ensure_ascii=False))
    else:
        _show(report)
    return 1 if report.faults else 0


async def _look(settings: Settings, personas: frozenset[str], owner: str) -> _Report:
    agent, url = settings.agent, str(settings.livekit.url)
    try:
        async with open_livekit(settings.livekit) as livekit:
            there = await take_stock(livekit)
            service = await look_for_service(livekit)
            calls = await count_calls(livekit)
    except NoRedisError as error:
        what, _, remedy = str(error).partition(": ")
        return _Report(url, (Fault(what, remedy),))
    near = await near_worker(agent)
    found = [*_faults_now(service, calls, near, agent.name)]
    found += faults(there, agent_name=agent.name, personas=personas, owner=owner)
    notes = _notes(there, service, near, agent.name)
    return _Report(url, tuple(found), tuple(notes), there, calls, service)


def _faults_now(
    service: Service, calls: Calls, near: str | None, agent_name: str
) -> Sequence[Fault]:
    found: list[Fault] = []
    if service.there is False:
        found.append(
            Fault(
                "no SIP service is connected: no telephone reaches the server, and none is called",
                "start livekit-sip with the same redis, api_key and api_secret (docs/phone.md)",
            )
        )
    if calls.unanswered:
        found.append(
            Fault(
                f"{calls.unanswered} on the line for more than {PATIENCE_S:g} s without an agent",
                f"is a worker named {agent_name or '(none)'} running, and has it room? `rejoinder "
                "start`, AGENT_MAX_CALLS",
            )
        )
    if near is not None and near != agent_name:
        found.append(
            Fault(
                f"the worker on this machine is called {near or '(no name)'}, not "
                f"{agent_name or '(no name)'} as in these settings",
                "start it with the AGENT_NAME that the rules call",
            )
        )
    return found


def _notes(there: Inventory, service: Service, near: str | None, agent_name: str) -> Sequence[str]:
    notes: list[str] = []
    if service.there is None:
        notes.append(f"whether a SIP service is connected cannot be told: {service.said}")
    if not there.inbound:
        notes.append("no inbound trunk: nobody can call; `rejoinder phone setup FILE` makes one")
    if not there.outbound:
        notes.append("no outbound trunk: `rejoinder phone call` needs one")
    for trunk in open_to_all(there):
        notes.append(
            f"{trunk.name or trunk.sip_trunk_id} takes calls from any address: give it "
            "allowed_addresses or a password"
        )
    if near is None:
        notes.append(
            f"no worker's health page is on this machine; LiveKit does not tell whether one named "
            f"{agent_name or '(no name)'} is registered elsewhere"
        )
    return notes


def _show(report: _Report) -> None:
    console = Console(highlight=False, soft_wrap=True)
    there = report.there
    if there.inbound:
        table = Table(box=None, pad_edge=False)
        for heading in ("number", "trunk", "persona", "agent", "rule"):
            table.add_column(heading, overflow="fold")
        for answered in answers(there):
            table.add_row(*map(escape, _cells(answered)))
        console.print(table)
    for trunk in there.outbound:
        numbers = ", ".join(trunk.numbers)
        console.print(f"calls out as {numbers} by {trunk.address} ({trunk.name})", markup=False)
    if report.service is not None:
        state = {True: "connected", False: "missing", None: "unknown"}[report.service.there]
        console.print(f"SIP service: {state}; calls now: {report.calls.live}")
    for fault in report.faults:
        console.print(f"[red]wrong[/red]  {escape(fault.what)}")
        console.print(f"       {fault.remedy}", markup=False)
    for note in report.notes:
        console.print(f"note   {note}", markup=False)
    if not report.faults:
        console.print(f"[green]nothing is wrong[/green] at {escape(report.url)}")


def _cells(answered: Answered) -> tuple[str, ...]:
    rule = answered.rule
    return (
        answered.number or "any",
        answered.trunk.name or answered.trunk.sip_trunk_id,
        answered.persona or "as set",
        ", ".join(name or "(no name)" for name in answered.agents) or "nobody",
        (rule.name or rule.sip_dispatch_rule_id) if rule is not None else "none",
    )


def _as_json(report: _Report) -> dict[str, object]:
    there = report.there
    return {
        "url": report.url,
        "sip_service": report.service.there if report.service is not None else None,
        "calls": dataclasses.asdict(report.calls),
        "numbers": [
            {
                "number": answered.number or None,
                "trunk": answered.trunk.sip_trunk_id,
                "rule": answered.rule.sip_dispatch_rule_id if answered.rule is not None else None,
                "persona": answered.persona or None,
                "agents": list(answered.agents),
            }
            for answered in answers(there)
        ],
        "inbound": [_trunk(trunk) for trunk in there.inbound],
        "outbound": [{**_trunk(trunk), "address": trunk.address} for trunk in there.outbound],
        "faults": [dataclasses.asdict(fault) for fault in report.faults],
        "notes": list(report.notes),
    }


def _trunk(trunk: api.SIPInboundTrunkInfo | api.SIPOutboundTrunkInfo) -> dict[str, object]:
    return {"id": trunk.sip_trunk_id, "name": trunk.name, "numbers": list(trunk.numbers)}
