"""`rejoinder engines`: the tables of engines, which one serves now, what is installed."""

import argparse
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires, version

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.errors import ConfigError
from agent.settings.engines import TABLES, Engine
from agent.settings.load import Settings, StageChoice, load

_STAGES = {
    "stt": "Speech to text",
    "llm": "Language model",
    "tts": "Text to speech",
    "translate": "Translation",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No flags."""


def run(args: argparse.Namespace) -> int:
    """Print the tables; works with wrong settings too, and then says so."""
    console = Console()
    effective: Settings | None = None
    try:
        effective = load()
    except ConfigError as error:
        console.print(f"The settings are wrong, so nothing is marked as chosen:\n{error}\n")
    for stage, engines in TABLES.items():
        choices: tuple[StageChoice, ...] = getattr(effective, stage) if effective else ()
        table = Table(
            title=f"{_STAGES[stage]}: {stage.upper()}_ENGINE", title_justify="left", box=None
        )
        for heading in ("", "engine", "speaks to", "needs", "installed"):
            table.add_column(heading, overflow="fold")
        for name, engine in engines.items():
            table.add_row(
                _mark(name, choices),
                f"[bold]{name}[/bold]",
                escape(engine.summary),
                escape(engine.needs),
                escape(_installed(engine)),
            )
        for name in dict.fromkeys(choice.engine for choice in choices):
            if name not in engines:
                table.add_row(_mark(name, choices), f"[bold]{escape(name)}[/bold]", "your own")
        console.print(table)
        if choices:
            chosen = ", then ".join(map(str, choices))
            console.print(f"  chosen: {chosen} ({choices[0].why})\n", markup=False, highlight=False)
    return 0


def _mark(engine: str, choices: Sequence[StageChoice]) -> str:
    """Whether an engine is the first choice, stands by, or is none of both."""
    if choices and choices[0].engine == engine:
        return "[green]●[/green]"
    return "[green]○[/green]" if engine in {choice.engine for choice in choices} else ""


def _installed(engine: Engine) -> str:
    if engine.extra is None or not missing_packages(engine.extra):
        return "yes"
    return f"no: uv sync --extra {engine.extra}"


def missing_packages(extra: str) -> list[str]:
    """Packages of one of our extras that are not installed here."""
    missing = []
    for requirement in requires("rejoinder") or ():
        if not re.search(rf"""extra\s*==\s*['"]{re.escape(extra)}['"]""", requirement):
            continue
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    return missing
