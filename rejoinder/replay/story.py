"""What a page shows of a recording: plain data, times in seconds since the recording began."""

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.costs.words import in_words
from agent.recorder.comparison import Comparison
from agent.recorder.recording import Event, Recording
from rejoinder.replay.alignment import STEP_S, caller_lines
from rejoinder.replay.otherwise import comparison_story
from rejoinder.replay.reasons import why_ended, why_stopped, why_went_on
from rejoinder.replay.sound import SOUND_HZ, sound

_QUIETEST_DB = 90.0
"""Levels are drawn from here up, dB below full scale."""

Story = dict[str, Any]


def tell(recording: Recording, comparisons: list[tuple[str, Comparison]]) -> Story:
    """All that a page shows; `comparisons` with the settings in words."""
    steps = max(1, int(np.ceil(recording.length_s / STEP_S)))
    caller, probability = _caller(recording, steps)
    story: Story = {
        "began": recording.head.get("began", ""),
        "length_s": recording.length_s,
        "step_s": STEP_S,
        "redacted": recording.redacted,
        "whole": recording.whole,
        "engines": {
            stage: str(recording.head[stage])
            for stage in ("stt", "llm", "tts")
            if stage in recording.head
        },
        "caller": _packed(caller),
        "probability": _packed(np.round(probability * 255)),
        "agent": _packed(_agent(recording, steps)),
        "requests": list(_requests(recording)),
        "said": list(_said(recording)),
        "captions": list(_captions(recording)),
        "decisions": list(_decisions(recording)),
        "holds": list(_holds(recording)),
        "turns": list(_turns(recording)),
        "notes": list(_notes(recording)),
        "comparisons": [comparison_story(recording, *other) for other in comparisons],
    }
    if recording.has_sound:
        story["sound"] = sound(recording)
        story["sound_hz"] = SOUND_HZ
    return story


def _caller(recording: Recording, steps: int) -> tuple[NDArray[Any], NDArray[Any]]:
    levels, probability = np.zeros(steps), np.zeros(steps)
    for begin, event in caller_lines(recording):
        facts = event.facts
        at = _place(begin, len(facts["level_db"]), steps)
        levels[at] = _drawn(np.asarray(facts["level_db"], float))[: len(levels[at])]
        probability[at] = np.asarray(facts["probability"], float)[: len(levels[at])]
    return levels, np.clip(probability, 0, 1)


def _agent(recording: Recording, steps: int) -> NDArray[Any]:
    levels = np.zeros(steps)
    for event in recording.of("agent"):
        values = _drawn(np.asarray(event.facts["level_db"], float))
        at = _place(float(event.facts["at"]), len(values), steps)
        levels[at] = values[: len(levels[at])]
    return levels


def _place(t: float, count: int, steps: int) -> slice:
    begin = min(max(0, round(t / STEP_S)), steps)
    return slice(begin, min(begin + count, steps))


def _drawn(level_db: NDArray[Any]) -> NDArray[Any]:
    return np.clip((level_db + _QUIETEST_DB) / _QUIETEST_DB, 0, 1) * 255


def _packed(values: NDArray[Any]) -> str:
    return base64.b64encode(np.round(values).astype(np.uint8).tobytes()).decode()


def _requests(recording: Recording) -> Iterator[Story]:
    """Requests of the recogniser, each with what became of it."""
    open_: dict[int, Story] = {}
    for event in recording.of("afresh", "asked", "answered", "failed", "abandoned"):
        if event.kind == "afresh":
            yield from open_.values()
            open_.clear()
            continue
        number = int(event.facts["number"])
        if event.kind == "asked":
            audio_s = (int(event.facts["end"]) - int(event.facts["begin"])) * STEP_S
            open_[number] = {
                "from": event.t, "to": None, "audio_s": audio_s,
                "rolling": bool(event.facts["rolling"]), "end": "open", "text": "",
            }  # fmt: skip
        elif number in open_:
            text = str(event.facts.get("text", ""))
            yield {**open_.pop(number), "to": event.t, "end": event.kind, "text": text}
    yield from open_.values()


def _said(recording: Recording) -> Iterator[Story]:
    """What the caller said: turns as they were decided, and words over the agent that were none."""
    attended = 0.0
    for event in recording.of("attend", "ended", "go_on"):
        if event.kind == "attend":
            attended = event.t
            continue
        over_agent = event.kind == "go_on"
        facts = (event.facts.get("why") or {}) if over_agent else event.facts
        if facts.get("text"):
            voiced = event.t - float(facts["silence_s"])
            yield {
                "from": min(attended, voiced),
                "to": voiced,
                "text": str(facts["text"]),
                "over_agent": over_agent,
            }


def _captions(recording: Recording) -> Iterator[Story]:
    """The agent's words, each when it was heard, and of which reply."""
    reply = 0
    for event in recording.of("speaking", "caption"):
        if event.kind == "speaking":
            reply += 1
        else:
            yield {"t": event.t, "text": str(event.facts["text"]), "reply": reply}


_TITLES = {
    "guess": "answer begun",
    "began": "has the floor",
    "ended": "turn over",
    "hold": "held",
    "go_on": "goes on",
    "stop": "stopped",
    "judged": "sound of the end",
    "afresh": "listens",
    "failed": "not recognised",
}


def _decisions(recording: Recording) -> Iterator[Story]:
    for event in recording.of(*_TITLES):
        if event.kind == "afresh" and not event.hop:
            continue  # each call begins so
        yield {
            "t": event.t,
            "kind": event.kind,
            "title": _TITLES[event.kind],
            "text": str(event.facts.get("text", "")),
            "why": _why(event),
        }


def _why(event: Event) -> str:
    match event.kind:
        case "guess":
            return "These are probably all the words: the answer is begun, and not heard yet."
        case "began":
            return "The caller has the floor."
        case "ended":
            return why_ended(event.facts)
        case "hold":
            return "A sound over the agent: it falls silent at once, and may go on."
        case "go_on":
            return why_went_on(event.facts)
        case "stop":
            return why_stopped(event.facts)
        case "judged":
            probability = event.facts.get("probability")
            if probability is None:
                return "The end-of-turn model had no opinion."
            return f"The voice sounds {float(probability):.0%} like the end of a turn."
        case "failed":
            return "The recogniser failed."
    return ""


def _holds(recording: Recording) -> Iterator[Story]:
    held: float | None = None
    for event in recording.of("afresh", "hold", "go_on", "stop"):
        if event.kind == "hold":
            held = event.t
        elif held is not None:
            yield {"from": held, "to": event.t, "end": event.kind}
            held = None


def _turns(recording: Recording) -> Iterator[Story]:
    """Replies with where their time went; their times are on the page's axis."""
    speaking: float | None = None
    ended: Event | None = None
    heard = ""
    for event in recording.of("ended", "speaking", "said", "turn"):
        facts = event.facts
        if event.kind == "ended" and facts["text"]:
            ended = event
        elif event.kind == "speaking":
            speaking = event.t
        elif event.kind == "said" and facts.get("role") == "assistant":
            heard = str(facts["text"])
        elif event.kind == "turn" and speaking is not None:
            zero = speaking - float(facts["total_ms"]) / 1e3
            yield {
                "number": int(facts["turn"]),
                "zero": zero,
                "first": speaking,
                "total_ms": float(facts["total_ms"]),
                "interrupted": bool(facts["interrupted"]),
                "stages": [
                    {
                        "stage": str(stage["stage"]),
                        "from": zero + float(stage["from_ms"]) / 1e3,
                        "to": zero + float(stage["to_ms"]) / 1e3,
                    }
                    for stage in facts["stages"]
                ],
                "caller": str(ended.facts["text"]) if ended is not None else "",
                "agent": heard,
                "why": why_ended(ended.facts) if ended is not None else "",
            }
            ended = None


def _notes(recording: Recording) -> Iterator[Story]:
    """What else happened."""
    texts = {
        "joined": "The caller is here.",
        "left": "The caller's client has gone.",
        "gone": "The call is over.",
        "full": "The file is full: the rest is missing.",
        "lost": "Some lines are missing: the disk was too slow.",
        "typed": "The caller typed",
        "key": "A key of the telephone",
        "tool": "The model called a tool",
        "cost": "What the call cost",
    }
    for event in recording.of(*texts):
        text = event.facts.get("text") or event.facts.get("name") or ""
        if event.kind == "cost":
            text = in_words(event.facts)
        yield {"t": event.t, "kind": event.kind, "title": texts[event.kind], "text": str(text)}
