"""The samples of one reply on their way to the room, of which some can be taken back."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]


class QueuedAudio:
    """A queue of mono samples with a short memory.

    What was taken stays for `memory` samples, so that it can be given back: its length and its
    time do not grow with what has passed through.
    """

    def __init__(self, *, memory: int) -> None:
        """Remember at least the last `memory` samples that were taken."""
        self._memory = memory
        self._waiting: deque[Pcm] = deque()
        self._taken: deque[Pcm] = deque()
        self._remembered = 0
        self.captured = 0
        """Samples put in since the beginning."""
        self.sent = 0
        """Samples taken and not given back since the beginning."""

    @property
    def left(self) -> int:
        """Samples that wait."""
        return self.captured - self.sent

    def put(self, pcm: Pcm) -> None:
        """Add samples at the end."""
        if len(pcm):
            self._waiting.append(pcm)
            self.captured += len(pcm)

    def take(self, size: int) -> Pcm:
        """The next `size` samples, or what is left."""
        parts: list[Pcm] = []
        need = min(size, self.left)
        while need > 0:
            piece = self._waiting.popleft()
            if len(piece) > need:
                self._waiting.appendleft(piece[need:])
                piece = piece[:need]
            need -= len(piece)
            parts.append(piece)
        pcm = parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.int16), *parts])
        self.sent += len(pcm)
        self._remember(pcm)
        return pcm

    def newest(self, size: int) -> Pcm:
        """The last `size` samples that were taken, or what is remembered of them."""
        taken = np.concatenate([np.zeros(0, np.int16), *self._taken])
        return taken[len(taken) - min(size, len(taken)) :]

    def give_back(self, size: int) -> None:
        """Put the last `size` samples that were taken before those that wait."""
        need = min(size, self._remembered)
        self.sent -= need
        self._remembered -= need
        while need > 0:
            piece = self._taken.pop()
            if len(piece) > need:
                self._taken.append(piece[:-need])
                piece = piece[-need:]
            need -= len(piece)
            self._waiting.appendleft(piece)

    def _remember(self, pcm: Pcm) -> None:
        self._taken.append(pcm)
        self._remembered += len(pcm)
        while self._taken and self._remembered - len(self._taken[0]) >= self._memory:
            self._remembered -= len(self._taken.popleft())
