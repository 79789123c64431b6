"""How soon the newest turns of a call were answered."""

from collections import deque
from statistics import median
from typing import Any

from agent.call.timeline import STAGES, TurnReport

_KEPT = 100
"""Turns that the middle is taken of."""


class Latencies:
    """Of one call; milliseconds, as `rejoinder.turn` has them (docs/room-protocol.md)."""

    def __init__(self) -> None:
        """Nothing was answered yet."""
        self._newest: deque[TurnReport] = deque(maxlen=_KEPT)

    def add(self, report: TurnReport) -> None:
        """A turn was answered."""
        self._newest.append(report)

    def as_json(self) -> dict[str, Any]:
        """The wire form: the newest turn, and the middle of each stage's length and of the whole.

        A stage that no turn had is left out.
        """
        lengths: dict[str, list[float]] = {f"{stage}_ms": [] for stage in STAGES}
        for report in self._newest:
            for span in report.stages:
                lengths[f"{span.stage}_ms"].append(span.to_ms - span.from_ms)
        lengths["total_ms"] = [report.total_ms for report in self._newest]
        return {
            "turns": len(self._newest),
            "last": self._newest[-1].as_json() if self._newest else None,
            "p50": {name: round(median(of), 1) for name, of in lengths.items() if of},
        }
