"""What is known of a turn in progress. Positions are seconds of the caller's audio."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import is_sure
from agent.turns.words import Wording, read

SURE_S = 0.02
"""A request whose audio lacks this much of the last voice has all the words: of 48 utterances cut
at the last voice Whisper tiny.en made as many mistakes as of whole ones (5.6 % of the words), of
those that lacked 40 ms more (6.3 %)."""


_LETTER_S, _CJK_S = 0.025, 0.08
"""Nobody says 40 letters or 12 Chinese characters a second."""


@dataclass(slots=True)
class Piece:
    """The beginning of a long utterance, recognised by itself."""

    number: int
    text: str | None = None


@dataclass(slots=True)
class Utterance:
    """From the first voice to the decision that it is over."""

    began: float
    over_agent: bool
    over_answer: bool = False
    """Begun while a decided answer had not begun to sound."""
    voiced_s: float = 0.0
    peak_probability: float = 0.0
    """Highest probability of speech."""
    last_voiced: float = 0.0
    announced: bool = False
    audio: list[NDArray[np.int16]] = field(default_factory=list)
    levels_db: list[float] = field(default_factory=list)
    """Of each hop of `audio`."""
    pieces: list[Piece] = field(default_factory=list)
    in_flight: dict[int, tuple[float, bool]] = field(default_factory=dict)
    """Request → position up to which it has the audio, and whether it is rolling."""
    cut: float = -1.0
    """Where the newest piece was cut off."""
    text: str | None = None
    """Newest words of the current piece."""
    upto: float = -1.0
    """Position up to which `text` is known."""
    guessed: str | None = None
    guesses: int = 0
    failed: bool = False
    judged: bool = False
    """Whether the end-of-turn model was asked about this pause."""
    end_probability: float | None = None
    """Its opinion; None: there is none (yet)."""

    def hardly_says(self, text: str) -> bool:
        """Whether there is too little voice for these words, or none the detector is sure of."""
        least_s = sum(_CJK_S if letter > "\u2fff" else _LETTER_S for letter in text)
        return self.voiced_s < least_s or not is_sure(self.peak_probability)

    @property
    def knows_all(self) -> bool:
        """Whether `text` is of all that was said so far."""
        return self.upto >= self.last_voiced - SURE_S

    @property
    def only_rolling(self) -> bool:
        """Whether the words are still awaited, by requests that others may go before."""
        if self.knows_all or not self.in_flight:
            return False
        return all(rolling for _, rolling in self.in_flight.values())

    @property
    def whole_text(self) -> str:
        """All words known so far."""
        known = [piece.text for piece in self.pieces] + [self.text]
        return " ".join(text for text in known if text)

    def open_s(self, now: float) -> float | None:
        """How long ago the words could not end, if they could not when they were last known."""
        if self.text and read(self.text) is Wording.UNFINISHED:
            return now - self.upto
        return None
