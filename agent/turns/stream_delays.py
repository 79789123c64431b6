"""How late a stream's words are after they were spoken. Pure, but for memory that calls share."""

import mmap

_UNKNOWN_S = 0.8
"""Between a word and its result, until the engine's own delay is known."""
_KEPT = 30
_SOON, _LATE = 0.25, 0.95
"""Shares of words that come sooner. News in a pause is of its last word if it comes no sooner than
a quarter of them; what has not come when nearly all would have was not said."""
_JITTER_S = 0.04
"""Taken off the former: audio goes in pieces of 60 ms, and where a voice ends is not exact."""
_MARGIN_S, _UNSURE_S = 0.05, 0.3
"""Added to the latter, and what is added over the number of words that are known."""
_LONGEST_S = 3.0


class StreamDelays:
    """Of the newest words of an engine. One per engine; seconds of the caller's audio.

    Attributes:
        known: whether there are readings at all.
        soon_s: what the quicker words take.
        late_s: what nearly all words take no longer than.
    """

    BYTES = 8 * (1 + _KEPT)
    """Size of the memory it keeps its readings in."""

    def __init__(self, memory: mmap.mmap | None = None) -> None:
        """Keep the readings in `memory`, which others may share (`agent.remote.learned`)."""
        self._cells = memoryview(memory or bytearray(self.BYTES)).cast("d")
        self.soon_s = self.late_s = _UNKNOWN_S
        self.known = False
        self.look()

    def took(self, *delays_s: float) -> None:
        """Words came so long after they were over."""
        for delay_s in delays_s:
            count = int(self._cells[0])
            self._cells[1 + count % _KEPT] = min(max(0.0, delay_s), _LONGEST_S)
            self._cells[0] = count + 1
        if delays_s:
            self.look()

    def look(self) -> None:
        """Take in what other calls have learned."""
        count = min(int(self._cells[0]), _KEPT)
        self.known = count > 0
        if self.known:
            ordered = sorted(self._cells[1 : 1 + count])
            self.soon_s = max(0.0, ordered[int(_SOON * count)] - _JITTER_S)
            self.late_s = ordered[int(_LATE * count)] + _MARGIN_S + _UNSURE_S / count
