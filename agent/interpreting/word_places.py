"""Where the words of an utterance are on its track, as far as answers of a recogniser tell. Pure.

A recogniser tells words, and up to where it has heard, but not where each word is. A word ends no
later than the position up to which the first answer had heard that has it. Words that came with the
same answer share the voice that this one had heard beyond the one before, by their letters: where
there is no voice there are no words.
"""

from bisect import bisect
from dataclasses import dataclass

from agent.hearing.ear import HOP_S

_PAUSE_S = 0.05
"""Shorter pauses of the voice are within a word."""
_ONSET_S = 0.04
"""Voice that there was before it was taken for an utterance."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Where some words are on their track: seconds of its sound, as it came, since it is heard."""

    begin_s: float
    end_s: float
    now_s: float
    """Of the newest sound when this was known."""


class WordPlaces:
    """Of one utterance.

    Positions are seconds of the track's audio since it is heard, with the time that was made up
    for where no sound came.
    """

    def __init__(self, now: float, missing_s: float) -> None:
        """Begin where it was noticed; so much was made up for before."""
        begin = max(0.0, now - _ONSET_S)
        self._voiced = [[begin, now]]
        """Stretches of voice: where each begins and ends."""
        self._known = [(0.0, begin)]
        """So many letters were known up to this position; both only grow."""
        self._taken = 0.0
        self._end = begin
        """Where the words end that were taken."""
        self._missing_s = missing_s
        self._missing: list[float] = []
        """Positions of hops that were made up for since then."""

    def voiced(self, position: float) -> None:
        """The hop that ends there has voice."""
        if position - HOP_S - self._voiced[-1][1] <= _PAUSE_S:
            self._voiced[-1][1] = position
        else:
            self._voiced.append([position - HOP_S, position])

    def missing(self, position: float) -> None:
        """Nothing came in place of the hop that ends there."""
        self._missing.append(position)

    def known(self, letters: float, upto: float) -> None:
        """The words of the newest answer have so many letters; it had heard up to there."""
        before, least = self._known[-1]
        if letters > before:
            self._known.append((letters, max(upto, least)))

    def take(self, letters: float, now: float) -> Spoken:
        """Where the next words are, which have so many letters; `now` is the newest position."""
        self._taken += letters
        begin = self._after(self._end)
        self._end = max(begin, self._place(self._taken))
        return Spoken(self.sound(begin), self.sound(self._end), self.sound(now))

    def sound(self, position: float) -> float:
        """How much sound had come at a position, seconds."""
        return position - self._missing_s - HOP_S * bisect(self._missing, position)

    def _place(self, letters: float) -> float:
        """Where the word ends that ends with so many letters."""
        before, after = self._known[0], self._known[-1]
        for point in self._known:
            if point[0] >= letters:
                after = point
                break
            before = point
        if after[0] <= before[0]:
            return self._position(self._voice_upto(after[1]))
        share = min(1.0, (letters - before[0]) / (after[0] - before[0]))
        first, last = self._voice_upto(before[1]), self._voice_upto(after[1])
        return self._position(first + share * (last - first))

    def _voice_upto(self, position: float) -> float:
        """How much voice there is before a position, seconds."""
        return sum(max(0.0, min(end, position) - begin) for begin, end in self._voiced)

    def _position(self, voice_s: float) -> float:
        """Up to where there is so much voice."""
        for begin, end in self._voiced:
            if voice_s <= end - begin + 1e-9:
                return begin + voice_s
            voice_s -= end - begin
        return self._voiced[-1][1]

    def _after(self, position: float) -> float:
        """Where the voice goes on from there, or begins again."""
        found = next((begin for begin, end in self._voiced if end > position), position)
        return max(found, position)
