"""Plots of the results, as SVG."""

from pathlib import Path

import matplotlib
import numpy as np

from benchmarks.measures import TIMES, Record, readings, systems

matplotlib.use("svg")
matplotlib.rcParams["svg.fonttype"] = "none"  # text, not outlines
from matplotlib import pyplot  # noqa: E402 - after the backend is chosen

COLOURS = {"ours": "#1a7f5a", "vanilla": "#8a8f98", "tuned": "#b08d57"}
TITLES = {
    "ours": "rejoinder",
    "vanilla": "plain livekit-agents",
    "tuned": "tuned livekit-agents",
}
STAGES = {
    "stt": ("recognition", "#4c78a8"),
    "llm": ("LLM, first token", "#b08d57"),
    "clause": ("first clause", "#9d755d"),
    "tts": ("TTS, first audio", "#1a7f5a"),
    "path": ("to the caller's ear", "#8a8f98"),
}


def dots(records: list[Record], target: Path) -> None:
    """Every reading of the headline measures as a dot, with the medians."""
    names = systems(records)
    chosen = [measure for measure in TIMES if measure.headline]
    figure, axes = pyplot.subplots(len(chosen), 1, figsize=(8, 1.7 * len(chosen)), sharex=True)
    for axis, measure in zip(axes, chosen, strict=True):
        for row, system in enumerate(reversed(names)):
            found = np.concatenate([readings(record, system, measure) for record in records])
            jitter = np.random.default_rng(1).uniform(-0.16, 0.16, len(found))
            colour = COLOURS[system]
            axis.scatter(found, row + jitter, s=14, color=colour, alpha=0.7, linewidths=0)
            if len(found):
                axis.plot([np.median(found)] * 2, [row - 0.3, row + 0.3], color=colour, lw=2)
        axis.set_yticks(range(len(names)), [TITLES[name] for name in reversed(names)])
        axis.set_title(measure.name, loc="left", fontsize=10)
        _plain(axis)
    axes[-1].set_xlabel("milliseconds, at the caller")
    axes[-1].set_xlim(left=0)
    _save(figure, target)


def waterfall(records: list[Record], target: Path) -> None:
    """Where a plain turn's time went, per system: the medians of when each stage ran."""
    names = systems(records)
    figure, axes = pyplot.subplots(len(names), 1, figsize=(8, 1.6 * len(names) + 0.6), sharex=True)
    for axis, system in zip(np.atleast_1d(axes), names, strict=True):
        rows = [
            trial["stages"]
            for record in records
            for trial in record["trials"]
            if trial["system"] == system and trial.get("stages")
        ]
        for place, (stage, (title, colour)) in enumerate(STAGES.items()):
            if not rows:
                continue
            begin, end = np.median([row[stage] for row in rows], axis=0)
            y = len(STAGES) - place
            axis.barh(y, end - begin, left=begin, height=0.82, color=colour)
            axis.annotate(
                f"{title} {end - begin:.0f}", (max(begin, end), y), xytext=(4, 0),
                textcoords="offset points", va="center", fontsize=8,
            )  # fmt: skip
        axis.set_yticks([])
        axis.set_title(TITLES[system], loc="left", fontsize=10)
        axis.axvline(0, color="#444444", lw=0.8)
        _plain(axis)
    last = np.atleast_1d(axes)[-1]
    last.set_xlabel("milliseconds after the caller's last voiced sample")
    last.set_xlim(right=last.get_xlim()[1] * 1.12)
    _save(figure, target)


def interpreter(measured: list[Record], target: Path) -> None:
    """How the translation follows the longest sentence, and how late each clause of all is."""
    figure, (course, *lags) = pyplot.subplots(
        3, 1, figsize=(8, 6.6), height_ratios=(3, 1, 1)
    )  # fmt: skip
    longest = max(one["length_s"] for one in measured)
    for one in (one for one in measured if one["length_s"] == longest):
        colour = COLOURS[one["system"]]
        if one["system"] == "ours":
            course.plot(one["said"], range(1, len(one["said"]) + 1), color="#444444", label="said")
        for key, style in (("shown", "-"), ("heard", ":")):
            times, words = zip((0.0, 0), *one[key], strict=True)
            label = f"{key}: {TITLES[one['system']]}"
            course.step(times, words, style, where="post", color=colour, label=label)
    course.set_xlabel("seconds of the longest sentence")
    course.set_ylabel("words")
    course.legend(fontsize=8, frameon=False)
    _plain(course)
    for axis, key, title in zip(
        lags, ("lags_s", "voice_lags_s"), ("caption of a clause", "voice of a clause"), strict=True
    ):
        for row, system in enumerate(("ours", "vanilla")):
            found = np.concatenate([one[key] for one in measured if one["system"] == system])
            jitter = np.random.default_rng(1).uniform(-0.16, 0.16, len(found))
            axis.scatter(found, row + jitter, s=14, color=COLOURS[system], alpha=0.7, linewidths=0)
            axis.plot([np.median(found)] * 2, [row - 0.3, row + 0.3], color=COLOURS[system], lw=2)
        axis.set_yticks(range(2), [TITLES["ours"], TITLES["vanilla"]])
        axis.set_title(title, loc="left", fontsize=10)
        axis.set_xlim(left=0)
        _plain(axis)
    lags[-1].set_xlabel("seconds after its last word")
    _save(figure, target)


def _plain(axis: pyplot.Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="x", color="#dddddd", lw=0.6)
    axis.set_axisbelow(True)


def _save(figure: pyplot.Figure, target: Path) -> None:
    figure.tight_layout()
    with pyplot.rc_context({"svg.hashsalt": target.stem}):
        figure.savefig(target, metadata={"Date": None})
    pyplot.close(figure)
