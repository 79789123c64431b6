"""What would have been under other settings, in a sentence and turn by turn."""

from typing import Any

from agent.recorder.comparison import Comparison
from agent.recorder.recording import Recording

_SAME_S = 0.005
"""Nearer times are the same hop."""


def comparison_story(recording: Recording, settings: str, found: Comparison) -> dict[str, Any]:
    return {
        "settings": settings.replace(",", ", "),
        "summary": summary(found),
        "turns": [
            {
                "recorded": recording.time_of(compared.turn.ended),
                "text": compared.turn.text,
                "cut_off": compared.cut_off,
                "other": None
                if compared.other is None
                else recording.time_of(compared.other.ended),
                "sooner_ms": None if compared.sooner_s is None else round(compared.sooner_s * 1e3),
            }
            for compared in found.turns
        ],
    }


def summary(found: Comparison) -> str:
    """One sentence about what would have been."""
    parts = []
    if found.cut_offs:
        parts.append(f"{_times(found.cut_offs)} cut off")
    if found.joined:
        parts.append(f"{_times(found.joined)} waiting for the next words")
    sooner_s = found.sooner_s
    if sooner_s is not None:
        word = "sooner" if sooner_s >= 0 else "later"
        same = abs(sooner_s) < _SAME_S
        parts.append("as soon" if same else f"{abs(sooner_s) * 1e3:.0f} ms {word} in the mean")
    if found.changed_overlaps:
        parts.append(f"{_times(found.changed_overlaps)} a sound over the agent taken otherwise")
    recorded, other = found.requests
    if abs(recorded - other) >= 0.05:
        parts.append(f"{other:.1f} requests a turn instead of {recorded:.1f}")
    return ", ".join(parts) or "no turn in it"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
