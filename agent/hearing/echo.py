"""Whether what the caller's microphone hears is the agent's own voice.

A loudspeaker without echo cancellation sends the agent its own words back, quieter and some
100 to 500 ms late. They correlate with what was played, other sounds less; what is made of it is
in `agent.hearing.echo_watch`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HEARD_RATE_HZ = 16000
_RATE_HZ = 8000
_QUIETEST = 1e-4
"""RMS below which nothing was heard or played."""


class Match(NamedTuple):
    """The place of what was played that is most like what was heard."""

    likeness: float
    """Normalised correlation, 0 to 1."""
    late_s: float
    """How long before the newest sample played it ends."""


NOWHERE = Match(0.0, 0.0)


def match(heard: NDArray[np.int16], played: NDArray[np.int16], played_hz: int) -> Match:
    """Compare `heard` with every place of `played`; takes about a millisecond.

    Args:
        heard: mono at 16 kHz, 120 ms or more.
        played: what the agent's track has played until now, mono, newest sample last; as long
            as an echo may be late, and `heard` more.
        played_hz: a multiple of 8 kHz.
    """
    one = np.diff(_at_8_khz(heard, HEARD_RATE_HZ))
    other = np.diff(_at_8_khz(played, played_hz))
    if len(one) < 2 or len(other) < len(one):
        return NOWHERE
    energy = float(np.sum(one**2))
    if energy < len(one) * _QUIETEST**2:
        return NOWHERE
    size = 1 << (len(one) + len(other) - 1).bit_length()
    spectrum = np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size))
    products = np.fft.irfft(spectrum, size)[: len(other) - len(one) + 1]
    sums = np.concatenate([[0.0], np.cumsum(other**2)])
    energies = sums[len(one) :] - sums[: len(sums) - len(one)]
    loud = energies > len(one) * _QUIETEST**2
    if not loud.any():
        return NOWHERE
    found = np.abs(products) / np.sqrt(np.where(loud, energies, np.inf) * energy)
    best = int(found.argmax())
    return Match(float(min(1.0, found[best])), (len(other) - len(one) - best) / _RATE_HZ)


def _at_8_khz(pcm: NDArray[np.int16], rate_hz: int) -> NDArray[np.float64]:
    step = rate_hz // _RATE_HZ
    whole = len(pcm) // step * step
    return np.asarray(pcm[:whole].reshape(-1, step).mean(axis=1) / 32768.0)
