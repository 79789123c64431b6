"""Turns and barge-ins of one run of decisions beside those of another. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from agent.hearing.ear import HOP_S
from agent.recorder.again import Decided, Decision
from agent.turns.actions import Began, Ended, GoOn, Hold, Stop
from agent.turns.asking import Recognise

_NEVER = 1 << 60
_SAME_HOPS = 10
"""Holds that begin this near to each other are for the same sound."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the caller's that was answered. Positions are numbers of hops."""

    began: int
    ended: int
    """When it was decided to be over."""
    silence_s: float
    text: str
    requests: int
    """Of the recogniser, for this turn."""

    @property
    def last_voiced(self) -> int:
        """Where its voice ended."""
        return self.ended - round(self.silence_s / HOP_S)


Outcome = Literal["barge-in", "noise", "backchannel", "echo", "open"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """A sound over the agent, for which it was held."""

    held: int
    decided: int | None
    """When; None: never."""
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Compared:
    """One recorded turn and what would have become of it."""

    turn: Turn
    cut_off: int
    """How often it would have been taken for over while the caller was not done."""
    other: Turn | None
    """Its end under the other settings; None: it would have gone on into the next one."""

    @property
    def sooner_s(self) -> float | None:
        """How much sooner its end would have been decided, seconds."""
        return None if self.other is None else (self.turn.ended - self.other.ended) * HOP_S


@dataclass(frozen=True, slots=True)
class Comparison:
    """A call, and the same under other settings."""

    turns: tuple[Compared, ...]
    overlaps: tuple[tuple[Overlap, Overlap | None], ...]
    requests: tuple[float, float]
    """Of the recogniser for each turn in the mean: recorded, and otherwise."""

    @property
    def cut_offs(self) -> int:
        """How often the caller would have been cut off."""
        return sum(compared.cut_off for compared in self.turns)

    @property
    def joined(self) -> int:
        """Turns that would have gone on into the next one."""
        return sum(compared.other is None for compared in self.turns)

    @property
    def sooner_s(self) -> float | None:
        """In the mean over the turns that were not cut off, seconds; negative: later."""
        found = [
            compared.sooner_s
            for compared in self.turns
            if compared.sooner_s is not None and not compared.cut_off
        ]
        return fmean(found) if found else None

    @property
    def changed_overlaps(self) -> int:
        """Sounds over the agent that would have been taken for something else."""
        return sum(
            other is None or other.outcome != overlap.outcome for overlap, other in self.overlaps
        )


def turns(decided: Decided) -> list[Turn]:
    """The turns that were answered, in order."""
    found: list[Turn] = []
    began: int | None = None
    requests = 0
    for decision in decided.decisions:
        match decision.action:
            case Recognise():
                requests += 1
            case Began():
                began = decision.hop if began is None else began
            case Ended(text, silence_s):
                if text:
                    start = decision.hop if began is None else began
                    found.append(Turn(start, decision.hop, silence_s, text, requests))
                    requests = 0
                began = None
    return found


def overlaps(decided: Decided) -> list[Overlap]:
    """The sounds over the agent, in order."""
    return list(_overlaps(decided.decisions))


def _overlaps(decisions: Sequence[Decision]) -> Iterator[Overlap]:
    held: int | None = None
    for decision in decisions:
        match decision.action:
            case Hold():
                if held is not None:
                    yield Overlap(held, None, "open")
                held = decision.hop
            case GoOn(sound) if held is not None:
                yield Overlap(held, decision.hop, sound)
                held = None
            case Stop() if held is not None:
                yield Overlap(held, decision.hop, "barge-in")
                held = None
    if held is not None:
        yield Overlap(held, None, "open")


def compare(recorded: Decided, other: Decided) -> Comparison:
    """What would have been different, turn by turn; both are of the same recording."""
    before, after = turns(recorded), turns(other)
    untils = [turn.began for turn in before[1:]] + [_NEVER]
    compared = tuple(
        _compared(turn, after, until) for turn, until in zip(before, untils, strict=False)
    )
    holds = overlaps(other)
    pairs = tuple((overlap, _same(overlap, holds)) for overlap in overlaps(recorded))
    count = max(1, len(before))
    asked = tuple(
        sum(isinstance(decision.action, Recognise) for decision in run.decisions) / count
        for run in (recorded, other)
    )
    return Comparison(compared, pairs, (asked[0], asked[1]))


def _compared(turn: Turn, others: Sequence[Turn], until: int) -> Compared:
    within = [other for other in others if turn.began <= other.ended and other.began < until]
    cut_off = sum(other.ended < turn.last_voiced for other in within)
    ends = [other for other in within if turn.last_voiced <= other.ended < until]
    return Compared(turn, cut_off, ends[0] if ends else None)


def _same(overlap: Overlap, others: Sequence[Overlap]) -> Overlap | None:
    near = [other for other in others if abs(other.held - overlap.held) <= _SAME_HOPS]
    return min(near, key=lambda other: abs(other.held - overlap.held), default=None)
