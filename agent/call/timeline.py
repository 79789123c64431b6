"""Where one turn's time went, from the caller's last voiced sample to the first of the reply."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

StageName = Literal["end_of_turn", "stt", "llm", "tts"]
STAGES: tuple[StageName, ...] = ("end_of_turn", "stt", "llm", "tts")


@dataclass(frozen=True, slots=True)
class StageSpan:
    """One stage of a turn; milliseconds after the caller's last voiced sample."""

    stage: StageName
    from_ms: float
    to_ms: float


@dataclass(frozen=True, slots=True)
class TurnReport:
    """One answered turn, as published on `rejoinder.turn` (docs/room-protocol.md)."""

    turn: int
    interrupted: bool
    stages: tuple[StageSpan, ...]
    total_ms: float
    """Until the first sample of the reply was handed to the room."""

    def as_json(self) -> dict[str, Any]:
        """The wire form, times rounded to a tenth of a millisecond."""
        return {
            "turn": self.turn,
            "interrupted": self.interrupted,
            "stages": [
                {"stage": s.stage, "from_ms": round(s.from_ms, 1), "to_ms": round(s.to_ms, 1)}
                for s in self.stages
            ],
            "total_ms": round(self.total_ms, 1),
        }

    def as_log(self) -> dict[str, float | bool]:
        """Flat facts for one log line."""
        spans = {f"{s.stage}_ms": round(s.to_ms - s.from_ms, 1) for s in self.stages}
        return {"turn": self.turn, "interrupted": self.interrupted, **spans} | {
            "total_ms": round(self.total_ms, 1)
        }


@dataclass(slots=True)
class _Marks:
    zero: float | None = None
    """The caller's last voiced sample, or the arrival of a typed message."""
    begin: dict[StageName, float] = field(default_factory=dict)
    end: dict[StageName, float] = field(default_factory=dict)

    def span(self, stage: StageName, zero: float) -> StageSpan:
        return StageSpan(stage, (self.begin[stage] - zero) * 1e3, (self.end[stage] - zero) * 1e3)


class Timeline:
    """Collects the moments of the turn in progress. Times are `now()` seconds.

    Stages may begin before the turn is over, and before its last voiced sample. A reply that
    is begun again (its words changed) replaces the earlier marks of its stages: what counts is
    the attempt that is heard. The next turn may begin while a reply is still being spoken.
    """

    def __init__(self, *, now: Callable[[], float] = time.perf_counter) -> None:
        """Use `now` as the clock."""
        self.now = now
        self._turns = 0
        self._pending = _Marks()
        self._spoken: tuple[_Marks, float] | None = None

    def utterance_ended(self, *, last_voiced: float, at: float) -> None:
        """The turn was decided to be over; a later end replaces it."""
        self._pending.zero = last_voiced
        self._pending.begin["end_of_turn"] = last_voiced
        self._pending.end["end_of_turn"] = at

    def recognised(self, *, asked: float, answered: float) -> None:
        """The words on which the reply is begun; what was begun on others is void."""
        self.begin("stt", at=asked)
        self.end("stt", at=answered)

    def typed(self) -> None:
        """A typed message arrived: a turn without `end_of_turn` and `stt`."""
        self._pending = _Marks(zero=self.now())

    def begin(self, stage: StageName, *, at: float | None = None) -> None:
        """A stage began; what was known of it and of later stages is void."""
        for later in STAGES[STAGES.index(stage) :]:
            self._pending.begin.pop(later, None)
            self._pending.end.pop(later, None)
        self._pending.begin[stage] = self.now() if at is None else at

    def end(self, stage: StageName, *, at: float | None = None) -> None:
        """A stage gave its first result; later results do not count."""
        if stage in self._pending.begin:
            self._pending.end.setdefault(stage, self.now() if at is None else at)

    def reply_began(self) -> None:
        """The first sample of the reply was handed to the room."""
        if self._pending.zero is not None and "llm" in self._pending.begin:
            self._spoken, self._pending = (self._pending, self.now()), _Marks()

    def reply_ended(self, *, interrupted: bool) -> TurnReport | None:
        """The reply is over: the turn's report, or None when no turn was answered."""
        if self._spoken is None:
            return None
        (marks, began), self._spoken = self._spoken, None
        zero = marks.zero
        assert zero is not None
        self._turns += 1
        done = [s for s in STAGES if s in marks.begin and s in marks.end]
        return TurnReport(
            turn=self._turns,
            interrupted=interrupted,
            stages=tuple(marks.span(stage, zero) for stage in done),
            total_ms=(began - zero) * 1e3,
        )
