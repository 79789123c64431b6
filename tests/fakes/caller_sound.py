"""What a scripted caller sounds like: every sample of a word carries the word's number.

The level is that of a voice, and a detector and a recogniser that read the samples know exactly
which words they were given. The sound alternates with each sample, so it is like nothing that an
agent says (`agent.hearing.echo` looks below 4 kHz).
"""

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP, HOP_S

VOICE, FALLEN, NOISE, SILENCE = 3000, 1300, 2500, 33
"""Amplitudes of 32767: -20.8, -28, -22.3 and -60 dBFS. To the first two the word's number is added:
a voice falls in the last 50 ms of each word."""
_MOST_WORDS = 1000
FALLING_HOPS = 5
KNOWN_SHARE = 0.7
"""Part of a word's audio by which a recogniser knows it."""

_SIGNS = np.where(np.arange(HOP) % 2, 1, -1)


def hop(amplitude: int) -> NDArray[np.int16]:
    """10 ms, 160 samples at 16 kHz."""
    return (amplitude * _SIGNS).astype(np.int16)


def probability(window: NDArray[np.float32]) -> float:
    """A detector that is always right: of speech, in samples of [-1, 1]."""
    loudest = round(float(np.abs(window).max()) * 32768)
    voiced = any(base <= loudest < base + _MOST_WORDS for base in (VOICE, FALLEN))
    return 0.95 if voiced else 0.02


class Vocabulary:
    """The words that a caller says, numbered from 1 in the order in which they are said."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._hops: list[int] = []

    def add(self, word: str, hops: int) -> int:
        """A word of this length, new each time it is said; return its number."""
        self._words.append(word)
        self._hops.append(hops)
        return len(self._words)

    def sound(self, text: str, for_s: float) -> list[int]:
        """Amplitude of each hop of some words of equal length."""
        spoken = text.split()
        count = round(for_s / HOP_S)
        ends = [round(count * (n + 1) / len(spoken)) for n in range(len(spoken))]
        amplitudes: list[int] = []
        for word, end in zip(spoken, ends, strict=True):
            length = end - len(amplitudes)
            number = self.add(word, length)
            falling = min(FALLING_HOPS, length)
            amplitudes += [VOICE + number] * (length - falling) + [FALLEN + number] * falling
        return amplitudes

    def word_in(self, pcm: NDArray[np.int16]) -> tuple[int, str, int] | None:
        """The word that a hop is of: its number, text and length in hops; None: silence."""
        amplitude = abs(int(pcm[0]))
        for base in (VOICE, FALLEN):
            if 1 <= (number := amplitude - base) <= len(self._words):
                return number, self._words[number - 1], self._hops[number - 1]
        return None

    def known(self, pcm: NDArray[np.int16]) -> str:
        """The words of which there is enough in some audio."""
        amplitudes, samples = np.unique(np.abs(pcm), return_counts=True)
        counts = dict(zip(amplitudes.tolist(), samples.tolist(), strict=True))
        return " ".join(
            word
            for number, (word, hops) in enumerate(zip(self._words, self._hops, strict=True), 1)
            if sum(counts.get(base + number, 0) for base in (VOICE, FALLEN))
            >= KNOWN_SHARE * hops * HOP
        )
