"""What is known of a turn in progress. Positions are seconds of the caller's audio."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import is_sure
from agent.turns.recogniser import SURE_S, Words

_WORD_S = 0.2
"""A short word has as much voice as this."""
_LETTER_S, _CJK_S = 0.025, 0.08
"""Nobody says 40 letters or 12 Chinese characters a second."""
_REMEMBERED_HOPS = 200
"""More than the echo and the end-of-turn model look at, and the beginning of the next utterance."""


@dataclass(slots=True)
class Utterance:
    """From the first voice to the decision that it is over."""

    began: float
    over_agent: bool
    last_voiced: float
    over_answer: bool = False
    """Begun while a decided answer had not begun to sound."""
    voiced_s: float = 0.0
    peak_probability: float = 0.0
    """Highest probability of speech."""
    announced: bool = False
    audio: deque[NDArray[np.int16]] = field(
        default_factory=lambda: deque[NDArray[np.int16]](maxlen=_REMEMBERED_HOPS)
    )
    """Its newest hops."""
    words: Words = Words("", -1.0, final=False)
    """The newest that were told."""
    lost_upto: float = -1.0
    """Position up to which there will be no other words than these."""
    guessed: str | None = None
    guesses: int = 0
    judged: bool = False
    """Whether the end-of-turn model was asked about this pause."""
    end_probability: float | None = None
    """Its opinion; None: there is none (yet)."""

    def hardly_says(self, text: str) -> bool:
        """Whether there is too little voice for these words, or none the detector is sure of."""
        least_s = sum(_CJK_S if letter > "\u2fff" else _LETTER_S for letter in text)
        return self.voiced_s < least_s or not is_sure(self.peak_probability)

    @property
    def is_speech(self) -> bool:
        """Whether a word, at least, was surely said."""
        return self.voiced_s >= _WORD_S and is_sure(self.peak_probability)

    @property
    def knows_all(self) -> bool:
        """Whether the words are all that was said so far, or all that will be known of it."""
        return self.words.upto >= self.last_voiced - SURE_S or self.lost_upto >= self.last_voiced

    @property
    def has_final_words(self) -> bool:
        """Whether nothing else will be known of what was said so far."""
        return self.lost_upto >= self.last_voiced or (self.knows_all and self.words.final)
