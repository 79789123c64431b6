"""`rejoinder memory`: what is stored of callers, for who runs the service."""

import argparse
import time

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.errors import ConfigError
from agent.memory.opened import Opened, opened
from agent.memory.person import phone
from agent.settings.load import load

_SHORT = 12
"""Digits of a hash that a list shows."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, and of whom."""
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    what.add_parser("list", help="of how many people something is stored, since when: no words")
    what.add_parser("prune", help="delete what is older than MEMORY_KEEP_DAYS")
    for name, help in (
        ("show", "all that is stored of one person"),
        ("delete", "delete it, and the person's yes with it"),
    ):
        one = what.add_parser(name, help=help)
        one.add_argument(
            "identity",
            nargs="?",
            help="of a participant, or a telephone's number with --phone; without it you are "
            "asked, so that no shell keeps it",
        )
        one.add_argument("--phone", action="store_true", help="it is the number of a telephone")


def run(args: argparse.Namespace) -> int:
    """Do it; returns 1 if nothing is stored of the person."""
    memory, console = opened(load().memory), Console()
    match args.what:
        case "list":
            _list(memory, console)
        case "prune":
            print(f"deleted: {memory.store.prune()}")
        case "show":
            return _show(memory, _person(memory, args), console)
        case _:
            return _delete(memory, _person(memory, args))
    return 0


def _person(memory: Opened, args: argparse.Namespace) -> str:
    """The hash of who is meant."""
    try:
        given = args.identity or input("number: " if args.phone else "identity: ").strip()
    except EOFError:
        given = ""
    known_as = phone(given) if args.phone else f"identity:{given}"
    if not given or not known_as:
        raise ConfigError("a telephone's number has three digits or more, an identity a letter")
    return memory.person(known_as)


def _list(memory: Opened, console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("person", "agreed", "last call", "facts", "summary"):
        table.add_column(heading, no_wrap=True)
    for row in memory.store.people():
        table.add_row(
            row.person[:_SHORT],
            _date(row.agreed_at),
            _date(row.seen_at),
            str(row.facts),
            "yes" if row.summary else "no",
        )
    console.print(table)


def _show(memory: Opened, person: str, console: Console) -> int:
    known = memory.store.shown(person)
    if known.agreed_at is None:
        print("nothing is stored of this person")
        return 1
    lines = [f"agreed on {_date(known.agreed_at)}"]
    lines += [f"{fact.id}  {_date(fact.told_at)}  {fact.text}" for fact in known.facts]
    if known.summary:
        lines.append(f"summary of {_date(known.summary_at)}: {known.summary}")
    for line in lines:
        console.print(escape(line), highlight=False, soft_wrap=True)
    return 0


def _delete(memory: Opened, person: str) -> int:
    there = memory.store.shown(person).agreed_at is not None
    memory.store.withdraw(person)
    print("deleted" if there else "nothing is stored of this person")
    return 0 if there else 1


def _date(at: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))
