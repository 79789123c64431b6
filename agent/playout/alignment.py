"""When each word of a spoken piece of text sounds, from its text and its audio.

Speech engines on plain HTTP do not say when a word is spoken. The length of a word's text
gives a first guess; the pauses in the audio correct it. Pure functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.playout.said import SaidWord, said_words
from agent.wording.parts import Part

HOP_S = 0.010
"""Resolution of the level curve, seconds."""

_QUIET_DB = 30.0
"""A hop this far below the piece's loudest one is a pause, dB."""
_SHORTEST_PAUSE_S = 0.04
"""Shorter gaps are inside words: the closure of p, t, k."""
_PULL_S = 0.20
"""A pause moves a word's boundary by at most this much, seconds."""

_LEAST_LETTERS = 3.0
"""A short word takes as long as this many letters."""

Levels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its punctuation and space, and when it sounds."""

    text: str
    start_s: float
    end_s: float
    said: bool = True
    """False when no voice says it: it has a place in the reply and no audio."""


def levels(pcm: NDArray[np.int16], *, rate_hz: int) -> Levels:
    """RMS of each 10 ms of mono samples, in sample units."""
    hop = int(rate_hz * HOP_S)
    count = len(pcm) // hop
    frames = pcm[: count * hop].reshape(count, hop).astype(np.float32)
    return np.sqrt(np.mean(frames**2, axis=1)) if count else np.zeros(0, np.float32)


def align(parts: Sequence[Part], curve: Levels, *, start_s: float) -> list[Word]:
    """Place the words of a piece on its whole audio.

    Args:
        parts: the piece.
        curve: `levels` of its audio.
        start_s: where that audio begins in the reply, seconds.

    Returns:
        The words in order; all of the text is in them. A pause before a word is no part of it.
    """
    words = said_words(parts)
    if not words:
        return []
    total_s = len(curve) * HOP_S
    weights = np.array([word.letters for word in words])
    voiced = curve > _floor(curve)
    if not voiced.any() or weights.sum() == 0:
        ends = np.linspace(0, total_s, len(words) + 1)[1:]
    else:
        ends = _boundaries(weights, voiced, pauses_between=not any(word.many for word in words))
    ends[-1] = total_s
    return _spoken(words, ends, voiced, start_s=start_s)


def sounding_s(curve: Levels) -> float:
    """How much of some audio is not pause, seconds."""
    return float(np.count_nonzero(curve > _floor(curve))) * HOP_S


def place_arriving(
    parts: Sequence[Part], curve: Levels, *, start_s: float, letter_s: float
) -> list[Word]:
    """Place the words of a piece whose audio is still coming, by their length alone.

    Args:
        parts: the piece.
        curve: `levels` of its audio so far.
        start_s: where that audio begins in the reply, seconds.
        letter_s: the pace of this voice, pauses left out.

    Returns:
        The words in order; one that is not over by the end of that audio ends at infinity, one
        that has not begun begins there.
    """
    voiced = curve > _floor(curve)
    sound_s = np.cumsum(voiced) * HOP_S
    words = said_words(parts)
    letters = [max(word.letters, _LEAST_LETTERS) if word.letters else 0.0 for word in words]
    over_s = np.cumsum(letters) * letter_s
    hops = np.searchsorted(sound_s, over_s - HOP_S / 2) + 1
    ends = np.where(hops <= len(curve), hops * HOP_S, np.inf)
    return _spoken(words, ends, voiced, start_s=start_s)


def _spoken(
    words: list[SaidWord], ends: NDArray[np.float64], voiced: NDArray[np.bool_], *, start_s: float
) -> list[Word]:
    """Each word begins with the first sound after the one before it."""
    sounds = np.flatnonzero(voiced) * HOP_S
    before = np.concatenate([[0.0], ends[:-1]])
    following = np.append(sounds, np.inf)[np.searchsorted(sounds, before - HOP_S / 2)]
    starts = np.where(np.isfinite(before), np.minimum(following, ends), np.inf)
    return [
        Word(word.text, start_s + float(a), start_s + float(b))
        for word, a, b in zip(words, starts, ends, strict=True)
    ]


def _floor(curve: Levels) -> float:
    return float(curve.max()) * 10 ** (-_QUIET_DB / 20) if len(curve) else 0.0


def _boundaries(
    weights: NDArray[np.float64], voiced: NDArray[np.bool_], *, pauses_between: bool
) -> NDArray[np.float64]:
    """End of each word, seconds from the piece's beginning.

    `pauses_between`: a pause is never within a word.
    """
    sound_s = np.cumsum(voiced) * HOP_S  # sound up to and with each hop
    share = np.cumsum(weights) / weights.sum()
    guess = share * sound_s[-1]
    pauses = _pauses(voiced)
    anchors = _match(guess[:-1], [float(sound_s[first]) for first, _ in pauses])
    if pauses_between and len(pauses) + 1 == len(weights):
        anchors = {n: n for n in range(len(pauses))}  # every pause is between two words
    known = [0.0, *(float(sound_s[pauses[p][0]]) for p in anchors.values()), float(sound_s[-1])]
    places = [0.0, *(guess[w] for w in anchors), guess[-1]]
    in_sound = np.interp(guess, places, known)
    ends = np.searchsorted(sound_s, in_sound - HOP_S / 2) * HOP_S + HOP_S
    for word, pause in anchors.items():
        ends[word] = pauses[pause][0] * HOP_S
    return np.maximum.accumulate(ends)


def _pauses(voiced: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last hop of each pause between sounds."""
    sounding = np.flatnonzero(voiced)
    gaps = np.flatnonzero(np.diff(sounding) > _SHORTEST_PAUSE_S / HOP_S)
    return [(int(sounding[g]) + 1, int(sounding[g + 1]) - 1) for g in gaps]


def _match(boundaries: NDArray[np.float64], pauses: list[float]) -> dict[int, int]:
    """Pair word boundaries with pauses, in order, where they are close: boundary → pause.

    Least squares by dynamic programming; leaving a pause unpaired costs `_PULL_S` squared.
    """
    rows, columns = len(boundaries), len(pauses)
    cost = np.zeros((rows + 1, columns + 1))
    cost[0, :] = np.arange(columns + 1) * _PULL_S**2
    for b in range(1, rows + 1):
        for p in range(1, columns + 1):
            paired = cost[b - 1, p - 1] + (boundaries[b - 1] - pauses[p - 1]) ** 2
            cost[b, p] = min(paired, cost[b - 1, p], cost[b, p - 1] + _PULL_S**2)
    pairs: dict[int, int] = {}
    b, p = rows, columns
    while b and p:
        if cost[b, p] == cost[b - 1, p]:
            b -= 1
        elif cost[b, p] == cost[b, p - 1] + _PULL_S**2:
            p -= 1
        else:
            b, p = b - 1, p - 1
            pairs[b] = p
    return dict(sorted(pairs.items()))
