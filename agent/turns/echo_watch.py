"""When to ask whether a sound over the agent is the agent's own echo. Pure."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

ECHO_HOPS = 12
"""Once there was an echo, 120 ms are compared: a caller over it is to be heard soon."""
FIRST_HOPS = 25
"""The first time 250 ms are, twice: a vowel of the caller's is often like one of the agent's."""
_FIRST_S, _LAST_S = 0.05, 0.5
"""A held reply is compared between these times after it was held, seconds: what comes later than
the echo's delay is silence."""
_SAME_DELAY_S = 0.003
_EVERY_S = 0.05
_NOT_YET = -1.0


class EchoWatch:
    """One per call: it learns whether this caller's side has an echo at all."""

    def __init__(self, echo_of: Callable[[NDArray[np.int16]], float | None]) -> None:
        """Compare by `echo_of`: 120 or 250 ms at 16 kHz in.

        Out: how long before the newest sample played it was played, seconds; None: it was not.
        """
        self._echo_of = echo_of
        self._known = False
        self._looked = self._last = _NOT_YET
        self._answer = False
        self._delay_s: float | None = None

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
        self._looked = now
        if len(audio) >= ECHO_HOPS and self._compare(audio[-ECHO_HOPS:]) is not None:
            self._answer, self._last = True, now
            return True
        # One look between two words says little.
        self._answer = now - self._last <= 2 * _EVERY_S
        return self._answer

    def heard(self, audio: Sequence[NDArray[np.int16]], now: float, *, held_s: float) -> bool:
        """Whether the sound for which a reply is held is an echo; compared every 50 ms at most.

        It is when it comes as late as it did at the look before.
        """
        if not _FIRST_S <= held_s <= _LAST_S or now - self._looked < _EVERY_S:
            return False
        self._looked = now
        before, self._delay_s = self._delay_s, None
        if len(audio) < FIRST_HOPS or (late_s := self._compare(audio[-FIRST_HOPS:])) is None:
            return False
        # Nothing was played since it was held.
        self._delay_s = late_s + held_s
        if before is None or abs(self._delay_s - before) > _SAME_DELAY_S:
            return False
        self._known = self._answer = True
        self._last = now
        return True

    def _compare(self, audio: Sequence[NDArray[np.int16]]) -> float | None:
        return self._echo_of(np.concatenate(audio))
