"""Which of several known recordings a piece of sound is of, as it came out of a room. Pure.

By the shape of its spectrum in time: loudness alone does not tell two sentences apart of which no
more than their beginning is there.
"""

import numpy as np
from numpy.typing import NDArray

_HOP_S = 0.01
_WINDOW_S = 0.032
_EDGES_HZ = (100, 250, 400, 600, 850, 1200, 1700, 2400, 3400)
_FLOOR_DB = 60.0
"""Below the loudest there is nothing but noise."""

Bands = NDArray[np.float32]
"""Levels beside the mean of their band, dB: hops of 10 ms x bands."""


def bands(audio: NDArray[np.float32], rate_hz: int) -> Bands:
    """The spectrum of sound in time: float32 mono at `rate_hz`, at least 7 kHz."""
    hop, size = int(rate_hz * _HOP_S), int(rate_hz * _WINDOW_S)
    padded = np.concatenate([audio, np.zeros(size, np.float32)])
    count = len(audio) // hop
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[: count * hop : hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    at = np.fft.rfftfreq(size, 1 / rate_hz)
    pairs = zip(_EDGES_HZ, _EDGES_HZ[1:], strict=False)
    sums = np.stack([power[:, (at >= low) & (at < high)].sum(axis=1) for low, high in pairs], 1)
    levels = 10 * np.log10(sums + 1e-12)
    above = np.maximum(levels - levels.max(initial=-120.0) + _FLOOR_DB, 0)
    # Without what all speech has in common, which would fit everywhere.
    return (above - above.mean(axis=0)).astype(np.float32)


def place(piece: Bands, whole: Bands, *, least_s: float, most_s: float) -> tuple[float, float]:
    """Where in a recording a piece fits best between two places, and how well.

    A place is in seconds, negative if the piece begins before the recording; 1 is the same.
    """
    if not len(piece) or not len(whole):
        return 0.0, 0.0
    size = len(piece) + len(whole)
    spectra = np.fft.rfft(whole, size, axis=0) * np.conj(np.fft.rfft(piece, size, axis=0))
    products = np.fft.irfft(spectra, size, axis=0).sum(axis=1)
    powers = np.concatenate([[0.0], np.cumsum(np.square(whole, dtype=np.float64).sum(axis=1))])
    # Places before the recording's beginning stand at the end.
    begins = np.concatenate([np.arange(len(whole)), np.arange(-len(piece), 0)])
    there = powers[np.clip(begins + len(piece), 0, len(whole))] - powers[np.clip(begins, 0, None)]
    own = float(np.square(piece, dtype=np.float64).sum())
    # A piece that hangs over an end by most of its length fits everywhere.
    enough = there > 0.25 * own
    enough &= (begins * _HOP_S >= least_s) & (begins * _HOP_S <= most_s)
    scores = np.where(enough, products / np.sqrt(np.maximum(there * own, 1e-9)), 0.0)
    best = int(np.argmax(scores))
    return float(begins[best]) * _HOP_S, float(scores[best])
