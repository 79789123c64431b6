"""How far a voice has fallen below what it was a moment ago. Pure."""

from collections import deque

from agent.hearing.ear import least_voice_db

_PEAK_HOPS = 50
"""A level is compared with the loudest of the last half second: a syllable or two."""
_SMOOTH_HOPS = 3


class Falls:
    """Of one utterance: how far its newest 30 ms are below the loudest of that half second."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=_PEAK_HOPS)
        self._floor_db = 0.0

    def heard(self, level_db: float, floor_db: float) -> None:
        """The levels of the next 10 ms, and of the background."""
        self._levels.append(level_db)
        self._floor_db = floor_db

    @property
    def depth_db(self) -> float:
        """The fall."""
        if len(self._levels) < _SMOOTH_HOPS:
            return 0.0
        newest = sum(self._levels[-n] for n in range(1, _SMOOTH_HOPS + 1)) / _SMOOTH_HOPS
        return max(self._levels) - newest

    @property
    def share(self) -> float:
        """How much of the way is behind it to the level at which the voice is over."""
        peak_db = max(self._levels, default=0.0)
        return self.depth_db / max(1.0, peak_db - least_voice_db(peak_db, self._floor_db))
