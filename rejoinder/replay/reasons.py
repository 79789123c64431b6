"""Why something was decided, in plain words."""

from collections.abc import Mapping
from typing import Any

WORDINGS = {
    "finished": "the words are a whole sentence",
    "plain": "the words tell nothing about an end",
    "unfinished": "a sentence cannot end with these words",
    "dictation": "digits or letters were being dictated",
}


def why_ended(facts: Mapping[str, Any]) -> str:
    """Why a turn was over after so much silence."""
    why, silence_s = facts.get("why") or {}, float(facts["silence_s"])
    if not facts.get("text"):
        return f"After {_s(silence_s)} of silence there were no words in it."
    if not why:
        return f"It was over after {_s(silence_s)} of silence."
    wait_s = float(why["wait_s"])
    parts = [f"{WORDINGS.get(why['wording'], 'the words were looked at')}: {_s(wait_s)} to wait"]
    if why.get("usual_pause_s"):
        parts.append(f"this caller pauses for {_s(float(why['usual_pause_s']))}")
    if why.get("end_probability") is not None:
        parts.append(f"the voice sounded {float(why['end_probability']):.0%} like an end")
    late_s = silence_s - wait_s
    if late_s > _SOON_S:
        parts.append(f"the words came {_s(late_s)} later than that")
    return f"Over after {_s(silence_s)} of silence: {'; '.join(parts)}."


_SOON_S = 0.015
"""A decision this much after its wait was not waited for."""


def why_stopped(facts: Mapping[str, Any]) -> str:
    """Why the agent fell silent for good."""
    why = facts.get("why")
    if not why:
        return "The caller went on: the answer had not begun to sound."
    return (
        f"A barge-in: {_sound(why)}{_said(why)}. Decided {_s(float(why['held_s']))} after the hold."
    )


def why_went_on(facts: Mapping[str, Any]) -> str:
    """Why the agent went on with its reply."""
    kind, why = facts.get("sound"), facts.get("why")
    what = {
        "noise": "No barge-in, a noise",
        "backchannel": "No barge-in, a sign of listening",
        "echo": "No barge-in, the agent's own voice",
    }.get(str(kind), "No barge-in")
    if not why:
        return f"{what}."
    after = f" Decided {_s(float(why['held_s']))} after the hold."
    return f"{what}: {_sound(why)}{_said(why)}.{after}"


def _sound(why: Mapping[str, Any]) -> str:
    sure = float(why["peak_probability"])
    return f"{_s(float(why['voiced_s']))} of voice, {sure:.0%} sure to be one"


def _said(why: Mapping[str, Any]) -> str:
    text = why.get("text")
    if text is None:
        return ", no words known yet"
    if not text:
        return ", without words"
    return f", “{text}”{'' if why.get('complete') else ' so far'}"


def _s(seconds: float) -> str:
    return f"{seconds:.2f} s"
