"""The full-duplex scorecard, after the definitions of Full-Duplex-Bench 1 and 1.5.

Take-over rate: the share of episodes in which the agent took the floor. It should be 1 after a
turn and after an interruption, and 0 in a pause, after a sign of listening and after a noise.
Latency: the caller's last voiced sample until the answer's first sound. Stop: the caller's
first voiced sample until the agent's last (1.5). The same card is kept on virtual time, where
`tests/unit/test_full_duplex.py` fills it, and live, from the trials of `benchmarks.bench`.

Sources: arXiv 2503.04721 (section 3) and 2507.23159 (section 2). Their speech is recorded or
synthetic English; ours is of people and synthetic, in several languages. An agent's own
backchannels are not scored: this one makes none.
"""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.texts import language_of

Behaviour = Literal["turn", "pause", "interruption", "backchannel", "noise"]
Span = tuple[float, float]

WANTED: dict[Behaviour, int] = {
    "turn": 1,
    "pause": 0,
    "interruption": 1,
    "backchannel": 0,
    "noise": 0,
}
"""The best take-over rate."""

TITLES: dict[Behaviour, str] = {
    "turn": "smooth turn-taking",
    "pause": "pause handling",
    "interruption": "user interruption",
    "backchannel": "user backchannel",
    "noise": "background noise",
}


_AT_ONCE_S = 0.05
"""An agent that fell silent this long before the caller's first sound was stopped by it."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One thing that a caller did, and what the agent made of it. Seconds."""

    behaviour: Behaviour
    language: str
    took_over: bool
    latency_s: float | None = None
    stop_s: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """All episodes of one behaviour and language."""

    behaviour: Behaviour
    language: str
    n: int
    take_over_rate: float
    latency_s: float | None
    """Median."""
    stop_s: float | None
    """Median."""


def card(episodes: Iterable[Episode]) -> list[Line]:
    """A line per behaviour and language, in the order of `WANTED`."""
    groups: dict[tuple[Behaviour, str], list[Episode]] = {}
    for episode in episodes:
        groups.setdefault((episode.behaviour, episode.language), []).append(episode)
    order = list(WANTED)
    return [
        Line(
            behaviour, language, len(group),
            sum(e.took_over for e in group) / len(group),
            _median(e.latency_s for e in group),
            _median(e.stop_s for e in group),
        )
        for (behaviour, language), group in sorted(
            groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    ]  # fmt: skip


def latency(agent: Iterable[Span], *, user_ended: float) -> float | None:
    """From the caller's last sound to the agent's next first one; None: it never came."""
    begins = [began for began, _ in agent if began >= user_ended]
    return min(begins) - user_ended if begins else None


def stopped(agent: Iterable[Span], *, user_began: float) -> float | None:
    """From the caller's first sound to the last of what the agent was saying; None: silent."""
    ends = [ended for began, ended in agent if began <= user_began <= ended + _AT_ONCE_S]
    return max(0.0, max(ends) - user_began) if ends else None


def spoke_in(agent: Iterable[Span], span: Span) -> bool:
    """Whether the agent began to speak inside a span."""
    return any(span[0] < began < span[1] for began, _ in agent)


def from_trials(trials: Iterable[dict[str, Any]]) -> list[Episode]:
    """The episodes of one system in a record of `benchmarks.bench`."""
    found = []
    for trial in trials:
        language = language_of(str(trial.get("voice", "")))
        match trial.get("scenario"):
            case _ if "failed" in trial:
                continue
            case "turn":
                after = trial["v2v_ms"]
                row = Episode("turn", language, after is not None, _seconds(after))
            case "pause":
                row = Episode("pause", language, trial["false_start"], _seconds(trial["v2v_ms"]))
            case "barge_in":
                after, stop = trial["answer_ms"], trial["stop_ms"]
                took = after is not None
                row = Episode("interruption", language, took, _seconds(after), _seconds(stop))
            case "backchannel":
                row = Episode("backchannel", language, trial["new_answer"])
            case "noise":
                row = Episode("noise", language, trial["new_answer"])
            case _:
                continue
        found.append(row)
    return found


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1e3


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
