"""A telephone line: 300 to 3400 Hz at 8 kHz, G.711 both ways, comfort noise and its own echo.

    line = Line(MU_LAW, rate_hz=48000)
    heard_there = line(pcm)
    caller.microphone.hears = Telephone(caller.hearing, MU_LAW, echo_db=-12)

Source: ITU-T G.711 (11/88), tables 1a to 2b, as segments and steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rejoinder.scripted_caller.hearing import Hearing
from rejoinder.scripted_caller.microphone import RATE_HZ
from testbed.loudspeaker import Loudspeaker

LINE_HZ = 8000
NOISE_DBFS = -55.0
"""Comfort noise: a line that is not dead."""
_LOWEST_HZ, _HIGHEST_HZ = 300.0, 3400.0
_TAPS_S = 0.012
"""Length of the filters; each delays by half of it."""
_FULL = 32768.0

Pcm = NDArray[np.float32]


def _mu_law(code: int) -> int:
    code = ~code & 0xFF
    size = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return -size if code & 0x80 else size


def _a_law(code: int) -> int:
    code ^= 0x55
    segment, step = (code >> 4) & 7, (code & 0x0F) << 4
    size = step + 8 if segment == 0 else (step + 0x108) << (segment - 1)
    return size if code & 0x80 else -size


@dataclass(frozen=True)
class Codec:
    """G.711, by the table of what its 256 codes stand for."""

    name: str
    values: NDArray[np.int64]

    def encode(self, pcm: NDArray[np.int16]) -> NDArray[np.uint8]:
        """One byte a sample: the code whose value is nearest."""
        order = np.argsort(self.values, kind="stable")
        ordered = self.values[order]
        limits = (ordered[1:] + ordered[:-1]) / 2
        return order[np.searchsorted(limits, pcm)].astype(np.uint8)

    def decode(self, codes: NDArray[np.uint8]) -> NDArray[np.int16]:
        """What the other end hears."""
        return self.values[codes].astype(np.int16)


MU_LAW = Codec("µ-law", np.array([_mu_law(code) for code in range(256)]))
A_LAW = Codec("A-law", np.array([_a_law(code) for code in range(256)]))


class Line:
    """One direction: goes through the band, the codec, and back to `rate_hz`, 15 ms later.

    Takes any number of pieces one after the other, each of whole samples of the line.
    """

    def __init__(self, codec: Codec, *, rate_hz: int) -> None:
        """Between two ends at `rate_hz`, a multiple of 8 kHz."""
        self._codec = codec
        self._step = rate_hz // LINE_HZ
        self._down = _Filter(_low_pass(_HIGHEST_HZ, rate_hz))
        self._band = _Filter(_high_pass(_LOWEST_HZ, LINE_HZ))
        self._up = _Filter(_low_pass(_HIGHEST_HZ, rate_hz) * self._step)

    def __call__(self, pcm: Pcm) -> Pcm:
        """Float32 mono in [-1, 1] in, as many samples out."""
        narrow = self._band(self._down(pcm)[:: self._step])
        codes = self._codec.encode(np.clip(narrow * _FULL, -_FULL, _FULL - 1).astype(np.int16))
        wide = np.zeros(len(codes) * self._step)
        wide[:: self._step] = self._codec.decode(codes) / _FULL
        return self._up(wide).astype(np.float32)


class Telephone:
    """What a caller's line adds to its microphone: comfort noise, and an echo of what it hears."""

    def __init__(self, hearing: Hearing, codec: Codec, *, echo_db: float) -> None:
        self.loudspeaker = Loudspeaker(hearing, gain_db=echo_db)
        self._down, self._up = (Line(codec, rate_hz=RATE_HZ) for _ in range(2))
        self._random = np.random.default_rng(11)

    def __call__(self, samples: int) -> Pcm:
        echo = self._up(self._down(self.loudspeaker(samples)))
        noise = self._random.standard_normal(samples) * 10 ** (NOISE_DBFS / 20)
        return (echo + noise).astype(np.float32)


def spoken_through(line: Callable[[Pcm], Pcm], pcm: Pcm) -> Pcm:
    """An utterance as it leaves a line, its end included."""
    padded = np.concatenate([pcm, np.zeros(round(0.06 * RATE_HZ) - len(pcm) % 6, np.float32)])
    return line(padded)


class _Filter:
    """A FIR filter that remembers the end of the piece before."""

    def __init__(self, taps: NDArray[np.float64]) -> None:
        self._taps = taps
        self._before = np.zeros(len(taps) - 1)

    def __call__(self, pcm: NDArray[np.floating]) -> NDArray[np.float64]:
        whole = np.concatenate([self._before, pcm])
        self._before = whole[len(whole) - len(self._before) :]
        return np.convolve(whole, self._taps, "valid")


def _low_pass(upto_hz: float, rate_hz: int) -> NDArray[np.float64]:
    count = round(_TAPS_S * rate_hz) | 1
    at = np.arange(count) - count // 2
    taps = np.sinc(2 * upto_hz / rate_hz * at) * np.hamming(count)
    return np.asarray(taps / taps.sum())


def _high_pass(from_hz: float, rate_hz: int) -> NDArray[np.float64]:
    taps = -_low_pass(from_hz, rate_hz)
    taps[len(taps) // 2] += 1.0
    return taps
