"""A recogniser that knows some sentences by their sound, for rooms in which several people talk.

    engines.transcribe = KnownSpeech({"Good morning.": pcm})

A real one takes a core for each speaker. This one finds the sound of an upload in the sentences,
and writes the words that are in it.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from agent.audio.pcm import resample
from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from rejoinder.stand_ins.openai_server import Request

_HZ = 4000
"""Enough to tell sentences apart, and a quarter of the work."""
_OVER_S = 0.3
"""Two sentences of one upload overlap no more than this: where they do, it is the likelier."""
_EDGE_S = 0.2
"""A word whose beginning lacks so much is not known."""
_LIKE = 0.3
"""Correlation from which on a sound is of a sentence, also with stalls in it."""
_EARLY_S = 0.1
"""A word is known so long before its end."""
_PIECE_S = 0.2
_PIECE_LIKE = 0.6
"""Correlation from which on a piece is in a sound: one that is not comes to no more than 0.5."""
_MOVED_S = 0.15
"""So far apart at most are the pieces of a sentence that a jitter buffer has stretched."""


class KnownSpeech:
    """What a stand-in transcribes with."""

    def __init__(self, said: Mapping[str, Pcm]) -> None:
        """Know these sentences, by their text: float32 mono, 48 kHz."""
        self._said = {
            text: resample(pcm, from_hz=RATE_HZ, to_hz=_HZ).astype(np.float32)
            for text, pcm in said.items()
        }
        self._spectrum = cache(self._transformed)

    def __call__(self, request: Request) -> str:
        """The words of the sentences that an upload is of, as far as they are in it."""
        assert request.audio is not None
        heard = resample(request.audio, from_hz=request.audio_rate_hz, to_hz=_HZ)
        places = self._places(heard)
        found: list[tuple[float, float, str]] = []
        for text in sorted(places, key=lambda text: places[text][1], reverse=True):
            begin = places[text][0]
            end = begin + len(self._said[text]) / _HZ
            apart = all(end < other + _OVER_S or begin > over - _OVER_S for other, over, _ in found)
            if apart and self._is_in(text, heard, begin):
                found.append((begin, end, text))
        if not found and (stretched := self._stretched(heard)) is not None:
            begin, text = stretched
            found.append((begin, begin, text))
        length_s = len(heard) / _HZ
        words = (self._words(text, -begin, length_s - begin) for begin, _, text in sorted(found))
        return " ".join(word for some in words for word in some)

    def _words(self, sentence: str, begin_s: float, end_s: float) -> list[str]:
        """Those between two places in a sentence."""
        words = sentence.split()
        voiced = np.flatnonzero(np.abs(self._said[sentence]) > 0.01)
        ends = np.cumsum([len(word) + 1 for word in words]) / (len(sentence) + 1)
        ends *= (voiced[-1] + 1) / _HZ
        # What was said before is not in it: a busy microphone has stood still in between.
        return [
            word
            for word, end in zip(words, ends, strict=True)
            if begin_s + _EDGE_S < end <= end_s + _EARLY_S
        ]

    def alike(self, samples: NDArray[np.floating], rate_hz: int) -> dict[str, float]:
        """How much of each sentence is in a sound; the largest is what was said."""
        heard = resample(samples.astype(np.float32), from_hz=rate_hz, to_hz=_HZ)
        return {text: power for text, (_, power) in self._places(heard).items()}

    def _places(self, heard: NDArray[np.floating]) -> dict[str, tuple[float, float]]:
        return {text: self._place(text, heard) for text in self._said}

    def _place(self, text: str, heard: NDArray[np.floating]) -> tuple[float, float]:
        """Where a sentence begins in a sound, seconds, and how alike the two are there.

        Before its beginning (a negative time), when the sound is of a later part of the sentence.
        """
        known = self._said[text]
        size = 1 << int(np.ceil(np.log2(len(heard) + len(known))))
        alike = np.fft.irfft(np.fft.rfft(heard, size) * self._spectrum(text, size), size)
        at = int(np.argmax(alike))
        place = at if at < len(heard) else at - size
        common = known[max(0, -place) : len(heard) - place]
        power = np.sqrt(float(np.sum(np.square(common, dtype=float))) + 1e-9)
        return place / _HZ, float(alike[at]) / power

    def _is_in(self, text: str, heard: NDArray[np.floating], place_s: float) -> bool:
        """Whether a sound is of a sentence at all."""
        place, known = round(place_s * _HZ), self._said[text]
        size = min(len(known) - max(0, -place), len(heard) - max(0, place))
        one = known[max(0, -place) :][:size].astype(float)
        other = heard[max(0, place) :][:size].astype(float)
        scale = float(np.linalg.norm(one) * np.linalg.norm(other)) + 1e-9
        return float(np.dot(one, other)) / scale > _LIKE

    def _stretched(self, heard: NDArray[np.floating]) -> tuple[float, str] | None:
        """Where a sentence begins that is in a sound piece by piece, seconds, and its text.

        A jitter buffer that makes time up leaves each syllable as it is, and not their distances.
        """
        found: list[tuple[int, float, str]] = []
        for text, known in self._said.items():
            places = _places_of_pieces(known, heard)
            middle = float(np.median(places)) if places else 0.0
            there = [place for place in places if abs(place - middle) < _MOVED_S]
            if len(there) > 1:
                found.append((len(there), middle, text))
        _, begin, text = max(found, default=(0, 0.0, ""))
        return (begin, text) if text else None

    def _transformed(self, text: str, size: int) -> NDArray[np.complexfloating]:
        return np.conj(np.fft.rfft(self._said[text], size))


def _places_of_pieces(known: NDArray[np.floating], heard: NDArray[np.floating]) -> list[float]:
    """Where a sentence begins by each of its pieces that is in a sound, seconds."""
    length = round(_PIECE_S * _HZ)
    if len(heard) < length:
        return []
    size = 1 << int(np.ceil(np.log2(len(heard) + length)))
    spectrum = np.fft.rfft(heard, size)
    powers = np.convolve(np.square(heard, dtype=float), np.ones(length), "valid")
    places = []
    for at in range(0, len(known) - length, length):
        piece = known[at : at + length]
        power = float(np.sum(np.square(piece, dtype=float)))
        alike = np.fft.irfft(spectrum * np.conj(np.fft.rfft(piece, size)), size)[: len(powers)]
        # A silence is like nothing, and nothing is like a silence.
        alike = alike / np.sqrt(power * (powers + 0.05 * power) + 1e-9)
        best = int(np.argmax(alike))
        if power > 1.0 and alike[best] > _PIECE_LIKE:
            places.append((best - at) / _HZ)
    return places
