"""When the agent's audio is played: at once, or after what was queued before it. Pure."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

_JOINED_S = 1e-6
_LONGEST_S = 1.0
"""Longer stretches come in parts."""


class AgentSound:
    """What was handed to the native source and may still be taken back."""

    def __init__(self, rate_hz: int) -> None:
        """Mono at `rate_hz`."""
        self.rate_hz = rate_hz
        self._frames: deque[tuple[float, NDArray[np.int16]]] = deque()
        self._end = 0.0

    @property
    def oldest(self) -> float:
        """When the oldest frame that is kept begins, seconds; infinity: there is none."""
        return self._frames[0][0] if self._frames else float("inf")

    def queue(self, pcm: NDArray[np.int16], now: float) -> None:
        """The next frame; `now` in seconds."""
        begin = max(now, self._end)
        self._frames.append((begin, pcm))
        self._end = begin + len(pcm) / self.rate_hz

    def take_back(self, samples: int) -> None:
        """The newest samples are not played."""
        while samples > 0 and self._frames:
            begin, pcm = self._frames.pop()
            left = len(pcm) - samples
            samples -= len(pcm)
            self._end = begin + max(0, left) / self.rate_hz
            if left > 0:
                self._frames.append((begin, pcm[:left]))

    def played(self, before: float) -> list[tuple[float, list[NDArray[np.int16]]]]:
        """Stretches without a gap that were over by then, each with the time it began."""
        stretches: list[tuple[float, list[NDArray[np.int16]]]] = []
        end = -1.0
        while self._frames:
            begin, pcm = self._frames[0]
            over = begin + len(pcm) / self.rate_hz
            if over > before:
                break
            self._frames.popleft()
            joined = stretches and abs(begin - end) < _JOINED_S
            if joined and over - stretches[-1][0] <= _LONGEST_S:
                stretches[-1][1].append(pcm)
            else:
                stretches.append((begin, [pcm]))
            end = over
        return stretches
