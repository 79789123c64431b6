"""What a page shows of a recording: plain data, times in seconds since the recording began."""

import base64
import gzip
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.recorder.comparison import Comparison
from agent.recorder.recording import Event, Recording, pcm_of
from rejoinder.replay.reasons import why_ended, why_stopped, why_went_on

STEP_S = 0.01
_QUIETEST_DB = 90.0
"""Levels are drawn from here up, dB below full scale."""
_JITTER_S = 0.12
"""Frames of a track come this irregularly, seconds, and belong together."""
SOUND_HZ = 16000
"""Of the sound in the page, both sides."""

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
        "comparisons": [_comparison(recording, *other) for other in comparisons],
    }
    if recording.has_sound:
        story["sound"] = _sound(recording)
        story["sound_hz"] = SOUND_HZ
    return story


def _caller(recording: Recording, steps: int) -> tuple[NDArray[Any], NDArray[Any]]:
    levels, probability = np.zeros(steps), np.zeros(steps)
    for begin, event in _caller_lines(recording):
        facts = event.facts
        at = _place(begin, len(facts["level_db"]), steps)
        levels[at] = _drawn(np.asarray(facts["level_db"], float))[: len(levels[at])]
        probability[at] = np.asarray(facts["probability"], float)[: len(levels[at])]
    return levels, np.clip(probability, 0, 1)


def _caller_lines(recording: Recording) -> Iterator[tuple[float, Event]]:
    """Lines of hops, each with the time it begins: without gaps where there are none."""
    end = -1.0
    for event in recording.of("hops"):
        length_s = len(event.facts["flags"]) * STEP_S
        begin = max(0.0, event.t - length_s)
        if abs(begin - end) < _JITTER_S:
            begin = end
        end = begin + length_s
        yield begin, event


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
    """The caller's turns, as they were decided."""
    attended = 0.0
    for event in recording.of("attend", "ended"):
        if event.kind == "attend":
            attended = event.t
        elif event.facts["text"]:
            voiced = event.t - float(event.facts["silence_s"])
            start = min(attended, voiced)
            yield {"from": start, "to": voiced, "text": str(event.facts["text"])}


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
    }
    for event in recording.of(*texts):
        text = event.facts.get("text") or event.facts.get("name") or ""
        yield {"t": event.t, "kind": event.kind, "title": texts[event.kind], "text": str(text)}


def _comparison(recording: Recording, settings: str, found: Comparison) -> Story:
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
        same = abs(sooner_s) < STEP_S / 2
        parts.append("as soon" if same else f"{abs(sooner_s) * 1e3:.0f} ms {word} in the mean")
    if found.changed_overlaps:
        parts.append(f"{_times(found.changed_overlaps)} a sound over the agent taken otherwise")
    recorded, other = found.requests
    if abs(recorded - other) >= 0.05:
        parts.append(f"{other:.1f} requests a turn instead of {recorded:.1f}")
    return ", ".join(parts) or "no turn in it"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _sound(recording: Recording) -> str:
    """Both sides, 16-bit mono one after the other, gzip and base64."""
    samples = int(np.ceil(recording.length_s * SOUND_HZ)) + 1
    sides = np.zeros((2, samples), np.int16)
    for begin, event in _caller_lines(recording):
        if (pcm := pcm_of(event.facts)) is not None:
            _mix(sides[0], begin, pcm)
    rate_hz = int(recording.head["agent_hz"])
    stretches: dict[float, list[NDArray[np.int16]]] = defaultdict(list)
    for event in recording.of("agent"):
        if (pcm := pcm_of(event.facts)) is not None:
            stretches[float(event.facts["at"])].append(pcm)
    for at, pieces in stretches.items():
        _mix(sides[1], at, _at_rate(np.concatenate(pieces), rate_hz))
    return base64.b64encode(gzip.compress(sides.astype("<i2").tobytes(), 6)).decode()


def _mix(side: NDArray[np.int16], at: float, pcm: NDArray[np.int16]) -> None:
    begin = max(0, round(at * SOUND_HZ))
    end = min(len(side), begin + len(pcm))
    side[begin:end] = pcm[: max(0, end - begin)]


def _at_rate(pcm: NDArray[np.int16], rate_hz: int) -> NDArray[np.int16]:
    """For the ear alone: linear."""
    count = int(len(pcm) * SOUND_HZ / rate_hz)
    places = np.arange(count) * (rate_hz / SOUND_HZ)
    heard: NDArray[np.int16] = np.interp(places, np.arange(len(pcm)), pcm).astype(np.int16)
    return heard
