"""Markdown tables of the results."""

from functools import partial
from typing import Any

import numpy as np

from benchmarks import scorecard
from benchmarks.load_callers import TURNS
from benchmarks.measures import MEANS, PATH, RANGES, SHARES, TIMES, Record, readings, systems


def grid(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


_BASES = {"vanilla": "", "tuned": " to tuned"}
"""What ours is compared with, and how the columns of the ratios end."""


def comparison(records: list[Record]) -> str:
    """A line per measure, a column per system and run: p50 / p95 (n), and what ours is of others.

    The ratios are of ours to the other system's p50.
    """
    names = systems(records)
    bases = [name for name in _BASES if name in names]
    plural = len(records) > 1
    head = ["measure"]
    head += [
        f"{name}, run {n + 1}" if plural else name for n in range(len(records)) for name in names
    ]
    for base in bases:
        head += [f"p50 ratio{_BASES[base]}", f"p95 ratio{_BASES[base]}"]
    rows = []
    for measure in TIMES:
        cells = []
        ratios: dict[str, tuple[list[str], list[str]]] = {base: ([], []) for base in bases}
        for record in records:
            found = {name: readings(record, name, measure) for name in names}
            cells += [_spread(found[name]) for name in names]
            ours = found.get("ours", [])
            for base, (halves, tails) in ratios.items():
                if len(found[base]) and len(ours) and (middle := float(np.median(found[base]))):
                    halves.append(f"{np.median(ours) / middle:.2f}")
                    tails.append(f"{np.percentile(ours, 95) / middle:.2f}")
        if any(cells):
            shares = [", ".join(column) for pair in ratios.values() for column in pair]
            rows.append([f"{measure.name}, ms", *cells, *shares])
    for measures, form in (
        (SHARES, partial(_mean, form="{:.0%}")),
        (MEANS, partial(_mean, form="{:.2f}")),
        (RANGES, _range),
    ):
        for measure in measures:
            cells = [form(readings(record, name, measure)) for record in records for name in names]
            if any(cells):
                rows.append([measure.name, *cells, *[""] * 2 * len(bases)])
    return grid(head, rows)


def _spread(found: Any) -> str:
    if not len(found):
        return ""
    return f"{np.median(found):.0f} / {np.percentile(found, 95):.0f} (n {len(found)})"


def _mean(found: Any, form: str) -> str:
    return form.format(found.mean()) if len(found) else ""


def _range(found: Any) -> str:
    return f"{found.min():+.0f} to {found.max():+.0f}" if len(found) else ""


def path(records: list[Record]) -> str:
    """The delay of the path without an agent, a sentence."""
    parts = [_spread(readings(record, "path", PATH)) for record in records]
    return f"The path itself, there and back, p50 / p95: {'; '.join(p for p in parts if p)} ms."


_HEADLINE = {"vanilla": "plain livekit-agents", "tuned": "the same, tuned", "ours": "rejoinder"}


def headline(records: list[Record]) -> str:
    """The README's table: medians over all runs, and what ours is of the plain worker's."""
    names = [name for name in _HEADLINE if name in systems(records)]
    rows = []
    for measure in TIMES:
        if not measure.headline:
            continue
        medians = {}
        for name in names:
            found = np.concatenate([readings(record, name, measure) for record in records])
            if len(found):
                medians[name] = float(np.median(found))
        if len(medians) == len(names) and "vanilla" in medians and "ours" in medians:
            cells = [
                f"**{ms:.0f} ms**" if n == "ours" else f"{ms:.0f} ms" for n, ms in medians.items()
            ]
            rows.append([measure.name, *cells, f"{medians['ours'] / medians['vanilla']:.2f}"])
    return grid(["p50, at the caller", *(_HEADLINE[name] for name in names), "ratio"], rows)


def duplex(records: list[Record]) -> str:
    """The full-duplex scorecard, live."""
    names = systems(records)
    cards = {
        name: {
            (line.behaviour, line.language): line
            for line in scorecard.card(
                scorecard.from_trials(
                    t for record in records for t in record["trials"] if t["system"] == name
                )
            )
        }
        for name in names
    }
    order = list(scorecard.WANTED)
    keys = {key for lines in cards.values() for key in lines}
    rows = []
    for behaviour, language in sorted(keys, key=lambda key: (order.index(key[0]), key[1])):
        lines = [cards[name].get((behaviour, language)) for name in names]
        wanted = scorecard.WANTED[behaviour]
        rows.append([f"{scorecard.TITLES[behaviour]}, {language}", str(wanted)])
        rows[-1] += ["" if line is None else _line(line) for line in lines]
    return grid(["behaviour", "best", *names], rows)


def _line(line: scorecard.Line) -> str:
    parts = [f"{line.take_over_rate:.2f}"]
    if line.latency_s is not None:
        parts.append(f"answers after {line.latency_s * 1e3:.0f} ms")
    if line.stop_s is not None:
        parts.append(f"stops after {line.stop_s * 1e3:.0f} ms")
    return ", ".join(parts) + f" (n {line.n})"


def eagerness(records: list[Record]) -> str:
    """What each step of TURN_EAGERNESS costs and gives; plain turns and turns with a pause."""
    rows = []
    for record in sorted(records, key=_wait_ms):
        step = record["env"]["TURN_EAGERNESS"]
        cells = [f"`{step}`"]
        cells += [_spread(readings(record, "ours", m)) for m in TIMES if m.name in _EAGERNESS_TIMES]
        cells += [
            _mean(readings(record, "ours", m), "{:.2f}")
            for m in MEANS
            if m.scenario in ("turn", "pause") and "thrown away" in m.name
        ]
        rows.append(cells)
    head = ["step", "voice-to-voice, ms", "after a pause, ms", "STT thrown away, plain turn"]
    head += ["STT, with a pause", "LLM + TTS, plain turn", "LLM + TTS, with a pause"]
    return grid(head, rows)


_EAGERNESS_TIMES = ("voice-to-voice", "answer after a pause inside the sentence")


def _wait_ms(record: Record) -> float:
    return float(np.median(readings(record, "ours", TIMES[0])))


def _pair(row: dict[str, Any], name: str) -> str:
    median = row[f"{name}_p50"]
    return "none" if np.isnan(median) else f"{median:.0f} / {row[f'{name}_p95']:.0f}"


def load(rows: list[dict[str, Any]]) -> str:
    """Calls at once: latency, processor and memory."""
    out = []
    for row in rows:
        if not row["calls"]:
            out.append([row["system"], "idle", "", "", "", f"{row['pss_mb']:.0f} MB", "", ""])
            continue
        idle = next(r["pss_mb"] for r in rows if r["system"] == row["system"] and not r["calls"])
        calls = row["calls"]
        out.append(
            [row["system"], str(calls), _pair(row, "v2v"), _pair(row, "stop"),
             f"{row['cpu_share'] / calls:.0%}",
             f"{row['pss_mb']:.0f} MB",
             f"{(row['pss_mb'] - idle) / calls:.0f} MB", f"{row['lost']}"]
        )  # fmt: skip
    head = ["system", "calls", "voice-to-voice, ms", "until silent, ms", "of a core per call"]
    return grid([*head, "memory (PSS)", "more per call", "answers lost"], out)


def flood(rows: list[dict[str, Any]]) -> str:
    """Calls alone, and beside one more that floods."""
    head = ["system", "calls", "beside them", "voice-to-voice, ms", "until silent, ms"]
    out = [
        [row["system"], str(row["calls"]), "a flood" if row["flood"] else "",
         _pair(row, "v2v"), _pair(row, "stop"), f"{row['lost']} of {row['calls'] * TURNS}"]
        for row in rows
    ]  # fmt: skip
    return grid([*head, "answers lost"], out)


def network(record: Record) -> str:
    """A line per network and system: words, times, false interruptions."""
    rows = []
    names = systems([record])
    for link in dict.fromkeys(trial["link"] for trial in record["trials"]):
        for system in names:
            trials = [t for t in record["trials"] if t["link"] == link and t["system"] == system]
            if trials:
                rows.append([link, system, *_over(trials)])
    head = ["network", "system", "words kept", "voice-to-voice, ms", "until silent, ms"]
    return grid([*head, "false interruptions", "answers lost", "heard again after, s"], rows)


def _over(trials: list[dict[str, Any]]) -> list[str]:
    asked = [t for t in trials if "words" in t]
    quiet = [t for t in trials if "cut_off" in t and not t.get("holes")]
    back = [t["back_s"] for t in trials if t["scenario"] == "outage"]
    if not asked:
        return ["the call failed", "", "", "", "", ""]
    kept = sum(t["words_kept"] for t in asked) / sum(t["words"] for t in asked)
    return [
        f"{kept:.0%}", _spread(_known(asked, "answer_ms")), _spread(_known(asked, "stop_ms")),
        f"{sum(t['cut_off'] for t in quiet)} of {len(quiet)}",
        f"{sum(t['lost'] for t in asked)} of {len(asked)}",
        ", ".join("never" if s is None else f"{s:.1f}" for s in back),
    ]  # fmt: skip


def _known(trials: list[dict[str, Any]], name: str) -> list[float]:
    return [t[name] for t in trials if t.get(name) is not None]
