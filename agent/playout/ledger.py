"""The heard ledger: which words of a reply have been played, sample by sample.

It is the source of the history after a barge-in and of captions in step with the voice.
Pure logic: no clock, no task.
"""

import numpy as np
from numpy.typing import NDArray

from agent.playout.alignment import HOP_S, Levels, Word, align, levels, split_words, weight

_FIRST_RATE_S = 0.065
"""Seconds a letter takes until a whole sentence of this voice was measured."""

_HEARD_SHARE = 0.5
"""A word cut off by a barge-in counts as heard when this share of it was played."""


class _Sentence:
    def __init__(self, text: str, start_s: float) -> None:
        self.text = text
        self.start_s = start_s
        self.words: list[Word] | None = None
        """Placed on the audio; None until all of the audio is there."""


class HeardLedger:
    """Words and audio of one reply, in the order in which they are spoken.

    Positions are seconds of the reply's own audio, from its first sample.
    """

    def __init__(self, *, letter_s: float = _FIRST_RATE_S) -> None:
        """Begin a reply; `letter_s` is the pace of the reply before it."""
        self.letter_s = letter_s
        self._sentences: list[_Sentence] = []
        self._curve: list[Levels] = []
        self._rest: NDArray[np.int16] = np.zeros(0, np.int16)
        self._audio_s = 0.0
        self._audio_ended = False
        self._released = 0

    @property
    def text(self) -> str:
        """All text so far, spoken or not."""
        return "".join(s.text for s in self._sentences)

    def add_text(self, text: str, *, start_s: float | None = None) -> None:
        """Add the next piece of text.

        Args:
            text: words with the space after them.
            start_s: where its audio begins; None: it belongs to the piece before.
        """
        if start_s is None and self._sentences:
            self._sentences[-1].text += text
            self._sentences[-1].words = None
            return
        if start_s is not None:
            self._settle(start_s)
        self._sentences.append(_Sentence(text, self._audio_s if start_s is None else start_s))

    def add_audio(self, pcm: NDArray[np.int16], *, rate_hz: int) -> None:
        """Add the next audio of the reply, mono."""
        self._audio_s += len(pcm) / rate_hz
        whole = np.concatenate([self._rest, pcm])
        used = len(whole) - len(whole) % int(rate_hz * HOP_S)
        self._rest = whole[used:]
        self._curve.append(levels(whole[:used], rate_hz=rate_hz))

    def end_audio(self) -> None:
        """No audio will follow."""
        self._audio_ended = True
        self._settle(self._audio_s)

    def heard(self, position_s: float) -> str:
        """The words that were heard when the play-out stopped at `position_s`."""
        return "".join(
            w.text
            for w in self._words()
            if w.start_s + _HEARD_SHARE * (w.end_s - w.start_s) <= position_s
            and w.start_s < position_s
        )

    def begun(self, position_s: float) -> str:
        """The words that have begun by `position_s` and were not returned before."""
        text = "".join(w.text for w in self._words() if w.start_s <= position_s)
        fresh = text[self._released :]
        self._released = max(self._released, len(text))
        return fresh

    def unreleased(self, upto: str) -> str:
        """What of `upto`, a beginning of the text, `begun` has not returned yet."""
        fresh = upto[self._released :]
        self._released = max(self._released, len(upto))
        return fresh

    def _settle(self, end_s: float) -> None:
        """The last sentence's audio is complete: place its words."""
        if not self._sentences or self._sentences[-1].words is not None:
            return
        last = self._sentences[-1]
        curve = np.concatenate(self._curve) if self._curve else np.zeros(0, np.float32)
        part = curve[round(last.start_s / HOP_S) : round(end_s / HOP_S)]
        if not len(part):
            return
        last.words = align(last.text, part, start_s=last.start_s)
        letters = weight(last.text)
        if letters >= 10:
            self.letter_s = (end_s - last.start_s) / letters

    def _words(self) -> list[Word]:
        placed: list[Word] = []
        for sentence in self._sentences:
            placed += sentence.words if sentence.words is not None else self._estimate(sentence)
        return placed

    def _estimate(self, sentence: _Sentence) -> list[Word]:
        """Place words by their length alone, while the audio is still coming."""
        words: list[Word] = []
        at = sentence.start_s
        for text in split_words(sentence.text):
            end = at + weight(text) * self.letter_s
            words.append(Word(text, at, end))
            at = end
        return words
