"""A voice whose words can be read back from a recording: every word is one tone.

A recording that went through Opus, a jitter buffer and a resampler still shows which
words were played, and how far the last one got.
"""

import functools
from collections.abc import Callable, Iterable

import numpy as np

WORD_S = 0.30
"""Length of a word, tone and gap together, seconds."""
TONE_S = 0.24
_LOWEST_HZ = 400.0
_STEP_HZ = 60.0
_TONES = 40
_WINDOW_S = 0.02
_HOLE_S = 0.03
"""A hole this long inside a tone is a concealed packet; between two words it is longer."""
OVER_S = 0.04
"""A tone is over when so much without it has come."""


def frequency(word_index: int) -> float:
    """Tone of the n-th word of a vocabulary, Hz; repeats after 40 words."""
    return _LOWEST_HZ + _STEP_HZ * (word_index % _TONES)


def speak(words: Iterable[int], *, rate_hz: int) -> bytes:
    """Words by index to s16le mono PCM at `rate_hz`."""
    t = np.arange(int(TONE_S * rate_hz)) / rate_hz
    fade = np.minimum(1.0, np.minimum(t, TONE_S - t) / 0.01)
    gap = np.zeros(int(WORD_S * rate_hz) - len(t))
    pieces = [
        np.concatenate([0.5 * fade * np.sin(2 * np.pi * frequency(i) * t), gap]) for i in words
    ]
    samples = np.concatenate(pieces) if pieces else np.zeros(0)
    return (samples * 32767).astype("<i2").tobytes()


def heard(pcm: np.ndarray, *, rate_hz: int, floor: float = 0.02) -> list[tuple[int, float, float]]:
    """Words in a recording: (word index, start s, length s), in order of play.

    Args:
        pcm: float32 mono samples in [-1, 1].
        rate_hz: samples per second.
        floor: RMS below which a 20 ms window is silence.
    """
    window = int(_WINDOW_S * rate_hz)
    found: list[tuple[int, float, float]] = []
    for n in range(len(pcm) // window):
        index = _tone_of(
            pcm[n * window : (n + 1) * window].tobytes(), pcm.dtype.str, rate_hz, floor
        )
        if index is None:
            continue
        at = n * window / rate_hz
        if found and found[-1][0] == index and at - sum(found[-1][1:]) <= _HOLE_S:
            found[-1] = (index, found[-1][1], at + _WINDOW_S - found[-1][1])
        else:
            found.append((index, at, _WINDOW_S))
    # A click or a lost packet is shorter than any word and may stand inside one: its two
    # parts together are no longer than one word, while a word said twice is twice as long.
    words: list[tuple[int, float, float]] = []
    for index, start, length in (w for w in found if w[2] >= 2 * _WINDOW_S - 1e-9):
        if words and words[-1][0] == index:
            _, before, sounded = words[-1]
            hole_s = start - before - sounded
            if hole_s <= _HOLE_S or (hole_s <= WORD_S / 2 and sounded + length <= WORD_S):
                words[-1] = (index, before, start + length - before)
                continue
        words.append((index, start, length))
    return words


def timed_words(
    vocabulary: tuple[str, ...],
) -> Callable[[np.ndarray, int], list[tuple[str, float, float]]]:
    """What reads `speak` in a recording at a rate: words that are over, their beginning and end."""

    def hear(pcm: np.ndarray, rate_hz: int) -> list[tuple[str, float, float]]:
        return [
            (vocabulary[index], start, start + length)
            for index, start, length in heard(pcm, rate_hz=rate_hz)
            if start + length <= len(pcm) / rate_hz - OVER_S
        ]

    return hear


@functools.lru_cache(maxsize=4096)
def _tone_of(window: bytes, dtype: str, rate_hz: int, floor: float) -> int | None:
    # A stream is read again and again from its beginning.
    piece = np.frombuffer(window, dtype)
    if float(np.sqrt(np.mean(piece**2))) <= floor:
        return None
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 8 * len(piece)))
    hz = float(np.argmax(spectrum)) * rate_hz / (8 * len(piece))
    index = round((hz - _LOWEST_HZ) / _STEP_HZ)
    return index if 0 <= index < _TONES else None
