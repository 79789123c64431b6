"""Which words a recogniser would have known of audio that it was not asked about. Pure.

What it would have written nobody knows. The nearest is what it wrote of audio whose voice ends no
later, as silence adds no word.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.hearing.ear import Hop

_STILL_PROBABILITY = 0.35
_ABOVE_FLOOR_DB = 6.0
"""A hop that is speech by the detector, and this much above the background, is voice."""
_SAME_HOPS = 2
"""Two places whose voice ends this near to each other are the same."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the recorded recogniser. Positions are numbers of hops."""

    begin: int
    """Where the audio began."""
    end: int
    """Where it ended: when it was asked."""
    delay: int
    """How many hops later the answer came."""
    took_s: float | None
    text: str
    language: str = ""


class KnownWords:
    """All answers of one recorded call."""

    def __init__(self, hops: Sequence[Hop], answers: Sequence[Answer]) -> None:
        """Look up in `answers`; `hops` tell where the voice was."""
        self._voiced = [
            n + 1
            for n, hop in enumerate(hops)
            if hop.probability >= _STILL_PROBABILITY
            and (hop.loud or hop.level_db > hop.floor_db + _ABOVE_FLOOR_DB)
        ]
        self._answers = sorted(answers, key=lambda answer: (self._voice(answer.end), answer.end))

    def of(self, begin: int, end: int) -> Answer | None:
        """What would have been answered of the audio between two hops; None: nobody can tell."""
        voice = self._voice(end) + _SAME_HOPS
        known = [
            answer
            for answer in self._answers
            if answer.end > begin and self._voice(answer.end) <= voice
        ]
        if not known:
            return None
        newest = self._voice(known[-1].end)
        best = min(
            (answer for answer in known if self._voice(answer.end) >= newest - _SAME_HOPS),
            key=lambda answer: abs(answer.end - end),
        )
        text = best.text
        if self._has_voice(best.begin, begin):
            before = self._of_window(best.begin, begin)
            text = without_first(text, before)
        elif self._has_voice(begin, best.begin):
            earlier = self.of(begin, best.begin)
            text = f"{earlier.text} {text}".strip() if earlier is not None else text
        return replace(best, begin=begin, end=end, text=text)

    def _of_window(self, begin: int, end: int) -> str:
        """What was known at `end` of audio that begins exactly at `begin`."""
        voice = self._voice(end)
        texts = [
            answer.text
            for answer in self._answers
            if answer.begin == begin and self._voice(answer.end) <= voice
        ]
        return texts[-1] if texts else ""

    def _voice(self, hop: int) -> int:
        """Where the last voice up to a hop ended."""
        at = bisect_right(self._voiced, hop)
        return self._voiced[at - 1] if at else 0

    def _has_voice(self, begin: int, end: int) -> bool:
        return begin < end and self._voice(end) > begin


def without_first(text: str, known: str) -> str:
    """A text without as many words as were known before; of Chinese without as many characters."""
    if " " in text.strip():
        return " ".join(text.split()[len(known.split()) :])
    return text[len(known) :]
