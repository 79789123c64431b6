"""What a rehearsal has found, for people and for programs."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rejoinder.rehearsal.findings import PlayedRehearsal, PlayedTalk, PlayedTurn

_GREETING = "(the greeting)"
_NO_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def print_table(console: Console, played: Sequence[PlayedRehearsal]) -> None:
    """A line a turn, then what has failed and what was skipped."""
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("", width=1)
    for heading, share in (("rehearsal", 2), ("talk", 3), ("said", 4), ("reply", 5)):
        table.add_column(heading, no_wrap=True, overflow="ellipsis", ratio=share)
    table.add_column("first word", justify="right", no_wrap=True)
    table.add_column("held", no_wrap=True)
    for rehearsal in played:
        for talk, turn in rehearsal.turns():
            table.add_row(*_row(rehearsal, talk, turn))
    console.print(table)
    for rehearsal in played:
        for talk, turn in rehearsal.turns():
            if turn.failures:
                _print_failures(console, rehearsal, talk, turn)
    _print_sums(console, played)


def as_json(played: Sequence[PlayedRehearsal]) -> dict[str, Any]:
    """All of it, as one object."""
    return {
        "passed": not any(rehearsal.failed for rehearsal in played),
        "rehearsals": [
            {
                "file": str(rehearsal.path),
                "name": rehearsal.name,
                "persona": rehearsal.persona,
                "model": rehearsal.model,
                "passed": not rehearsal.failed,
                "turns": [_turn_as_json(talk, turn) for talk, turn in rehearsal.turns()],
            }
            for rehearsal in played
        ],
    }


def write_json(path: Path, played: Sequence[PlayedRehearsal]) -> None:
    """Write it; blocks."""
    path.write_text(json.dumps(as_json(played), ensure_ascii=False, indent=2) + "\n", "utf-8")


def write_junit(path: Path, played: Sequence[PlayedRehearsal]) -> None:
    """Write it as JUnit's XML, a test case a turn; blocks."""
    root = ElementTree.Element("testsuites", name="rehearsals")
    for rehearsal in played:
        turns = list(rehearsal.turns())
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=rehearsal.name,
            tests=str(len(turns)),
            failures=str(sum(bool(turn.failures) for _, turn in turns)),
            errors="0",
            skipped="0",
            time=f"{sum(turn.lasted_s for _, turn in turns):.3f}",
        )
        for number, (talk, turn) in enumerate(turns, 1):
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=_xml(f"{rehearsal.name}.{_title(talk)}"),
                name=_xml(f"{number}. {turn.said or _GREETING}"),
                time=f"{turn.lasted_s:.3f}",
            )
            if turn.failures:
                first = turn.failures[0]
                failure = ElementTree.SubElement(
                    case, "failure", message=_xml(f"{first.expected}: {first.why}")
                )
                failure.text = _xml("\n".join(_explained(turn)))
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _row(rehearsal: PlayedRehearsal, talk: PlayedTalk, turn: PlayedTurn) -> list[str]:
    looked = [finding for finding in turn.findings if finding.outcome != "skipped"]
    held = f"{len(looked) - len(turn.failures)}/{len(looked)}"
    skipped = len(turn.findings) - len(looked)
    waited = "" if turn.first_word_s is None else f"{turn.first_word_s:.2f} s"
    return [
        "[red]✗[/red]" if turn.failures else "[green]✓[/green]",
        escape(rehearsal.name),
        escape(_title(talk)),
        escape(_line(turn.said or _GREETING)),
        escape(_line(turn.reply)),
        waited,
        held + (f" [dim]+{skipped} skipped[/dim]" if skipped else ""),
    ]


def _print_failures(
    console: Console, rehearsal: PlayedRehearsal, talk: PlayedTalk, turn: PlayedTurn
) -> None:
    console.print(f"\n[red]✗[/red] {escape(rehearsal.path.name)}: {escape(_title(talk))}")
    for line in _explained(turn):
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _explained(turn: PlayedTurn) -> list[str]:
    lines = [f"said:     {turn.said or _GREETING}", f"reply:    {turn.reply or '(nothing)'}"]
    if turn.tools:
        lines.append(f"tools:    {', '.join(turn.tools)}")
    return lines + [f"expected: {f.expected}; {f.why}" for f in turn.failures]


def _print_sums(console: Console, played: Sequence[PlayedRehearsal]) -> None:
    turns = [turn for rehearsal in played for _, turn in rehearsal.turns()]
    failed = sum(bool(turn.failures) for turn in turns)
    skipped: dict[str, int] = {}
    for finding in (finding for turn in turns for finding in turn.findings):
        if finding.outcome == "skipped":
            skipped[finding.why] = skipped.get(finding.why, 0) + 1
    models = ", ".join(dict.fromkeys(rehearsal.model for rehearsal in played))
    console.print(f"\n{len(turns)} turns, {failed} failed; answered by: {models}", highlight=False)
    for why, count in skipped.items():
        console.print(f"skipped {count}: {why}", markup=False, highlight=False)


def _turn_as_json(talk: PlayedTalk, turn: PlayedTurn) -> dict[str, Any]:
    return {
        "talk": talk.title,
        "repetition": talk.repetition,
        "call": turn.call,
        "said": turn.said,
        "reply": turn.reply,
        "tools": list(turn.tools),
        "first_word_s": turn.first_word_s,
        "lasted_s": round(turn.lasted_s, 3),
        "passed": not turn.failures,
        "findings": [
            {"expected": f.expected, "outcome": f.outcome, "why": f.why} for f in turn.findings
        ],
    }


def _title(talk: PlayedTalk) -> str:
    return talk.title if talk.repetition == 1 else f"{talk.title} #{talk.repetition}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _xml(text: str) -> str:
    return _NO_XML.sub("�", text)
