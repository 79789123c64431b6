"""When to ask whether a sound over the agent is the agent's own echo. Pure."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

ECHO_HOPS = 12
"""120 ms are compared."""
_FIRST_S, _LAST_S = 0.1, 0.5
"""A held reply is compared between these times after it was held, seconds: before, there is too
little of the sound; after, it would have been told already."""
_EVERY_S = 0.05
_NOT_YET = -1.0


class EchoWatch:
    """One per call: it learns whether this caller's side has an echo at all."""

    def __init__(self, is_echo: Callable[[NDArray[np.int16]], bool]) -> None:
        """Compare by `is_echo`: 120 ms at 16 kHz in."""
        self._is_echo = is_echo
        self._known = False
        self._looked = self._last = _NOT_YET
        self._answer = False

    def expected(self, audio: Sequence[NDArray[np.int16]], now: float) -> bool:
        """Whether a sound that begins is an echo, where there have been some: nothing is held.

        Args:
            audio: the newest hops.
            now: seconds of the caller's audio.
        """
        if not self._known:
            return False
        if self._answer and now - self._looked < _EVERY_S:
            return True
        if self._ask(audio, now):
            self._last = now
            return True
        # One look between two words says little.
        self._answer = now - self._last <= 2 * _EVERY_S
        return self._answer

    def heard(self, audio: Sequence[NDArray[np.int16]], now: float, *, held_s: float) -> bool:
        """Whether the sound for which a reply is held is an echo; asked every 50 ms at most."""
        if not _FIRST_S <= held_s <= _LAST_S or now - self._looked < _EVERY_S:
            return False
        if self._ask(audio, now):
            self._known, self._last = True, now
        return self._answer

    def _ask(self, audio: Sequence[NDArray[np.int16]], now: float) -> bool:
        self._looked = now
        newest = audio[-ECHO_HOPS:]
        self._answer = len(newest) == ECHO_HOPS and self._is_echo(np.concatenate(newest))
        return self._answer
