"""What is read from the trials, and how: names, readings, quantiles."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Trial = dict[str, Any]
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of a table."""

    name: str
    scenario: str
    read: Callable[[Trial], Any]
    headline: bool = False
    """Whether the README shows it."""


TIMES = (
    Measure("voice-to-voice", "turn", lambda t: t.get("v2v_ms"), headline=True),
    Measure("barge-in: until silent", "barge_in", lambda t: t.get("stop_ms"), headline=True),
    Measure("answer after a barge-in", "barge_in", lambda t: t.get("answer_ms"), headline=True),
    Measure(
        "answer after a pause inside the sentence",
        "pause",
        lambda t: t.get("v2v_ms"),
        headline=True,
    ),
    Measure("captions complete after the last word", "turn", lambda t: t.get("caption_ms")),
    Measure("gap after a sign of listening", "backchannel", lambda t: t.get("gap_ms")),
    Measure("gap after a noise", "noise", lambda t: t.get("gap_ms")),
    Measure(
        "a word that takes the floor: until silent", "stop", lambda t: t.get("stopped_after_ms")
    ),
)
"""Milliseconds at the caller."""

PATH = Measure("the path itself, there and back", "path", lambda t: t.get("path_ms"))
"""Of a participant that only sends back what it hears."""

SHARES = (
    Measure("false starts in a pause", "pause", lambda t: t.get("false_start")),
    Measure("both parts one message", "pause", lambda t: t.get("one_message")),
    Measure("a new answer after a sign of listening", "backchannel", lambda t: t.get("new_answer")),
    Measure("a new answer after a noise", "noise", lambda t: t.get("new_answer")),
    Measure(
        "a new answer after a word that takes the floor", "stop", lambda t: t.get("new_answer")
    ),
)

MEANS = (
    Measure("STT requests thrown away, plain turn", "turn", lambda t: t.get("stt_extra")),
    Measure("STT requests thrown away, barge-in", "barge_in", lambda t: t.get("stt_extra")),
    Measure("STT requests thrown away, turn with a pause", "pause", lambda t: t.get("stt_extra")),
    Measure("LLM and TTS requests thrown away, plain turn", "turn", lambda t: _answers(t)),
    Measure("LLM and TTS requests thrown away, barge-in", "barge_in", lambda t: _answers(t)),
    Measure("LLM and TTS requests thrown away, turn with a pause", "pause", lambda t: _answers(t)),
    Measure(
        "words in the history beyond those heard, mean",
        "barge_in",
        lambda t: t.get("surplus_words"),
    ),
    Measure("word error rate of the captions", "turn", lambda t: t.get("caption_wer")),
    Measure("word error rate of the answers, recorded", "turn", lambda t: t.get("answer_wer")),
)

RANGES = (
    Measure(
        "words in the history beyond those heard, least to most",
        "barge_in",
        lambda t: t.get("surplus_words"),
    ),
)


def _answers(trial: Trial) -> float | None:
    if "llm_extra" not in trial:
        return None
    return float(trial["llm_extra"] + trial["tts_extra"])


def readings(record: Record, system: str, measure: Measure) -> NDArray[np.float64]:
    """All readings of a measure in a run; trials that failed have none."""
    found = (
        measure.read(trial)
        for trial in record["trials"]
        if trial["system"] == system
        and trial.get("scenario") == measure.scenario
        and "failed" not in trial
    )
    return np.array([float(value) for value in found if value is not None])


def systems(records: list[Record]) -> list[str]:
    """Those that were measured, the plain ones first."""
    present = {trial["system"] for record in records for trial in record["trials"]}
    return [name for name in ("vanilla", "tuned", "ours") if name in present]
