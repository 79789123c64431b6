"""The table of faults in lists of engines, from `benchmarks.faults`."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

TITLE = "## When an engine of a list fails in the middle of a turn"
NOT_MEASURED = f"{TITLE}\n\nNot measured yet: `python -m benchmarks.faults`.\n"
_LONGEST = 1.5
"""How much longer than the budget the caller may wait."""
_WITHIN = ("broken off", "stalled")
"""Faults in the middle of an answer: what counts is the hole in it."""
_STAGES = {"stt": "recogniser", "llm": "model", "tts": "voice"}


def table(record: Mapping[str, Any]) -> str:
    """The section, in Markdown."""
    trials: Sequence[Mapping[str, Any]] = record["trials"]
    usual = [t["before"]["wait_ms"] for t in trials if t["before"]["wait_ms"] is not None]
    if not usual:
        raise ValueError("no turn was answered at all: there is nothing to compare with")
    usual_ms = median(usual)
    timeout_ms = 1e3 * record["timeout_s"]
    budget_ms = timeout_ms + usual_ms
    lines = [
        "| the first engine is | stage | calls lost | turns lost | words lost, said twice | "
        "caller waits, median (longest) | hole in the answer | next turn | back after |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    begun = [t for t in trials if t["before"]["wait_ms"] is not None]
    for fault, stage in dict.fromkeys((t["fault"], t["stage"]) for t in begun):
        rows = [t for t in begun if (t["fault"], t["stage"]) == (fault, stage)]
        lines.append(_row(fault, stage, rows))
    over = _over(begun, budget_ms)
    early = [t for t in trials if t.get("failed")]
    ended = f" {len(early)} of {len(trials)} calls ended before their time." if early else ""
    never = len(trials) - len(begun)
    ended += f" {never} had no first answer and are in no row." if never else ""
    verdict = "no caller waited longer" if not over else f"longer waited: {', '.join(over)}"
    return (
        f"{TITLE}\n\n`python -m benchmarks.faults`, {record['began']}, {record['machine']}, "
        f"livekit-agents {record['livekit-agents']}: real calls, stand-ins, lists of two engines, "
        f"`*_NEAR_TIMEOUT_S={record['timeout_s']:g}` and as much for a pause in an answer. A turn "
        f"that nothing disturbs is answered after {_s(usual_ms)}, so the budget of one that meets "
        f"a fault is {_s(budget_ms)}, and {_LONGEST:g} times that {_s(_LONGEST * budget_ms)}: "
        f"{verdict}.{ended} Words of a model are said twice where the one that goes on is a "
        "stand-in, which begins its text anew whatever it is told.\n\n" + "\n".join(lines) + "\n"
    )


def _row(fault: str, stage: str, rows: Sequence[Mapping[str, Any]]) -> str:
    during = [row["during"] for row in rows]
    lost = sum(_is_lost(turn) for turn in during)
    waits = [turn["wait_ms"] for turn in during if turn["wait_ms"] is not None]
    after = [row["after"]["wait_ms"] for row in rows if not _is_lost(row["after"])]
    back = [row["back_s"] for row in rows if row["back_s"] is not None]
    holes = max(turn["hole_ms"] for turn in during)
    words = f"{max(t['lost_words'] for t in during)}, {max(t['again'] for t in during)}"
    cells = [
        fault,
        _STAGES[stage],
        f"{sum(row['call_lost'] for row in rows)} of {len(rows)}",
        f"{lost} of {len(rows)}",
        words,
        f"{_s(median(waits))} ({_s(max(waits))})" if waits else "no answer",
        _s(holes) if fault in _WITHIN else "",
        f"{_s(median(after))}{_of(after, rows)}" if after else "no answer",
        f"{median(back):.0f} s{_of(back, rows)}" if back else "not within 40 s",
    ]
    return f"| {' | '.join(cells)} |"


def _of(good: Sequence[float], rows: Sequence[Mapping[str, Any]]) -> str:
    """How many calls a number is of, where it is not of all."""
    return "" if len(good) == len(rows) else f" ({len(good)} of {len(rows)})"


def _is_lost(turn: Mapping[str, Any]) -> bool:
    return turn["wait_ms"] is None or turn["apology"]


def _over(trials: Sequence[Mapping[str, Any]], budget_ms: float) -> list[str]:
    """Faults with which a caller waited too long, in the turn that met one or in the next."""
    found = {}
    for trial in trials:
        for turn in (trial["during"], trial["after"]):
            wait_ms = float("inf") if turn["wait_ms"] is None else turn["wait_ms"]
            if max(wait_ms, turn["hole_ms"]) > _LONGEST * budget_ms:
                found[f"{trial['fault']}, {_STAGES[trial['stage']]}"] = True
    return list(found)


def _s(ms: float) -> str:
    return f"{ms / 1e3:.2f} s"
