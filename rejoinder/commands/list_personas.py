"""`rejoinder personas`: who the agent can be, and what is wrong in the files."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.options.personas import PersonaOptions
from agent.personas.chosen import SHIPPED, shelf_of
from agent.personas.texts import said_in
from agent.settings.load import load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which folder, and in which language."""
    parser.add_argument("folder", type=Path, nargs="?", help="another folder than PERSONAS")
    parser.add_argument(
        "--language", default="en", metavar="TAG", help="of the titles; default: %(default)s"
    )


def run(args: argparse.Namespace) -> int:
    """Print the table; returns 1 if a file is wrong."""
    options = load().personas if args.folder is None else PersonaOptions(personas=args.folder)
    shelf = shelf_of(options)
    table = Table(box=None, pad_edge=False)
    for heading in ("", "name", "title", "about", "languages", "voices"):
        table.add_column(heading, overflow="fold")
    for name, shelved in shelf.personas.items():
        file = shelved.file
        voices = ", ".join(
            f"{language or 'any'}: {voice.name}" for language, voice in file.voice.items()
        )
        cells = (
            said_in(file.title, [args.language]),
            said_in(file.about, [args.language]) or "",
            ", ".join(file.languages),
            voices,
        )
        mark = "[green]●[/green]" if name == options.default else ""
        table.add_row(mark, f"[bold]{escape(name)}[/bold]", *map(escape, cells))
    console = Console()
    console.print(table)
    console.print(f"\nin {options.personas or SHIPPED}", markup=False, highlight=False)
    for mistake in shelf.mistakes:
        print(mistake, file=sys.stderr)  # noqa: T201 - the terminal is the product here
    return 1 if shelf.mistakes else 0
