"""Whether a call out was taken by a voicemail: by how long it greets, and by its beep. Pure.

People say a word or a line when they take a call, and wait. A voicemail speaks on, and then a
single tone asks for the message.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16000

Sign = Literal["greeting", "beep"]
"""greeting: it speaks longer than people do; beep: it listens from now on."""

GREETING_S = 5.0
"""A greeting is that of a voicemail when it goes on for so long. "Smith and Company, good morning,
this is Mary speaking, how can I help you?" takes four."""
PAUSE_S = 1.0
"""Whoever is silent for so long waits for an answer: the greeting is over."""
BEGINS_S = 3.0
"""Who says nothing for so long is a person who listens to the agent."""
_FAINT = 0.05
"""What is 26 dB below the loudest is the silence after a voice."""

_WINDOW = 512
"""Samples that are looked at at once, 32 ms: 31 Hz apart."""
_STEP = 256
_LOWEST_HZ, _HIGHEST_HZ = 790.0, 1510.0
"""800 and 1500 Hz, with what a window is off."""
_BEEP_S = 0.15
_QUIETEST_DB = -45.0
"""RMS of a tone relative to full scale."""
_NARROW = 0.92
"""Share of the sound that lies within the tone's three lines; voices and keys have more."""
_STEADY_HZ = 25.0
"""A tone does not move further from where it began; a whistled or sung one does."""
_FREQUENCIES = np.fft.rfftfreq(_WINDOW, 1 / RATE_HZ)
_HANN = np.hanning(_WINDOW).astype(np.float32)
_AUDIBLE = _FREQUENCIES > 200.0
"""A telephone's hum is no part of what is compared."""


class Beep:
    """Listens for a single tone of 800 to 1500 Hz that lasts 0.15 s."""

    def __init__(self) -> None:
        """Begin to listen."""
        self._rest = np.zeros(0, np.int16)
        self._hz = 0.0
        """Of the tone that sounds, as it began."""
        self._lasts_s = 0.0

    def hear(self, pcm: NDArray[np.int16]) -> bool:
        """Take in the next samples, 16 kHz mono; True once, when a tone has lasted long enough."""
        self._rest = np.concatenate([self._rest, pcm])
        heard = False
        while len(self._rest) >= _WINDOW:
            heard |= self._look(self._rest[:_WINDOW])
            self._rest = self._rest[_STEP:]
        return heard

    @property
    def sounds(self) -> bool:
        """Whether the tone goes on."""
        return self._lasts_s >= _BEEP_S

    def _look(self, window: NDArray[np.int16]) -> bool:
        hz = _tone(window)
        if hz and abs(hz - self._hz) <= _STEADY_HZ:
            before, self._lasts_s = self._lasts_s, self._lasts_s + _STEP / RATE_HZ
            return before < _BEEP_S <= self._lasts_s
        self._hz, self._lasts_s = hz, _WINDOW / RATE_HZ if hz else 0.0
        return False


class Greeting:
    """Measures the first thing that is said after a call was taken."""

    def __init__(self) -> None:
        """The call is taken now."""
        self._at_s = 0.0
        self._began_s: float | None = None
        self._last_s = 0.0
        self._loudest = 0.0

    def hear(self, pcm: NDArray[np.int16], *, speaks: bool) -> bool:
        """Take in the next 10 ms or so; True from when the greeting is that of a voicemail.

        `speaks`: whether the sound is somebody's voice; silence that it was taken for is not.
        """
        begins_s, self._at_s = self._at_s, self._at_s + len(pcm) / RATE_HZ
        level = _level(pcm)
        if not speaks or level < self._loudest * _FAINT:
            return self._is_long
        self._loudest = max(self._loudest, level)
        if self._began_s is None:
            if begins_s > BEGINS_S:
                return False
            self._began_s = self._last_s = begins_s
        if begins_s - self._last_s <= PAUSE_S:
            self._last_s = self._at_s
        return self._is_long

    @property
    def _is_long(self) -> bool:
        return self._began_s is not None and self._last_s - self._began_s >= GREETING_S


def _level(pcm: NDArray[np.int16]) -> float:
    """RMS, 1 is full scale."""
    return float(np.sqrt(np.mean(np.square(pcm.astype(np.float32))))) / 32768


def _tone(window: NDArray[np.int16]) -> float:
    """The frequency of the one tone in a window; 0: it holds something else."""
    if _level(window) < 10 ** (_QUIETEST_DB / 20):
        return 0.0
    power = np.square(np.abs(np.fft.rfft(window * _HANN))) * _AUDIBLE
    top = int(np.argmax(power))
    around = power[top - 2 : top + 3]
    hz = float(np.sum(around * _FREQUENCIES[top - 2 : top + 3]) / np.sum(around))
    narrow = float(np.sum(around)) >= _NARROW * float(np.sum(power))
    return hz if narrow and _LOWEST_HZ <= hz <= _HIGHEST_HZ else 0.0
