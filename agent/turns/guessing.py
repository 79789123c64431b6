"""When the words so far are worth beginning an answer. Pure.

A wrong guess costs a request to the model and one to the voice; a missed one costs the caller
the time between the words and the decision.
"""

from dataclasses import dataclass

from agent.turns.tempo import TEMPO, Tempo
from agent.turns.utterance import Utterance
from agent.turns.words import Wording, has_end_mark, same_words

DIP_S = 0.03
"""Silence that may be the end, if the words say so."""
_MOST = 5
"""Answers begun in one turn."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Where in a pause of the caller the words are looked at."""

    silence_s: float
    wait_s: float
    """Silence after which the turn would be over."""
    exact: bool
    """Whether the words are of all that was said."""


class Guessing:
    """One per call: it learns whether the recogniser writes full stops."""

    def __init__(self, *, speculate: bool, tempo: Tempo = TEMPO) -> None:
        """Guess at all, or never."""
        self._speculate = speculate
        self._tempo = tempo
        self._marks_seen = False
        self._marks_missed = False

    def recognised(self, text: str) -> None:
        """Words of the caller, perhaps not all."""
        self._marks_seen = self._marks_seen or has_end_mark(text)

    def ended(self, text: str) -> None:
        """All words of a turn."""
        self._marks_missed = self._marks_missed or bool(text and not has_end_mark(text))

    @property
    def writes_marks(self) -> bool:
        """Whether a whole sentence would end with a mark: so until a turn came without any."""
        return self._marks_seen or not self._marks_missed

    def worth(self, utterance: Utterance, text: str, wording: Wording, pause: Pause) -> bool:
        """Whether to begin an answer to `text` now."""
        if not self._speculate or utterance.guesses >= _MOST:
            return False
        if same_words(text, utterance.guessed or ""):
            return False
        if wording in (Wording.UNFINISHED, Wording.DICTATION):
            return pause.exact and pause.silence_s >= pause.wait_s - self._tempo.lead_s
        if pause.exact:
            # A stream tells each word as it ends, also while the next one's consonant is closed.
            open_words = wording is Wording.PLAIN and not utterance.words.final
            return not open_words or pause.silence_s >= self._tempo.pauses_dip_s
        if utterance.words.upto < utterance.last_voiced - self._tempo.late_s:
            return False
        # What a stream has not told yet is not in its words; a whole upload may say it all.
        return wording is Wording.FINISHED or (utterance.words.final and not self.writes_marks)
