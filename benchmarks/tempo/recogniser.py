"""Recognisers of the offline bench: what they know of an upload, and how long they take.

What is known comes from a table made by Whisper tiny.en, or, where it does not understand the
voice, from the times of the words.
"""

import bisect
import json
from dataclasses import dataclass
from typing import Protocol

from benchmarks.cost import Cost
from benchmarks.standin import MISSING_MS
from benchmarks.tempo.hops import CACHE
from benchmarks.tempo.scenes import Scene

TABLE_VERSION = 1


class Knowledge(Protocol):
    """What a recogniser makes of one scene."""

    def text(self, upto: float) -> str | None:
        """Of an upload that ends here, seconds of the scene; None: it is refused as unclear."""


@dataclass(frozen=True)
class KnownWords:
    """Knows a word when no more than `missing_s` of it is missing."""

    words: list[tuple[str, float]]
    missing_s: float

    def text(self, upto: float) -> str:
        """The words so far, each with the mark that was written after it."""
        return " ".join(word for word, end in self.words if end <= upto + self.missing_s)


@dataclass(frozen=True)
class Table:
    """What Whisper wrote about prefixes of the scene."""

    ends: list[float]
    texts: list[str | None]

    def text(self, upto: float) -> str | None:
        """Of the longest prefix that is no longer."""
        at = bisect.bisect_right(self.ends, upto + 1e-6)
        return self.texts[at - 1] if at else ""


def table(scene: Scene) -> Table | None:
    """The table of a scene, if it was made (`python -m benchmarks.tempo.whisper_tables`)."""
    kept = CACHE / f"whisper-{scene.key}-{TABLE_VERSION}.json"
    if not kept.is_file():
        return None
    rows = json.loads(kept.read_text("utf-8"))
    return Table([end for end, _ in rows], [text for _, text in rows])


def draws(count: int) -> list[float]:
    """So many of the 28 values of what tiny.en could do without, from least to most, seconds."""
    ordered = sorted(MISSING_MS)
    step = len(ordered) / count
    return [ordered[int(step * (n + 0.5))] / 1e3 for n in range(count)]


@dataclass(slots=True)
class _Job:
    text: str | None
    left_s: float


class Engine:
    """Works on requests while time passes."""

    def __init__(self, cost: Cost) -> None:
        self._cost = cost
        self._jobs: dict[int, _Job] = {}

    def ask(self, number: int, text: str | None, *, upload_s: float) -> None:
        """A request arrives."""
        self._jobs[number] = _Job(text, self._cost.alone_s(upload_s))

    def abandon(self, number: int) -> None:
        """Nobody waits for it any more; it is not worked on either."""
        self._jobs.pop(number, None)

    def work(self, for_s: float) -> list[tuple[int, str | None]]:
        """Time passes; returns what was answered."""
        count = len(self._jobs)
        done = []
        for place, (number, job) in enumerate(list(self._jobs.items())):
            job.left_s -= for_s * self._cost.rate(place, count)
            if job.left_s <= 1e-9:
                done.append((number, job.text))
                del self._jobs[number]
        return done
