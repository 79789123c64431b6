"""When to ask whether a sound over the agent is the agent's own echo. Pure.

The numbers were measured in a simulated room and in a real call (docs/decisions/0005).
"""

from collections.abc import Callable, Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, level_of
from agent.hearing.echo import NOWHERE, Match

ECHO_HOPS = 12
"""120 ms are compared at a time."""
_FIRST_S, _LAST_S = 0.05, 0.5
"""A held reply is compared between these times after it was held, seconds."""
_EVERY_S = 0.05
_SUSPICIOUS, _ALIKE, _WHOLE = 0.4, 0.6, 0.3
"""Least likeness that makes a sound suspect; that makes it an echo where there was one; and of
all of a suspect's sound to what was played last."""
_CERTAIN = 0.8
"""Likeness that is an echo whatever its delay: half of all looks at echoes reach it; callers with
the agent's own voice come up to 0.61, others to 0.72."""
_LATEST_S = 0.6
"""What is less than certain is no echo if it comes later."""
_TAIL_S = 0.1
"""How much longer than what was played an echo may sound: the room, and the jitter buffers."""
_SURE_S = 0.14
"""After its last sample an echo is looked at as a whole, when its tail is over."""
_ONSET_S = 0.02
"""A reply is held this much after a sound began."""
_SAME_S = 0.05
"""The end of what was played and of its echo are found at the same place."""
_DRIFT_S = 0.15
"""How much the delay may change from one look to a later one, to either side: jitter buffers."""
_LOUDER_DB = 6.0
"""Two equal voices in phase: what is louder by this than any certain echo before, and unlike what
was played, is not only an echo."""
_UNLIKE, _FAINTER_DB, _UNLIKE_LOOKS = 0.4, 3.0, 2
"""As loud as that, less a little, for most of a look, and unlike what was played, so often in a
row: somebody talks."""
_NOT_YET = -1.0


class Origin(Enum):
    """Where a sound over the agent comes from."""

    CALLER = "caller"
    UNSURE = "unsure"
    """It is like an echo; whether it ends like one is seen soon."""
    ECHO = "echo"


class EchoWatch:
    """One per call: it learns whether this caller's side has an echo, and how late that is.

    What is nearly the same is an echo. A vowel of the caller's is often somewhat like one of the
    agent's. But a reply that is held makes no echo any more: the first sound that is like one is
    known to be one when it ends as late after the hold as it came after its original, and is
    like it from beginning to end. A caller goes on. Later echoes, of nearly the same delay, are
    known at the first look, and two looks in a row tell that a sound is none. Who was unlike
    it, and louder than it can be or as loud for two looks, is a caller, whatever of the echo
    follows while the reply is held.
    """

    def __init__(self, match_played: Callable[[NDArray[np.int16]], Match]) -> None:
        """Compare by `match_played`: see `agent.hearing.echo.match`; 120 ms go in."""
        self._match = match_played
        self._delay_s: float | None = None
        self._suspected_s: float | None = None
        self._held_s = 0.0
        self._looked = self._last = self._until = _NOT_YET
        self._loudest_db = -np.inf
        self._answer = self._doubtful = self._caller = False
        self._unlike_looks = 0

    @property
    def until(self) -> float:
        """Up to when the caller's audio holds nothing but the agent's echo, seconds of it."""
        return self._until

    def expected(self, audio: Sequence[NDArray[np.int16]], now: float) -> bool:
        """Whether a sound that begins is an echo, where there have been some: nothing is held.

        Args:
            audio: the newest hops.
            now: seconds of the caller's audio.
        """
        if self._delay_s is None:
            return False
        if self._answer and now - self._looked < _EVERY_S:
            return True
        again = self._doubtful and now - self._looked <= 2 * _EVERY_S
        found = self._look(audio, now)
        if self._is_known(found.likeness, found.late_s):
            self._echo(found.late_s, now, found.likeness, audio)
            return True
        # One look between two words says little, unless it is too loud for an echo.
        self._doubtful = True
        self._answer = not again and not self._is_louder(audio)
        return self._answer

    def heard(
        self, audio: Sequence[NDArray[np.int16]], now: float, *, held_s: float, quiet_s: float
    ) -> Origin:
        """Where the sound comes from for which a reply is held; compared every 50 ms at most.

        Until a suspect is cleared or known it stays held: 0.75 s after the hold at the latest.

        Args:
            audio: the newest hops.
            now: seconds of the caller's audio.
            held_s: since the reply was held.
            quiet_s: since the last sound.
        """
        if held_s < self._held_s:
            self._suspected_s = None
            self._caller = False
            self._unlike_looks = 0
        self._held_s = held_s
        if _FIRST_S <= held_s <= _LAST_S and now - self._looked >= _EVERY_S:
            found = self._look(audio, now)
            # Nothing was played since it was held.
            delay_s = found.late_s + held_s
            if self._is_known(found.likeness, delay_s):
                origin = self._echo(delay_s, now, found.likeness, audio)
                return Origin.CALLER if self._caller else origin
            unlike = found.likeness < _UNLIKE and self._is_as_loud(audio)
            self._unlike_looks = self._unlike_looks + 1 if unlike else 0
            if self._suspected_s is None and found.likeness >= _SUSPICIOUS and delay_s <= _LATEST_S:
                self._suspected_s = delay_s
            elif self._delay_s is not None and self._is_somebody(found, audio):
                self._suspected_s, self._caller = None, True
        if self._suspected_s is None:
            return Origin.CALLER
        over_s = held_s - self._suspected_s
        if quiet_s < over_s - _TAIL_S:
            self._suspected_s = None
            return Origin.CALLER
        if over_s < _SURE_S:
            return Origin.UNSURE
        end = len(audio) - round(over_s / HOP_S)
        begin = max(0, end - round((self._suspected_s + _ONSET_S) / HOP_S))
        whole = self._match(np.concatenate(audio[begin:end]))
        if whole.likeness >= _WHOLE and whole.late_s <= _SAME_S:
            return self._echo(self._suspected_s, now, _CERTAIN, audio[begin:end])
        self._suspected_s = None
        return Origin.CALLER

    def _is_known(self, likeness: float, delay_s: float) -> bool:
        if likeness >= _CERTAIN:
            return True
        usual_s = self._delay_s
        return likeness >= _ALIKE and usual_s is not None and abs(delay_s - usual_s) <= _DRIFT_S

    def rings(self, level_db: float, now: float) -> bool:
        """Whether what is heard now, at this level, is still the echo that was found last."""
        return now - self._last <= _EVERY_S + HOP_S and level_db <= self._loudest_db + _LOUDER_DB

    def _echo(
        self, delay_s: float, now: float, likeness: float, audio: Sequence[NDArray[np.int16]]
    ) -> Origin:
        self._delay_s, self._last, self._answer = delay_s, now, True
        self._doubtful = False
        if likeness >= _CERTAIN:
            self._until = now
            self._loudest_db = max(self._loudest_db, _loudest_db(audio))
        return Origin.ECHO

    def _is_somebody(self, found: Match, audio: Sequence[NDArray[np.int16]]) -> bool:
        if self._unlike_looks >= _UNLIKE_LOOKS:
            return True
        return found.likeness < _ALIKE and self._is_louder(audio)

    def _is_louder(self, audio: Sequence[NDArray[np.int16]]) -> bool:
        return _loudest_db(audio) > self._loudest_db + _LOUDER_DB

    def _is_as_loud(self, audio: Sequence[NDArray[np.int16]]) -> bool:
        levels = sorted(level_of(pcm) for pcm in audio[-ECHO_HOPS:])
        return levels[len(levels) // 2] > self._loudest_db - _FAINTER_DB

    def _look(self, audio: Sequence[NDArray[np.int16]], now: float) -> Match:
        self._looked = now
        newest = audio[-ECHO_HOPS:]
        return self._match(np.concatenate(newest)) if len(newest) == ECHO_HOPS else NOWHERE


def _loudest_db(audio: Sequence[NDArray[np.int16]]) -> float:
    """Level of the loudest of the newest hops."""
    return max(level_of(pcm) for pcm in audio[-ECHO_HOPS:])
