"""A set of scenes under one tempo, in numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from agent.turns.tempo import Tempo
from benchmarks.cost import Cost
from benchmarks.tempo.hops import hops
from benchmarks.tempo.recogniser import KnownWords, draws, table
from benchmarks.tempo.replay import Outcome, replay
from benchmarks.tempo.scenes import Scene

Row = dict[str, Any]
DRAWS = 4
"""Recognisers that can do without little or much of a word's end, where there is no table."""
TURNS = ("turn", "barge_in", "pause")
"""Kinds that are answered, and whose requests are counted."""


def outcomes(scenes: Sequence[Scene], cost: Cost, tempo: Tempo) -> list[Outcome]:
    """Each scene `DRAWS` times, also one that has a table: so all weigh the same."""
    found = []
    for scene in scenes:
        heard = hops(scene)
        made = table(scene)
        if made is not None:
            found += [replay(scene, heard, made, cost, tempo)] * DRAWS
            continue
        for missing_s in draws(DRAWS):
            known = KnownWords(scene.words, missing_s)
            found.append(replay(scene, heard, known, cost, tempo))
    return found


def rows(found: list[Outcome]) -> list[Row]:
    """A line for each kind of scene. Milliseconds."""
    kinds = dict.fromkeys(outcome.scene.kind for outcome in found)
    return [_row(kind, [o for o in found if o.scene.kind == kind]) for kind in kinds]


def _row(kind: str, group: list[Outcome]) -> Row:
    answers = [o.answer_s * 1e3 for o in group if o.answer_s is not None]
    stops = [o.stop_s * 1e3 for o in group if o.stop_s is not None and kind != "turn"]
    row: Row = {
        "kind": kind,
        "n": len({id(o.scene) for o in group}),
        "requests": float(np.mean([o.requests for o in group])),
        "thrown": float(np.mean([o.thrown for o in group])),
        "cut_off": float(np.mean([o.cut_off for o in group])),
        "whole": float(np.mean([o.whole for o in group])),
        "took_floor": float(np.mean([o.took_floor for o in group])),
        "gap_ms": float(np.median([o.gap_s for o in group]) * 1e3),
        "stop_ms": float(np.median(stops)) if stops else None,
    }
    if answers:
        row |= {"answer_ms": float(np.median(answers)), "answer_mean_ms": float(np.mean(answers))}
        row |= {"answer_p95_ms": float(np.percentile(answers, 95))}
    return row


def headline(found: list[Row]) -> tuple[float, float]:
    """Requests a turn, in the mean of plain turns, interruptions and pauses; v2v of plain turns."""
    turns = [row for row in found if row["kind"] in TURNS]
    plain = next(row for row in turns if row["kind"] == "turn")
    return float(np.mean([row["requests"] for row in turns])), float(plain["answer_ms"])
