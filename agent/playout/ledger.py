"""The heard ledger: which words of a reply have been played, sample by sample.

It is the source of the history after a barge-in and of captions in step with the voice.
Pure logic: no clock, no task. What is over for good is kept as text alone: neither the memory
nor the time of a look grows with the audio of a reply.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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


def unspoken(text: str) -> str:
    """How captions show words that no voice has said: in brackets."""
    said = text.strip()
    if not said:
        return text
    before, _, after = text.partition(said)
    return f"{before}[{said}]{after}"


@dataclass(slots=True)
class _Piece:
    parts: tuple[Part, ...]
    start_s: float
    end_s: float | None = None
    """None while it is not known where its audio ends."""
    words: list[Word] | None = None
    """Placed on the audio; None until all of the audio is there."""
    before: tuple[Word, ...] = ()
    """Words heard before the piece was begun again by another voice."""
    mute: bool = False
    """It has no audio: captions show it when its place is reached, nobody has heard it."""

    @property
    def text(self) -> str:
        return "".join(part.written for part in self.parts)


class HeardLedger:
    """Words and audio of one reply, in the order in which they are spoken.

    The text comes in pieces, each with its own audio. Once a piece's audio is complete its words
    are placed on it. Until then a word counts only when it is surely over.
    Positions are seconds of the reply's own audio, from its first sample; `math.inf` is its end.
    """

    def __init__(self, *, letter_s: float = _FIRST_RATE_S) -> None:
        """Begin a reply; `letter_s` is the pace of the reply before it."""
        self.letter_s = letter_s
        self.breaks: list[float] = []
        """Where pieces end whose audio stops in the middle of their text."""
        self._past: list[str] = []
        self._pieces: deque[_Piece] = deque()
        self._curve: Levels = np.zeros(0, np.float32)
        self._fresh: list[Levels] = []
        self._curve_from = 0
        """Which hop of the reply the curve begins with."""
        self._rest: NDArray[np.int16] = np.zeros(0, np.int16)
        self._audio_s = 0.0
        self._shown = 0
        """Letters of the pieces that captions have shown."""

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

    def add_mute(self, text: str, *, at_s: float) -> None:
        """Add a piece that no voice says; its place in the audio is `at_s`."""
        self._end_last(at_s)
        self._pieces.append(_Piece(plain(text), at_s, end_s=at_s, mute=True))

    def add_audio(self, pcm: NDArray[np.int16], *, rate_hz: int) -> None:
        """Add the next audio of the reply, mono."""
        self._audio_s += len(pcm) / rate_hz
        whole = np.concatenate([self._rest, pcm])
        used = len(whole) - len(whole) % int(rate_hz * HOP_S)
        self._rest = whole[used:]
        self._fresh.append(levels(whole[:used], rate_hz=rate_hz))

    def again_from(self, position_s: float) -> None:
        """From `position_s` on the last piece is said once more, from its first word."""
        if self._pieces:
            piece = self._pieces[-1]
            heard = place_arriving(
                piece.parts,
                self._levels(piece.start_s, position_s),
                start_s=piece.start_s,
                letter_s=self.letter_s * _SLOWER,
            )
            piece.before = tuple(word for word in heard if word.end_s <= position_s)
            piece.start_s, piece.end_s, piece.words = position_s, None, None

    def whole_to(self, position_s: float) -> None:
        """The pieces that begin before `position_s` have all their audio, the last to there."""
        if self._pieces and self._pieces[-1].start_s + HOP_S < position_s:
            self._end_last(position_s)

    def end_audio(self, *, whole: bool = True) -> None:
        """No audio will follow; unless `whole`, the last piece may lack some of its own."""
        if not whole:
            if not self._pieces or self._pieces[-1].end_s is not None:
                return
            self.breaks = [*self.breaks, self._audio_s]
        self._end_last(self._audio_s)

    def heard(self, position_s: float) -> str:
        """The words that were heard when the play-out stopped at `position_s`."""
        words = self._words(self.letter_s * _SLOWER)
        heard = (word.text for word in words if word.said and _is_heard(word, position_s))
        return "".join([*self._past, *heard])

    def said(self) -> str:
        """The words that have a voice, when all audio was played."""
        words = self._words(self.letter_s)
        return "".join([*self._past, *(word.text for word in words if word.said)])

    def begun(self, position_s: float) -> str:
        """What captions show by `position_s` and have not shown before."""
        return self._show(self.letter_s, lambda word: word.start_s <= position_s)

    def ended(self, position_s: float) -> str:
        """What captions have not shown of a reply that ended at `position_s`."""
        if position_s == math.inf:
            return self._show(self.letter_s, lambda word: True)
        return self._show(self.letter_s * _SLOWER, lambda word: _is_heard(word, position_s))

    def forget(self, position_s: float) -> None:
        """The play-out will not go back before `position_s`: keep the text alone of what is."""
        while len(self._pieces) > 1:
            piece = self._pieces[0]
            over = piece.words is not None and piece.end_s is not None
            if not over or self._pieces[1].start_s > position_s or self._shown < len(piece.text):
                break
            assert piece.words is not None
            self._past.extend(word.text for word in piece.words if word.said)
            self._shown -= len(piece.text)
            self._pieces.popleft()
        begins = round(self._pieces[0].start_s / HOP_S) if self._pieces else self._curve_from
        if begins > self._curve_from:
            self._curve = self._levels(begins * HOP_S, math.inf).copy()
            self._curve_from = begins

    def _end_last(self, end_s: float) -> None:
        if self._pieces and self._pieces[-1].end_s != end_s and not self._pieces[-1].mute:
            self._pieces[-1].end_s = end_s
            self._pieces[-1].words = None

    def _show(self, letter_s: float, reached: Callable[[Word], bool]) -> str:
        """The reached words that no caption has; words are reached in their order."""
        at, fresh = 0, []
        for word in self._words(letter_s):
            if not reached(word):
                break
            new = word.text[max(0, self._shown - at) :]
            fresh.append(new if word.said else unspoken(new))
            at += len(word.text)
        self._shown = max(self._shown, at)
        return "".join(fresh)

    def _levels(self, start_s: float, end_s: float) -> Levels:
        if self._fresh:
            self._curve = np.concatenate([self._curve, *self._fresh])
            self._fresh = []
        begin = max(0, round(start_s / HOP_S) - self._curve_from)
        if end_s == math.inf:
            return self._curve[begin:]
        return self._curve[begin : begin + round((end_s - start_s) / HOP_S)]

    def _words(self, letter_s: float) -> Iterator[Word]:
        for piece in self._pieces:
            yield from self._placed(piece, letter_s)

    def _placed(self, piece: _Piece, letter_s: float) -> list[Word]:
        if piece.words is not None:
            return piece.words
        if piece.mute:
            piece.words = [Word(piece.text, piece.start_s, piece.start_s, said=False)]
            return piece.words
        if piece.end_s is None or piece.end_s > self._audio_s + _BEHIND_S:
            curve = self._levels(piece.start_s, math.inf)
            words = place_arriving(piece.parts, curve, start_s=piece.start_s, letter_s=letter_s)
            words[: len(piece.before)] = piece.before
            return words
        curve = self._levels(piece.start_s, piece.end_s)
        if any(abs(at_s - piece.end_s) < HOP_S / 2 for at_s in self.breaks):
            slow_s = self.letter_s * _SLOWER
            words = place_arriving(piece.parts, curve, start_s=piece.start_s, letter_s=slow_s)
            words[: len(piece.before)] = piece.before
            piece.words = _until(words, piece.end_s)
            return piece.words
        piece.words = align(piece.parts, curve, start_s=piece.start_s)
        piece.words[: len(piece.before)] = piece.before
        letters, sound_s = weight(piece.parts), sounding_s(curve)
        if letters >= _LETTERS_OF_A_PACE and sound_s > 0:
            self.letter_s = sound_s / letters
        return piece.words


def _is_heard(word: Word, position_s: float) -> bool:
    needed_s = word.start_s + _HEARD_SHARE * (word.end_s - word.start_s)
    return needed_s <= position_s and word.start_s < position_s


def _until(words: list[Word], end_s: float) -> list[Word]:
    """The words that are over by `end_s`; the rest, which nobody has said, as one."""
    said = [word for word in words if word.end_s <= end_s]
    rest = "".join(word.text for word in words[len(said) :])
    return [*said, Word(rest, end_s, end_s, said=False)] if rest else said
