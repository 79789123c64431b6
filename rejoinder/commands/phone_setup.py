"""`rejoinder phone setup`: LiveKit's trunks and dispatch rules become those of a file."""

import argparse
import asyncio
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.personas.chosen import shelf_of
from agent.settings.load import Settings, environment, load
from rejoinder.phone.inventory import open_livekit, take_stock
from rejoinder.phone.phone_file import read_phone_file
from rejoinder.phone.plan import Step, make_plan
from rejoinder.phone.provision import carry_out
from rejoinder.phone.wanted import Wanted, wanted_by

DEFAULT_FILE = Path("deploy/sip/phone.yaml")
_STYLE = {"create": "green", "update": "yellow", "delete": "red", "leave": "magenta", "keep": "dim"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which file, and what may be done."""
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        default=DEFAULT_FILE,
        metavar="FILE",
        help="YAML with trunks and numbers; default: %(default)s",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show what would be done and do nothing; exits 1 if something would be",
    )
    parser.add_argument(
        "--prune",
        action="store_true",
        help="delete the trunks and rules that an earlier version of the file made and this one "
        "no longer has; nobody else's are touched",
    )


def run(args: argparse.Namespace) -> int:
    """Do what the file asks for and print it."""
    settings = load()
    shelf = shelf_of(settings.personas)
    for mistake in shelf.mistakes:
        print(mistake, file=sys.stderr)
    file = read_phone_file(args.file, variables=environment(), personas=frozenset(shelf.personas))
    wanted = wanted_by(file, agent_name=settings.agent.name)
    return asyncio.run(_set_up(settings, wanted, dry=args.dry_run, prune=args.prune))


async def _set_up(settings: Settings, wanted: Wanted, *, dry: bool, prune: bool) -> int:
    console = Console(highlight=False, soft_wrap=True)
    async with open_livekit(settings.livekit) as livekit:
        plan = make_plan(wanted, await take_stock(livekit), prune=prune)
        changes = sum(step.changes for step in plan)
        if dry or not changes:
            console.print(_table(plan))
            if not changes:
                console.print(
                    f"\nall is as the file has it; nothing to do at {settings.livekit.url}"
                )
                return 0
            console.print(f"\n{changes} to do at {settings.livekit.url}; nothing was done")
            return 1
        async for step in carry_out(livekit, plan):
            console.print(_line(step))
        left = [step for step in plan if step.action == "leave"]
        for step in left:
            console.print(_line(step))
        kept = len(plan) - changes - len(left)
        console.print(f"\n{changes} done, {kept} kept; `rejoinder phone status` looks at all of it")
    return 0


def _table(plan: tuple[Step, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "what", "name", ""):
        table.add_column(heading, overflow="fold")
    for step in plan:
        style = _STYLE[step.action]
        table.add_row(f"[{style}]{step.action}[/]", step.kind, escape(step.info.name), step.why)
    return table


def _line(step: Step) -> str:
    style = _STYLE[step.action]
    why = f" ({step.why})" if step.why else ""
    return f"[{style}]{step.action}[/] {step.kind} {escape(step.info.name)}{why}"
