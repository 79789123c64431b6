"""Where the sound of somebody's track lies on the time axis of a recording. Pure.

Frames come irregularly: a network and an event loop only ever make them late. So a frame begins
where the one before it ends, unless all that follow it are as late as it is: then nothing was sent
in between.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

JITTER_S = 0.12
"""Frames come so much later or sooner than their place without a gap before them."""
_ROUNDING_S = 1e-6
_STRETCH_S = 0.5
_BURST_S = 2.0
"""Frames that a stall has held up are waited for until there are so many, seconds."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound without a gap."""

    at: float
    """When it began, seconds since the recording began."""
    pcm: NDArray[np.int16]
    """Mono, shape (n,)."""
    kept: bool
    """Whether its sound may be kept, and not only its level."""


@dataclass(frozen=True, slots=True)
class _Frame:
    came: float
    """When, seconds since the recording began."""
    pcm: NDArray[np.int16]
    kept: bool


class TrackSound:
    """Of one track."""

    def __init__(self, rate_hz: int) -> None:
        """Mono at `rate_hz`."""
        self._rate_hz = rate_hz
        self._frames: list[_Frame] = []
        """Those that are not placed yet."""
        self._waiting = 0
        """How many samples they have."""
        self._end: float | None = None
        """Where the newest sound that was placed ends."""
        self._placed = 0
        """How many samples were placed."""
        self._begins: list[tuple[int, float]] = []
        """How many there were before each stretch that follows a gap, and when that began."""

    def hear(self, pcm: NDArray[np.int16], now: float, *, kept: bool) -> list[Stretch]:
        """Take in the next frame, which has come by `now`; it must not be changed any more.

        Returns:
            What can be placed, half a second or more at a time.
        """
        self._frames.append(_Frame(now, pcm, kept))
        self._waiting += len(pcm)
        waiting_s = self._waiting / self._rate_hz
        late = self._end is not None and now - self._end - waiting_s > JITTER_S
        return self.rest() if waiting_s >= (_BURST_S if late else _STRETCH_S) else []

    def rest(self) -> list[Stretch]:
        """Whatever is not placed yet."""
        begins = self._begins_of_frames()
        frames, self._frames, self._waiting = self._frames, [], 0
        return list(self._place(frames, begins)) if frames else []

    def time_of(self, ago_s: float, now: float) -> float:
        """When the sound was that so much sound came after, seconds since the recording began.

        Of what is not placed yet, as it would be placed now.
        """
        position = self._placed + self._waiting - round(ago_s * self._rate_hz)
        known, count = list(self._begins), self._placed
        for frame, begin in zip(self._frames, self._begins_of_frames(), strict=True):
            known.append((count, begin))
            count += len(frame.pcm)
        if not known:
            return now - ago_s
        found = (one for one in reversed(known) if one[0] <= position)
        before, at = next(found, known[0])
        return at + (position - before) / self._rate_hz

    def _begins_of_frames(self) -> list[float]:
        """When each frame begins that is not placed yet."""
        if not self._frames:
            return []
        ends = np.cumsum([len(frame.pcm) for frame in self._frames]) / self._rate_hz
        # When the first one would have begun, had each come in time and without a gap before it;
        # a frame is late only as long as no later one is less so.
        firsts = np.array([frame.came for frame in self._frames]) - ends
        firsts = np.minimum.accumulate(firsts[::-1])[::-1]
        begin = self._end
        found = []
        for frame, end, first in zip(self._frames, ends, firsts, strict=True):
            if begin is None or abs(first - begin) > JITTER_S:
                begin = max(0.0, float(first))
            found.append(begin + float(end) - len(frame.pcm) / self._rate_hz)
        return found

    def _place(self, frames: Sequence[_Frame], begins: Sequence[float]) -> Iterator[Stretch]:
        pieces: list[NDArray[np.int16]] = []
        at, kept = 0.0, False
        for frame, begin in zip(frames, begins, strict=True):
            gap = self._end is None or abs(begin - self._end) > _ROUNDING_S
            if pieces and (gap or frame.kept != kept):
                yield Stretch(at, np.concatenate(pieces), kept)
                pieces = []
            if gap:
                self._begins.append((self._placed, begin))
            if not pieces:
                at, kept = begin, frame.kept
            pieces.append(frame.pcm)
            self._placed += len(frame.pcm)
            self._end = begin + len(frame.pcm) / self._rate_hz
        yield Stretch(at, np.concatenate(pieces), kept)
