"""The heard ledger: which words of a reply have been played, sample by sample.

It is the source of the history after a barge-in and of captions in step with the voice.
Pure logic: no clock, no task.
"""

import numpy as np
from numpy.typing import NDArray

from agent.playout.alignment import (
    HOP_S,
    Levels,
    Word,
    align,
    levels,
    place_arriving,
    sounding_s,
)
from agent.playout.said import weight
from agent.wording.parts import Part, plain

_FIRST_RATE_S = 0.065
"""Seconds a letter takes until a whole piece of this voice was measured, pauses left out."""
_LETTERS_OF_A_PACE = 10
"""A shorter piece does not tell the pace of a voice."""
_BEHIND_S = 0.05
"""How much of what was made may be on its way still: a converter of rates holds 43 ms back."""

_HEARD_SHARE = 0.75
"""A word cut off by a barge-in counts as heard when this share of it was played."""
_SLOWER = 1.1
"""How much slower than before a piece is taken to be whose audio is still coming."""


class _Piece:
    def __init__(self, parts: tuple[Part, ...], start_s: float) -> None:
        self.parts = parts
        self.start_s = start_s
        self.end_s: float | None = None
        """None while it is not known where its audio ends."""
        self.words: list[Word] | None = None
        """Placed on the audio; None until all of the audio is there."""


class HeardLedger:
    """Words and audio of one reply, in the order in which they are spoken.

    The text comes in pieces, each with its own audio. Once a piece's audio is complete its words
    are placed on it. Until then a word counts only when it is surely over.
    Positions are seconds of the reply's own audio, from its first sample.
    """

    def __init__(self, *, letter_s: float = _FIRST_RATE_S) -> None:
        """Begin a reply; `letter_s` is the pace of the reply before it."""
        self.letter_s = letter_s
        self._pieces: list[_Piece] = []
        self._curve: list[Levels] = []
        self._rest: NDArray[np.int16] = np.zeros(0, np.int16)
        self._audio_s = 0.0
        self._released = 0

    @property
    def text(self) -> str:
        """All text so far, spoken or not."""
        return "".join(part.written for piece in self._pieces for part in piece.parts)

    def add_text(self, text: str, *, start_s: float | None = None) -> None:
        """Add the next piece of text, words with the space after them, as `add` does."""
        self.add(plain(text), start_s=start_s)

    def add(self, parts: tuple[Part, ...], *, start_s: float | None = None) -> None:
        """Add the next piece.

        Args:
            parts: what is shown, and what the voice says for it.
            start_s: where its audio begins; None: it belongs to the piece before.
        """
        if start_s is None and self._pieces:
            self._pieces[-1].parts += parts
            self._pieces[-1].words = None
            return
        if start_s is not None:
            self._end_last(start_s)
        self._pieces.append(_Piece(parts, self._audio_s if start_s is None else start_s))

    def add_audio(self, pcm: NDArray[np.int16], *, rate_hz: int) -> None:
        """Add the next audio of the reply, mono."""
        self._audio_s += len(pcm) / rate_hz
        whole = np.concatenate([self._rest, pcm])
        used = len(whole) - len(whole) % int(rate_hz * HOP_S)
        self._rest = whole[used:]
        self._curve.append(levels(whole[:used], rate_hz=rate_hz))

    def whole_to(self, position_s: float) -> None:
        """The pieces that begin before `position_s` have all their audio, the last to there."""
        if self._pieces and self._pieces[-1].start_s + HOP_S < position_s:
            self._end_last(position_s)

    def end_audio(self) -> None:
        """No audio will follow."""
        self._end_last(self._audio_s)

    def heard(self, position_s: float) -> str:
        """The words that were heard when the play-out stopped at `position_s`."""
        return "".join(
            w.text
            for w in self._words(self.letter_s * _SLOWER)
            if w.start_s + _HEARD_SHARE * (w.end_s - w.start_s) <= position_s
            and w.start_s < position_s
        )

    def begun(self, position_s: float) -> str:
        """The words that have begun by `position_s` and were not returned before."""
        text = "".join(w.text for w in self._words(self.letter_s) if w.start_s <= position_s)
        fresh = text[self._released :]
        self._released = max(self._released, len(text))
        return fresh

    def unreleased(self, upto: str) -> str:
        """What of `upto`, a beginning of the text, `begun` has not returned yet."""
        fresh = upto[self._released :]
        self._released = max(self._released, len(upto))
        return fresh

    def _end_last(self, end_s: float) -> None:
        if self._pieces and self._pieces[-1].end_s != end_s:
            self._pieces[-1].end_s = end_s
            self._pieces[-1].words = None

    def _words(self, letter_s: float) -> list[Word]:
        return [word for piece in self._pieces for word in self._placed(piece, letter_s)]

    def _placed(self, piece: _Piece, letter_s: float) -> list[Word]:
        if piece.words is not None:
            return piece.words
        curve = np.concatenate(self._curve) if self._curve else np.zeros(0, np.float32)
        curve = curve[round(piece.start_s / HOP_S) :]
        if piece.end_s is None or piece.end_s > self._audio_s + _BEHIND_S:
            return place_arriving(piece.parts, curve, start_s=piece.start_s, letter_s=letter_s)
        curve = curve[: round((piece.end_s - piece.start_s) / HOP_S)]
        piece.words = align(piece.parts, curve, start_s=piece.start_s)
        letters, sound_s = weight(piece.parts), sounding_s(curve)
        if letters >= _LETTERS_OF_A_PACE and sound_s > 0:
            self.letter_s = sound_s / letters
        return piece.words
