"""Whether what the caller's microphone hears is the agent's own voice.

A loudspeaker without echo cancellation sends the agent its own words back, quieter and some
100 to 500 ms late. They correlate with what was played, other sounds less.

Measured on differences of neighbouring samples, 120 ms at 8 kHz, Piper's voice through a small
room with ten reflections, 20 dB down: echoes at least 0.59 (median 0.80), a caller over the echo
at most 0.39. Vowels are alike: in the first half second 1 to 8 % of other voices reach 0.5, and
15 % of callers with the agent's own voice (docs/decisions/0005).
"""

import numpy as np
from numpy.typing import NDArray

HEARD_RATE_HZ = 16000
_RATE_HZ = 8000
_ALIKE = 0.5
_QUIETEST = 1e-4
"""RMS below which nothing was heard or played."""


def likeness(heard: NDArray[np.int16], played: NDArray[np.int16], played_hz: int) -> float:
    """Highest normalised correlation of `heard` with any place of `played`, 0 to 1.

    Args:
        heard: mono at 16 kHz; 120 ms are enough.
        played: what the agent's track has played until now, mono, newest sample last; as long
            as an echo may be late, and `heard` more.
        played_hz: a multiple of 8 kHz.
    """
    one = np.diff(_at_8_khz(heard, HEARD_RATE_HZ))
    other = np.diff(_at_8_khz(played, played_hz))
    if len(one) < 2 or len(other) < len(one):
        return 0.0
    energy = float(np.sum(one**2))
    if energy < len(one) * _QUIETEST**2:
        return 0.0
    size = 1 << (len(one) + len(other) - 1).bit_length()
    spectrum = np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size))
    products = np.fft.irfft(spectrum, size)[: len(other) - len(one) + 1]
    sums = np.concatenate([[0.0], np.cumsum(other**2)])
    energies = sums[len(one) :] - sums[: len(sums) - len(one)]
    loud = energies > len(one) * _QUIETEST**2
    if not loud.any():
        return 0.0
    found = np.abs(products[loud]) / np.sqrt(energies[loud] * energy)
    return float(min(1.0, found.max()))


def is_echo(heard: NDArray[np.int16], played: NDArray[np.int16], played_hz: int) -> bool:
    """Whether `heard` is an echo of `played`; takes about a millisecond. See `likeness`."""
    return likeness(heard, played, played_hz) >= _ALIKE


def _at_8_khz(pcm: NDArray[np.int16], rate_hz: int) -> NDArray[np.float64]:
    step = rate_hz // _RATE_HZ
    whole = len(pcm) // step * step
    return np.asarray(pcm[:whole].reshape(-1, step).mean(axis=1) / 32768.0)
