"""A voice whose words can be read back from a recording: every word is one tone.

A recording that went through Opus, a jitter buffer and a resampler still shows which
words were played, and how far the last one got.
"""

from collections.abc import Iterable

import numpy as np

WORD_S = 0.30
"""Length of a word, tone and gap together, seconds."""
TONE_S = 0.24
_LOWEST_HZ = 400.0
_STEP_HZ = 60.0
_TONES = 40


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
    window = int(0.02 * rate_hz)
    found: list[tuple[int, float, float]] = []
    previous: int | None = None
    for n in range(len(pcm) // window):
        piece = pcm[n * window : (n + 1) * window]
        index: int | None = None
        if float(np.sqrt(np.mean(piece**2))) > floor:
            spectrum = np.abs(np.fft.rfft(piece * np.hanning(window), 8 * window))
            hz = float(np.argmax(spectrum)) * rate_hz / (8 * window)
            candidate = round((hz - _LOWEST_HZ) / _STEP_HZ)
            index = candidate if 0 <= candidate < _TONES else None
        at = n * window / rate_hz
        if index is None:
            previous = None
        elif index == previous:
            word, start, _ = found[-1]
            found[-1] = (word, start, at + 0.02 - start)
        else:
            found.append((index, at, 0.02))
            previous = index
    return [w for w in found if w[2] >= 0.04]
