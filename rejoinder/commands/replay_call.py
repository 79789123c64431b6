"""`rejoinder replay` of a call: a page, and what other settings would have made of it."""

import difflib
from typing import cast

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.errors import ConfigError
from agent.options.turns import TurnOptions
from agent.recorder.again import decide, recorded_options, reproduces
from agent.recorder.comparison import Comparison, compare
from agent.recorder.recording import Recording
from agent.settings.reading import variable
from agent.turns.schedule import Eagerness
from rejoinder.replay.otherwise import summary
from rejoinder.replay.page import page
from rejoinder.replay.story import tell

_PREFIX = "TURN_"
LIMITS = (
    "The caller and the agent are as they were recorded: nobody answers an answer that came "
    "sooner, and the background is what it was.",
    "Words at moments that were not recorded are those of the nearest recorded result whose voice "
    "ends no later, with that result's delay.",
)
"""What cannot be known, in words."""


def show(recording: Recording, others: list[str]) -> str:
    """Print what would have been under other settings of turn-taking; returns the call's page.

    Raises:
        ConfigError: `others` has a name or value that there is not.
        RecordingError: the recording lacks what it takes to decide again.
    """
    console = Console(highlight=False, soft_wrap=True)
    comparisons = _decided_again(recording, others, console) if others else []
    return page({**tell(recording, comparisons), "limits": LIMITS})


def _decided_again(
    recording: Recording, others: list[str], console: Console
) -> list[tuple[str, Comparison]]:
    before = decide(recording)
    if not recording.whole:
        console.print("[yellow]Parts of the recording are missing: figures are less certain.[/]")
    if not reproduces(recording, before):
        console.print(
            "[yellow]This version decides otherwise than the recorded one did, with the same "
            "settings: it is compared with itself.[/]"
        )
    found: list[tuple[str, Comparison]] = []
    for text in others:
        options, eagerness = parse(text, recording)
        after = decide(recording, options, eagerness=eagerness)
        comparison = compare(before, after)
        found.append((text, comparison))
        console.print(f"\n[bold]with {escape(text)}[/]: {summary(comparison)}")
        console.print(_table(recording, comparison))
        counts = (
            (after.guessed_answers, "answered with the nearest recorded result"),
            (after.unanswered, "left open: no result was recorded so early"),
        )
        for count, what in counts:
            if count:
                console.print(f"{count} request{'s' if count > 1 else ''} {what}")
    console.print("")
    for limit in LIMITS:
        console.print(f"[dim]{limit}[/]")
    return found


def parse(text: str, recording: Recording) -> tuple[TurnOptions, Eagerness | None]:
    """Other settings than the recorded ones, as they are written after `--with`.

    Raises:
        ConfigError: one has no such name or value.
    """
    names = {variable(_PREFIX, field): field for field in TurnOptions.model_fields}
    chosen = recorded_options(recording).model_dump()
    eagerness: Eagerness | None = None
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, given, value = part.partition("=")
        if name not in names or not given:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(f"--with {part}: should be TURN_NAME=VALUE{hint}")
        if names[name] == "model" and value != chosen["model"]:
            raise ConfigError(f"--with {part}: what another model would have said is not recorded")
        chosen[names[name]] = value
        if names[name] == "eagerness" and value != "auto":
            eagerness = cast(Eagerness, value)
    try:
        return TurnOptions.model_validate(chosen), eagerness
    except ValidationError as error:
        fault = error.errors()[0]
        raise ConfigError(f"{variable(_PREFIX, str(fault['loc'][0]))}: {fault['msg']}") from None


def _table(recording: Recording, comparison: Comparison) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("at", "the caller said", "silence", "over", "difference"):
        table.add_column(heading, style="dim" if heading == "at" else None)
    for compared in comparison.turns:
        turn = compared.turn
        other = compared.other
        difference = (
            "into the next" if compared.sooner_s is None else f"{-compared.sooner_s * 1e3:+.0f} ms"
        )
        if compared.cut_off:
            difference += f", [red]cut off {compared.cut_off}×[/]"
        table.add_row(
            f"{recording.time_of(turn.began):.1f} s",
            escape(turn.text),
            f"{turn.silence_s:.2f} s",
            "" if other is None else f"{other.silence_s:.2f} s",
            difference,
        )
    return table
