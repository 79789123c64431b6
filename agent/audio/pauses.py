"""Where a long recording can be cut without a word being cut in two."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from agent.audio.pcm import Samples

_HOP_S = 0.01
_PAUSE_S = 0.2
"""What is looked for: a pause between words is about as long."""
_LOOK_BACK_S = 10.0
"""A piece may be so much shorter than the longest one, to end in a pause."""


def cut_at_pauses(samples: Samples, *, rate_hz: int, longest_s: float) -> list[Samples]:
    """Cut a recording into pieces; joined again they are the recording.

    Each ends in the middle of the quietest 0.2 s of its last ten that `longest_s` allows; of
    equally quiet ones in the last. Computes at once: a minute takes some milliseconds.

    Args:
        samples: mono.
        rate_hz: samples per second.
        longest_s: length of the longest piece, seconds; above ten.
    """
    longest = int(longest_s * rate_hz)
    pieces: list[Samples] = []
    while len(samples) > longest:
        begin = longest - int(_LOOK_BACK_S * rate_hz)
        at = begin + _quietest(samples[begin:longest], rate_hz)
        pieces.append(samples[:at])
        samples = samples[at:]
    return [*pieces, samples]


def _quietest(samples: Samples, rate_hz: int) -> int:
    hop, width = int(_HOP_S * rate_hz), int(_PAUSE_S / _HOP_S)
    count = len(samples) // hop
    energy = np.square(samples[: count * hop]).reshape(count, hop).mean(axis=1)
    of_pauses = sliding_window_view(energy, width).mean(axis=1)
    last = len(of_pauses) - 1 - int(of_pauses[::-1].argmin())
    return (last + width // 2) * hop
