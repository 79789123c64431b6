"""The tables of what was run: engines from top to bottom, cases from left to right."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from agent.settings.engines import TABLES
from tools.engines_doc.cases import NOT_APPLICABLE, SHOWN, case_of
from tools.engines_doc.outcomes import Outcome
from tools.engines_doc.rows import WITHOUT_CONTRACT, Row, is_of_none, row_of

_TITLES = {
    "stt": "Recognisers",
    "llm": "Language models",
    "tts": "Voices",
    "translate": "Translators",
}
_LEGEND = """\
A number: so many tests of the contract that the engines of the stage share have passed. *own*: the
contract does not ask for it, and a test of the engine's own shows it, of this way of asking where
there are several. A letter: why there is nothing to show. **?**: nobody has shown it. **–**: its
tests were not run. **✗**: it failed."""


def read(file: Path) -> list[Outcome]:
    """What the plug-in of pytest has written."""
    return [Outcome(**fact) for fact in json.loads(file.read_text())]


def tables(outcomes: Sequence[Outcome]) -> str:
    """All stages, in Markdown."""
    parts = [_LEGEND]
    for stage, title in _TITLES.items():
        own_stage = [o for o in outcomes if f"/{stage}/" in o.file]
        parts.append(f"### {title}\n\n{_table(stage, own_stage)}")
    return "\n\n".join(parts)


def missing(outcomes: Iterable[Outcome]) -> list[str]:
    """Tests of a contract that no case has, and tests whose engine cannot be told."""
    found = set()
    for outcome in outcomes:
        if outcome.contract and not case_of(outcome.test):
            found.add(f"{outcome.contract}.{outcome.test} is of no case")
        if _row(outcome) is None and not (outcome.cls == "" and is_of_none(outcome.file)):
            found.add(f"{outcome.file}::{outcome.cls}: which engine is it?")
    return sorted(found)


def _row(outcome: Outcome) -> Row | None:
    return row_of(outcome.file, outcome.cls, outcome.test, outcome.params)


def _table(stage: str, outcomes: Sequence[Outcome]) -> str:
    notes: dict[str, str] = {}
    lines = [
        f"| engine | | {' | '.join(SHOWN)} |",
        f"|---|---|{'---|' * len(SHOWN)}",
    ]
    by_row: dict[Row, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        row = _row(outcome)
        if row is not None and outcome.contract:
            by_row[row].append(outcome)
    order = [*TABLES[stage], "a list"]  # type: ignore[index]
    for row in sorted(by_row, key=lambda row: (order.index(row.engine), row.way)):
        of_row = by_row[row]
        own = [o for o in outcomes if not o.contract and _is_own(o, row, by_row)]
        cells = [_cell(title, of_row, own, notes) for title in SHOWN]
        name = f"`{row.engine}`" if row.engine in TABLES[stage] else row.engine  # type: ignore[index]
        lines.append(f"| {name} | {row.way} | {' | '.join(cells)} |")
    for (of, engine), why in WITHOUT_CONTRACT.items():
        if of == stage and engine not in {row.engine for row in by_row}:
            lines.append(f"| `{engine}` | {why} |{' |' * len(SHOWN)}")
    told = "\n".join(f"- {letter}: {why}" for why, letter in notes.items())
    return "\n".join(lines) + (f"\n\n{told}" if told else "")


def _is_own(outcome: Outcome, row: Row, by_row: Mapping[Row, Sequence[Outcome]]) -> bool:
    """Whether a test that no contract asks for shows something of a row.

    Of an engine that is asked in several ways: by its class, by its module where that is of one way
    alone, or by its name.
    """
    of = _row(outcome)
    if of is None or of.engine != row.engine:
        return False
    ways = [one for one in by_row if one.engine == row.engine]
    if of == row or ways == [row]:
        return True
    here = {way for way in ways if any(o.file == outcome.file for o in by_row[way])}
    if here == {row} and of not in ways:
        return True
    way = "_".join(row.way.lower().split())
    return bool(way) and of not in ways and f"_{way}_" in f"_{outcome.test}_"


def _cell(
    title: str, of_row: Sequence[Outcome], own: Sequence[Outcome], notes: dict[str, str]
) -> str:
    asked = [o for o in of_row if case_of(o.test) == title]
    if any(o.outcome == "failed" for o in asked):
        return "**✗**"
    shown = [o for o in asked if o.outcome == "passed"]
    if shown:
        return str(len({o.test for o in shown}))
    if any(case_of(o.test) == title and o.outcome == "passed" for o in own):
        return "*own*"
    reasons = [o.reason for o in asked if o.reason] or _reasons(title, of_row)
    if reasons:
        return _letter(reasons[0], notes)
    return "**–**" if any(o.outcome == "not run" for o in asked) else "**?**"


def _reasons(title: str, of_row: Sequence[Outcome]) -> list[str]:
    contracts = of_row[0].contracts
    found = [NOT_APPLICABLE.get((contract, title), "") for contract in contracts]
    if contracts == ["WireContract"]:
        found.append(NOT_APPLICABLE["WireContract", ""])
    return [why for why in found if why]


def _letter(why: str, notes: dict[str, str]) -> str:
    return notes.setdefault(why, chr(ord("a") + len(notes)))
