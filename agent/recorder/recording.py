"""A recording, read again. docs/recording.md is the format."""

import base64
import bisect
import gzip
import json
import math
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.errors import RejoinderError
from agent.hearing.ear import HOP, Hop
from agent.recorder.call_lines import BUSY, FRESH, LOUD, PLAYING
from agent.recorder.line import KIND, VERSION
from agent.recorder.lines import fault_of

_MOST_BYTES, _MOST_LINE = 2 * 1024**3, 16 * 1024**2
"""Longest text and longest line that are unpacked: a small file may hold endless zeros."""
HARMLESS = frozenset(
    (
        "kind", "began", "rejoinder", "flags", "wording", "verdict", "origin", "sound", "stage",
        "error", "eagerness", "model", "stt", "llm", "tts", "language", "role", "engine", "price",
        "currency", "prices_of", "job", "translate", "target", "speaks", "hears", "why", "level",
    )
)  # fmt: skip
"""Fields whose text is none of anybody's words; all other text is redacted."""
REDACTED = "…"
_SQUARES = 8
"""Any number is the sum of so few squares once the root of most of it was taken out."""


class RecordingError(RejoinderError):
    """A file is no recording, or one of another version."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    kind: str
    t: float
    """Seconds since the recording began."""
    hop: int
    """Hops of the caller's track that were taken in before it; their number is their position."""
    facts: dict[str, Any]
    """The line as it is in the file."""


@dataclass(frozen=True, slots=True)
class TakenHop:
    """10 ms of the caller's track as the turn taker saw it."""

    hop: Hop
    playing: bool
    """The agent was heard, or held."""
    busy: bool
    """An answer was decided and not over."""


@dataclass(slots=True)
class Recording:
    """One call, or one room. Hops and events are in the order in which they happened."""

    head: dict[str, Any]
    hops: list[TakenHop] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    hop_times: list[tuple[int, float]] = field(default_factory=list)
    """Number of a hop and when it was taken in, seconds, every half second or oftener."""
    whole: bool = True
    """Whether no hop and no event is missing between its first and its last line."""

    @property
    def of_room(self) -> bool:
        """Whether it is of a captioned or interpreted room (`agent.recorder.recorded_room`)."""
        return str(self.head.get("job", "call")) != "call"

    @property
    def has_sound(self) -> bool:
        """Whether somebody's track or the agent's voice is in it."""
        return any("pcm" in event.facts for event in self.events)

    @property
    def redacted(self) -> bool:
        """Whether words and sound were taken out."""
        return bool(self.head.get("redacted"))

    @property
    def streams(self) -> bool:
        """Whether words came by themselves: what was asked besides is of no interest then."""
        return self.head.get("recogniser") == "streaming"

    @property
    def length_s(self) -> float:
        """Until the last line, seconds."""
        return self.events[-1].t if self.events else 0.0

    def of(self, *kinds: str) -> Iterator[Event]:
        """The events of these kinds."""
        return (event for event in self.events if event.kind in kinds)

    def time_of(self, hop: int) -> float:
        """When a hop was taken in, seconds since the recording began."""
        if not self.hop_times:
            return 0.0
        at = bisect.bisect_left(self.hop_times, (hop, 0.0))
        number, t = self.hop_times[min(at, len(self.hop_times) - 1)]
        return max(0.0, t + (hop - number) * float(self.head["hop_s"]))


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Each line of a recording; of one whose end is missing, what is there.

    Raises:
        RecordingError: the file is no recording.
        OSError: it cannot be read.
    """
    size, first = 0, True
    with gzip.open(path, "rb") as file:
        while True:
            try:
                text = file.readline(_MOST_LINE)
            except (EOFError, zlib.error):
                return  # the process died in the middle of a member
            except gzip.BadGzipFile:
                if first:
                    raise RecordingError(f"{path} is no recording") from None
                return
            size += len(text)
            if size > _MOST_BYTES or len(text) == _MOST_LINE:
                raise RecordingError(f"{path} is longer than any recording")
            if not text.endswith(b"\n"):
                return
            try:
                line = json.loads(text, parse_constant=_no_number)
            except (ValueError, RecursionError):
                raise RecordingError(f"{path} is no recording: a line is no JSON") from None
            if not isinstance(line, dict) or (first and line.get("kind") != KIND):
                raise RecordingError(f"{path} is no recording")
            if first and line.get("version") != VERSION:
                raise RecordingError(
                    f"{path} is a recording of another version than {VERSION}, which this reads"
                )
            fault = fault_of(line)
            if fault is not None:
                raise RecordingError(f"{path} is broken: {fault}")
            first = False
            yield line


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def load(path: Path) -> Recording:
    """Read a recording.

    Raises:
        RecordingError: the file is no recording.
        OSError: it cannot be read.
    """
    recording: Recording | None = None
    try:
        for line in lines(path):
            if recording is None:
                recording = Recording(head=line)
            else:
                _take(recording, line)
    except ValueError:  # lists of one line that are not equally long, or no base64
        raise RecordingError(f"{path} is broken: a line of hops is") from None
    if recording is None:
        raise RecordingError(f"{path} is empty")
    return recording


def _take(recording: Recording, line: dict[str, Any]) -> None:
    kind, t = str(line["kind"]), float(line["t"])
    if kind == "hops":
        first = int(line["first"])
        if first != len(recording.hops):
            recording.whole = False
        hops = list(_hops(line))
        recording.hops += hops
        recording.hop_times.append((len(recording.hops), t))
    elif kind in ("lost", "full"):
        recording.whole = False
    hop = int(line.get("hop", len(recording.hops)))
    recording.events.append(Event(kind, t, hop, line))


def _hops(line: dict[str, Any]) -> Iterator[TakenHop]:
    levels, floors = line["level_db"], line["floor_db"]
    probabilities, flags = line["probability"], line["flags"]
    heard = pcm_of(line)
    for n, (level, floor, probability, flag) in enumerate(
        zip(levels, floors, probabilities, flags, strict=True)
    ):
        bits = int(flag, 16)
        pcm = _like(float(level)) if heard is None else heard[n * HOP : (n + 1) * HOP]
        hop = Hop(
            pcm, float(level), bool(bits & LOUD), float(floor), float(probability),
            bool(bits & FRESH),
        )  # fmt: skip
        yield TakenHop(hop, bool(bits & PLAYING), bool(bits & BUSY))


def pcm_of(line: dict[str, Any]) -> NDArray[np.int16] | None:
    """The sound of a line, mono; None: there is none.

    Raises:
        RecordingError: it is no base64, or no 16-bit samples.
    """
    if "pcm" not in line:
        return None
    try:
        return np.frombuffer(base64.b64decode(line["pcm"], validate=True), "<i2").astype(np.int16)
    except ValueError:
        raise RecordingError("the recording is broken: a line of sound is") from None


def _like(level_db: float) -> NDArray[np.int16]:
    """A hop of exactly this level, for what looks at nothing else of its sound."""
    pcm = np.zeros(HOP, np.int16)
    left = round(max(0.0, 10 ** (level_db / 10) - 1e-9) * HOP * 32768.0**2)
    even = HOP - _SQUARES
    most = min(32767, math.isqrt(left // even))
    pcm[:even] = most
    left -= even * most**2
    more = min(even, left // (2 * most + 1)) if most < 32767 else 0
    pcm[:more] += 1
    left -= more * (2 * most + 1)
    for n in range(even, HOP):
        pcm[n] = min(32767, math.isqrt(left))
        left -= int(pcm[n]) ** 2
    return pcm


def redact(path: Path, out: Path) -> None:
    """Write `path` to a new file without words and sound; times and levels stay.

    Raises:
        RecordingError: `path` is no recording.
        OSError: a file cannot be read or written, or `out` is there already.
    """
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb") as file:
        for n, line in enumerate(lines(path)):
            line.pop("pcm", None)
            clean = {name: _without_words(name, value) for name, value in line.items()}
            if n == 0:
                clean["redacted"] = True
            file.write(json.dumps(clean, separators=(",", ":")).encode() + b"\n")


def _without_words(name: str, value: Any) -> Any:
    """A field without words; that there were some is kept."""
    if isinstance(value, dict):
        return {inner: _without_words(inner, of) for inner, of in value.items()}
    if isinstance(value, list):
        return [_without_words(name, of) for of in value]
    return REDACTED if isinstance(value, str) and value and name not in HARMLESS else value
