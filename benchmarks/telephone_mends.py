"""What might help a recogniser that was trained on a wider band than a telephone has.

Each takes an utterance, float32 mono at 16 kHz, and gives one of the same length. All are as quick
as a transform of the utterance: a millisecond or two.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16000
_FRAME, _HOP = 512, 128
_LEVEL_DBFS, _LEVEL_S = -20.0, 0.3
_EDGE_HZ = 3400.0
"""Where a telephone ends."""

Samples = NDArray[np.float32]
Mend = Callable[[Samples], Samples]


def level(samples: Samples) -> Samples:
    """Its loudest 300 ms as loud as those of everybody else."""
    size = round(_LEVEL_S * RATE_HZ)
    powers = [float(np.mean(samples[n : n + size] ** 2)) for n in range(0, len(samples), size)]
    gain = 10 ** (_LEVEL_DBFS / 20) / max(1e-6, max(powers) ** 0.5)
    return np.clip(samples * np.float32(gain), -1, 1).astype(np.float32)


def tilt(db: float, *, from_hz: float, to_hz: float) -> Mend:
    """`db` more at `to_hz` and above than below `from_hz`; between them a straight line."""

    def tilted(samples: Samples) -> Samples:
        spectrum = np.fft.rfft(samples)
        at = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
        spectrum *= 10 ** (np.interp(at, (from_hz, to_hz), (0.0, db)) / 20)
        return np.fft.irfft(spectrum, len(samples)).astype(np.float32)

    return tilted


def edges(db: float) -> Mend:
    """What the line's own filters have weakened, 200 to 400 and 3000 to 3700 Hz, made stronger."""

    def raised(samples: Samples) -> Samples:
        spectrum = np.fft.rfft(samples)
        at = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
        corners = (100, 200, 300, 400, 3000, 3400, 3700, 3900)
        spectrum *= 10 ** (np.interp(at, corners, (0, db, db, 0, 0, db, db, 0)) / 20)
        return np.fft.irfft(spectrum, len(samples)).astype(np.float32)

    return raised


def noise(dbfs: float) -> Mend:
    """Nowhere is nothing: white noise over the whole band."""

    def noisy(samples: Samples) -> Samples:
        random = np.random.default_rng(7).standard_normal(len(samples))
        return (samples + random * 10 ** (dbfs / 20)).astype(np.float32)

    return noisy


def mirrored(db: float) -> Mend:
    """The missing upper half is the mirror image of the lower, `db` louder: images not filtered."""

    def imaged(samples: Samples) -> Samples:
        signs = np.where(np.arange(len(samples)) % 2, -1.0, 1.0)
        return (samples + samples * signs * 10 ** (db / 20)).astype(np.float32)

    return imaged


def extended(db: float, *, per_octave_db: float = -6.0) -> Mend:
    """The band that is missing, 3.4 to 7.5 kHz, copied from 1.7 to 3.4 kHz of the same moment.

    `db` louder than its source at the edge, and `per_octave_db` more with each octave above it.
    """
    at = np.fft.rfftfreq(_FRAME, 1 / RATE_HZ)
    fresh = np.flatnonzero((at > _EDGE_HZ) & (at < 7500))
    width = int(np.sum((at > _EDGE_HZ / 2) & (at <= _EDGE_HZ)))
    first = int(np.argmax(at > _EDGE_HZ / 2))
    source = first + (fresh - fresh[0]) % width
    gain = 10 ** ((db + per_octave_db * np.log2(at[fresh] / _EDGE_HZ)) / 20)

    def wider(samples: Samples) -> Samples:
        window = np.hanning(_FRAME + 1)[:-1]
        padded = np.concatenate([np.zeros(_FRAME), samples, np.zeros(2 * _FRAME)])
        frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
        spectra = np.fft.rfft(frames * window, axis=1)
        spectra[:, fresh] += spectra[:, source] * gain
        pieces = np.fft.irfft(spectra, _FRAME, axis=1) * window
        out, weight = np.zeros(len(padded)), np.zeros(len(padded))
        for number, piece in enumerate(pieces):
            out[number * _HOP : number * _HOP + _FRAME] += piece
            weight[number * _HOP : number * _HOP + _FRAME] += window**2
        whole = out / np.maximum(weight, 1e-3)
        return np.clip(whole[_FRAME : _FRAME + len(samples)], -1, 1).astype(np.float32)

    return wider


SOUND: dict[str, Mend] = {
    "level": level,
    "edges +6 dB": edges(6.0),
    "tilt +6 dB": tilt(6.0, from_hz=500, to_hz=3000),
    "tilt -6 dB": tilt(-6.0, from_hz=500, to_hz=3000),
    "noise -60 dBFS": noise(-60.0),
    "noise -45 dBFS": noise(-45.0),
    "mirror -10 dB": mirrored(-10.0),
    "mirror -20 dB": mirrored(-20.0),
    "extended -3 dB": extended(-3.0),
    "extended -9 dB": extended(-9.0),
    "extended -15 dB": extended(-15.0),
}
"""Each mend of the sound that was tried."""
