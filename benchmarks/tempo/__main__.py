"""How often the recogniser is asked, and how soon an answer comes, over recorded voices.

    python -m benchmarks.prompts                        # once: people's voices
    nice -n 19 python -m benchmarks.tempo.whisper_tables  # once: what Whisper writes of prefixes
    python -m benchmarks.tempo                          # both sets, in a minute
    python -m benchmarks.tempo --check                  # the real benchmark's turns, one by one
    python -m benchmarks.tempo --sensitivity --out benchmarks/results/tempo.json

The real ear and the real turn taker, on the clock of the audio. What the recogniser knows of an
upload is what Whisper tiny.en wrote about that prefix, or, of voices that it does not understand,
follows from the words' times; how long it takes grows with the upload and with company. Only the
time of engines and network is assumed (`benchmarks.tempo.replay`). Numbers are searched for on the
set `fitted` alone. What was computed once is kept in ~/.cache/rejoinder/tempo.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from agent.turns.tempo import TEMPO, Tempo
from benchmarks.bench import RESULTS, rounded
from benchmarks.cost import CONSTANT, REAL, SERIAL, Cost
from benchmarks.tempo import calibration, sets, summary
from benchmarks.tempo.scenes import Scene
from benchmarks.texts import FITTED, UNSEEN

COSTS = {"constant": CONSTANT, "real": REAL, "serial": SERIAL}
STEP = 0.3


def measured(scenes: Sequence[Scene], cost: Cost, tempo: Tempo = TEMPO) -> list[summary.Row]:
    """Scenes under one cost and one tempo."""
    return summary.rows(summary.outcomes(scenes, cost, tempo))


def all_rows(label: str) -> list[summary.Row]:
    """Both sets under all costs."""
    return [
        {"label": label, "set": name, "cost": cost, **row}
        for name in sets.NAMES
        for cost, value in COSTS.items()
        for row in measured(sets.scenes_of(name), value)
    ]


def sensitivity() -> list[dict[str, Any]]:
    """Each number 30 % smaller and larger, on what is answered of the unseen set."""
    found = []
    scenes = [scene for scene in sets.scenes_of("unseen") if scene.kind in summary.TURNS]
    for field in fields(Tempo):
        row: dict[str, Any] = {"number": field.name, "value": getattr(TEMPO, field.name)}
        for sign in (-1, 1):
            changed = replace(TEMPO, **{field.name: row["value"] * (1 + sign * STEP)})
            rows = measured(scenes, REAL, changed)
            requests, answer_ms = summary.headline(rows)
            cut_off = max(r["cut_off"] for r in rows)
            row["less" if sign < 0 else "more"] = [requests, answer_ms, cut_off]
        found.append(row)
        print(row, flush=True)
    return found


def check() -> list[dict[str, Any]]:
    """The kept runs of the real benchmark beside the same turns offline."""
    found = []
    for path in sorted(RESULTS.glob("run-*.json")):
        record = json.loads(path.read_text("utf-8"))
        found += [
            {"run": path.stem, **row} for row in calibration.summary(calibration.pairs(record))
        ]
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only compare with kept runs")
    parser.add_argument("--sensitivity", action="store_true", help="vary each number by 30 %%")
    parser.add_argument("--label", default="now", help="what these rows are of")
    parser.add_argument("--out", type=Path, help="add the rows to this record")
    args = parser.parse_args()
    if args.check:
        _print(check())
        return
    rows = all_rows(args.label)
    _print(rows)
    if args.out is None:
        return
    record: dict[str, Any] = {"env": {}, "tempo": []}
    if args.out.is_file():
        record = json.loads(args.out.read_text("utf-8"))
    kept = [row for row in record["tempo"] if row["label"] != args.label]
    record |= {
        "when": time.time(), "tempo": kept + rows, "sets": {"fitted": FITTED, "unseen": UNSEEN}
    }  # fmt: skip
    if args.sensitivity:
        record["sensitivity"] = sensitivity()
    args.out.write_text(dumped(record), "utf-8")


def dumped(record: dict[str, Any]) -> str:
    """JSON with a row per line: it is kept under version control."""
    parts = []
    for name, value in rounded(record).items():
        rows = value if isinstance(value, list) else []
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        text = f"[\n{lines}\n]" if rows else json.dumps(value, ensure_ascii=False)
        parts.append(f"{json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _print(rows: list[dict[str, Any]]) -> None:
    for row in rounded(rows):
        print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
