"""What the caller's track sounds like, every 10 ms: level and speech probability.

One Silero inference per 32 ms window and track, on the event loop: it takes about 0.1 ms,
less than handing it to a thread. The level is looked at in between, because a voice is loud
some 50 ms before Silero is sure of it.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from livekit import rtc
from livekit.plugins.silero import onnx_model
from numpy.typing import NDArray

RATE_HZ = 16000
HOP = 160
"""Samples of 10 ms."""
HOP_S = HOP / RATE_HZ
WINDOW = 512
"""Samples that Silero looks at."""

_QUIETEST_DB = -75.0
_LOUD_ABOVE_FLOOR_DB = 15.0
"""A hop this far above the background is sound."""
_LEAST_LOUD_DB = -48.0
_FLOOR_RISE_DB = 0.06
"""Per hop: a new background noise is believed after some seconds (6 dB a second)."""

_QUIET_ABOVE_FLOOR_DB = 6.0
"""Windows with nothing above this are no voice that Silero could tell from the background."""
_NO_SPEECH = 0.1
_RESTED = 10
"""After this many such windows (0.3 s) most of the following ones are not looked at."""
_REST = 4
"""One in so many still is, so that the detector's memory follows the background. A caller is
silent for most of a call, and the detector is the dearest thing that listens."""

POOR_DB = 18.0
"""A voice this little above the background is told from it by Silero alone."""
_USUAL_PEAK_DB = -15.0
"""The loudest hop of a voice at the usual -20 dBFS is above this."""
_FAINT_BY_DB = 3.0
_FAINT_ABOVE_FLOOR_DB = 6.0
_SURE = 0.9
"""Probability that the detector reached within 0.15 s of the beginning of each of 294 recorded
utterances, and in none of 800 coughs, which came up to 0.83: docs/decisions/0005."""

Probability = Callable[[NDArray[np.float32]], float]
"""Silero: 512 samples in [-1, 1] in, probability of speech out; it keeps its own state."""


@dataclass(frozen=True, slots=True)
class Hop:
    """10 ms of the caller's track."""

    pcm: NDArray[np.int16]
    """160 samples at 16 kHz."""
    level_db: float
    """RMS relative to full scale."""
    loud: bool
    """Well above the background."""
    floor_db: float
    """Level of the background."""
    probability: float
    """Of speech, by the newest window; a window ends every third or fourth hop."""
    fresh: bool
    """Whether a window ended with this hop."""


def load_detector() -> Callable[[], Probability]:
    """Load Silero; blocking, about 0.1 s the first time.

    Returns:
        Makes the detector of one track: all share the weights, each has a state of its own.
    """
    weights = _weights()

    def detector() -> Probability:
        model = onnx_model.OnnxModel(onnx_session=weights, sample_rate=RATE_HZ)
        return lambda window: float(model(window))

    return detector


@functools.cache
def _weights() -> Any:
    return onnx_model.new_inference_session(force_cpu=True)


def is_sure(probability: float) -> bool:
    """Whether the detector takes something for speech that is no cough."""
    return probability >= _SURE


def is_faint(peak_db: float) -> bool:
    """Whether a voice whose loudest hop this is lies well below the usual level."""
    return peak_db < _USUAL_PEAK_DB - _FAINT_BY_DB


def least_voice_db(peak_db: float, floor_db: float) -> float:
    """Level below which a voice is over, though Silero still says speech.

    Silero hears a faint voice as well as a loud one, so this level moves with the voice's loudest
    hop, `peak_db`; `floor_db` is the background's. Minus infinity: Silero alone can tell.
    """
    if peak_db - floor_db < POOR_DB:
        return -np.inf
    fainter_db = max(0.0, _USUAL_PEAK_DB - peak_db)
    above_db = max(_FAINT_ABOVE_FLOOR_DB, _LOUD_ABOVE_FLOOR_DB - fainter_db / 2)
    return max(floor_db + above_db, _LEAST_LOUD_DB - fainter_db)


class Ear:
    """Cuts frames of any length into hops and judges them. No clock, no task."""

    def __init__(self, probability: Probability) -> None:
        """Listen with one detector."""
        self._probability_of = probability
        self._rest = np.zeros(0, np.int16)
        self._window: list[NDArray[np.int16]] = []
        self._in_window = 0
        self._probability = 0.0
        self._window_db = _QUIETEST_DB
        self._quiet_windows = 0
        self._floor_db = -60.0

    @property
    def floor_db(self) -> float:
        """Level of the background."""
        return self._floor_db

    def push(self, frame: rtc.AudioFrame) -> list[Hop]:
        """Take in a frame of any length, 16 kHz mono; return the hops that it completed."""
        pcm = np.frombuffer(frame.data, np.int16)
        if len(self._rest):
            pcm = np.concatenate([self._rest, pcm])
        whole = len(pcm) // HOP * HOP
        self._rest = pcm[whole:]
        return [self._hop(pcm[at : at + HOP]) for at in range(0, whole, HOP)]

    def silence(self) -> Hop:
        """A hop without audio, for a track that was muted."""
        return self._hop(np.zeros(HOP, np.int16))

    def was_noise(self, level_db: float) -> None:
        """A sound of this level was no speech: a steady one is background from now on."""
        self._floor_db = max(self._floor_db, min(level_db - _LOUD_ABOVE_FLOOR_DB / 2, -30.0))

    def _hop(self, pcm: NDArray[np.int16]) -> Hop:
        level_db = level_of(pcm)
        self._window_db = max(self._window_db, level_db)
        fresh = self._detect(pcm)
        if self._probability < 0.5:
            rise = min(level_db, self._floor_db + _FLOOR_RISE_DB)
            self._floor_db = max(_QUIETEST_DB, rise)
        least = max(self._floor_db + _LOUD_ABOVE_FLOOR_DB, _LEAST_LOUD_DB)
        return Hop(pcm, level_db, level_db > least, self._floor_db, self._probability, fresh)

    def _detect(self, pcm: NDArray[np.int16]) -> bool:
        self._window.append(pcm)
        self._in_window += len(pcm)
        if self._in_window < WINDOW:
            return False
        samples = np.concatenate(self._window)
        window, rest = samples[:WINDOW], samples[WINDOW:]
        self._window, self._in_window = ([rest], len(rest)) if len(rest) else ([], 0)
        if not self._rests():
            self._probability = self._probability_of(window.astype(np.float32) / np.float32(32768))
        self._window_db = _QUIETEST_DB
        return True

    def _rests(self) -> bool:
        quiet = self._window_db < self._floor_db + _QUIET_ABOVE_FLOOR_DB
        if not quiet or self._probability > _NO_SPEECH:
            self._quiet_windows = 0
            return False
        self._quiet_windows += 1
        return self._quiet_windows > _RESTED and self._quiet_windows % _REST != 0


def level_of(pcm: NDArray[np.int16]) -> float:
    """RMS of a hop relative to full scale."""
    samples = pcm.astype(np.float32)
    power = float(np.dot(samples, samples)) / (len(samples) * 32768.0**2)
    return float(10 * np.log10(power + 1e-9))
