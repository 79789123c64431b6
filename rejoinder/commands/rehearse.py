"""`rejoinder rehearse`: scripted talks with a persona, which fail when it misbehaves."""

import argparse
import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from agent.errors import ConfigError
from agent.job.log import set_up_logs
from agent.options.rehearsing import RehearseOptions
from agent.personas.chosen import SHIPPED
from agent.settings.load import load
from rejoinder.rehearsal.findings import PlayedRehearsal, PlayedTalk
from rejoinder.rehearsal.report import print_table, write_json, write_junit
from rejoinder.rehearsal.script import ReadRehearsal, read_all

if TYPE_CHECKING:
    from rejoinder.rehearsal.backstage import Backstage
    from rejoinder.rehearsal.by_text import ByText
    from rejoinder.rehearsal.by_voice import ByVoice

_MOST_REPEATS = 1000
_PLAIN_WIDTH = 160
"""Of the table where there is no terminal, characters."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is rehearsed, with which model, and what is written."""
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="NAME.rehearsal.yaml, or a folder of such files; default: the personas' folder",
    )
    parser.add_argument(
        "--real", action="store_true", help="the model that is set answers, not the files' scripts"
    )
    parser.add_argument(
        "--voice",
        action="store_true",
        help="speak, in a room of a LiveKit server that is started for it; takes minutes",
    )
    parser.add_argument("--repeat", type=_repeats, default=1, metavar="N", help="play it N times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found there")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="the same as JUnit's XML")
    parser.add_argument("--list", action="store_true", help="list the talks and play none")
    parser.add_argument(
        "--judge-url", default="", help="a server with a model that judges: REHEARSE_JUDGE_URL"
    )
    parser.add_argument("--judge-model", default="", help="its model: REHEARSE_JUDGE_MODEL")


def run(args: argparse.Namespace) -> int:
    """Play; returns 1 when something did not hold. A file that is wrong is an error of ours."""
    flags = {
        name: value
        for name, value in (
            ("REHEARSE_JUDGE_URL", args.judge_url),
            ("REHEARSE_JUDGE_MODEL", args.judge_model),
        )
        if value
    }
    settings = load(flags=flags)
    files = read_all(args.files or [settings.personas.personas or SHIPPED])
    if args.list:
        _print_list(files)
        return 0
    for path in filter(None, (args.json, args.junit)):
        if not path.resolve().parent.is_dir():
            raise ConfigError(f"the folder of {path} does not exist")
    set_up_logs()
    logging.disable(logging.WARNING)  # what else goes wrong is told in the table
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH)
    plan = _Plan(args.real, args.voice, args.repeat, settings.rehearse)
    played = asyncio.run(_play(files, plan))
    print_table(console, played)
    if args.json is not None:
        write_json(args.json, played)
    if args.junit is not None:
        write_junit(args.junit, played)
    return 1 if any(rehearsal.failed for rehearsal in played) else 0


@dataclass(frozen=True, slots=True)
class _Plan:
    real: bool
    voice: bool
    repeat: int
    judging: RehearseOptions


async def _play(files: Sequence[ReadRehearsal], plan: _Plan) -> list[PlayedRehearsal]:
    # Their libraries take seconds to import.
    from rejoinder.rehearsal.backstage import Backstage
    from rejoinder.rehearsal.judge_model import JudgeModel

    found: list[PlayedRehearsal] = []
    talks = sum(len(file.file.talks) for file in files) * plan.repeat
    async with AsyncExitStack() as stack:
        judge = None
        if plan.judging.judge_url:
            judge = await stack.enter_async_context(JudgeModel(plan.judging))
        with _Watching(talks) as watching:
            for file in files:
                async with Backstage(file, real=plan.real, judge=judge) as backstage:
                    played = backstage.begin()
                    found.append(played)
                    watching.begin(f"{file.name}: starting")
                    async with _stage(backstage, by_voice=plan.voice) as stage:
                        for repetition in range(1, plan.repeat + 1):
                            for talk in file.file.talks:
                                watching.begin(f"{file.name}: {talk.title}")
                                played.talks.append(PlayedTalk(talk.title, repetition))
                                await stage.play(talk, played.talks[-1])
                                watching.done()
    return found


def _stage(backstage: "Backstage", *, by_voice: bool) -> "ByText | ByVoice":
    if by_voice:
        from rejoinder.rehearsal.by_voice import ByVoice

        return ByVoice(backstage)
    from rejoinder.rehearsal.by_text import ByText

    return ByText(backstage)


class _Watching:
    """Shows on standard error how far it is, on a terminal as a bar."""

    def __init__(self, talks: int) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=talks)
        self._show: Callable[[str], None] = (
            self._update if self._console.is_terminal else self._print
        )

    def __enter__(self) -> "_Watching":
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def begin(self, what: str) -> None:
        self._show(what)

    def done(self) -> None:
        self._bar.advance(self._task)

    def _update(self, what: str) -> None:
        self._bar.update(self._task, description=escape(what))

    def _print(self, what: str) -> None:
        self._console.print(what, markup=False, highlight=False)


def _print_list(files: Sequence[ReadRehearsal]) -> None:
    for file in files:
        print(f"{file.path} ({file.persona})")
        for talk in file.file.talks:
            turns = sum(len(call) for call in talk.held)
            print(f"  {talk.title}: {turns} turn{'s' if turns > 1 else ''}")


def _repeats(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= _MOST_REPEATS:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 to {_MOST_REPEATS}")
    return number
