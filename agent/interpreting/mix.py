"""What a telephone hears: several people's sound as one. Pure.

`rtc.AudioMixer` waits up to 100 ms for each of its streams before each block, and a muted track
sends nothing: all others would stutter for as long. It has no levels, and no clock but its
streams'. Here nobody is waited for, and whoever takes frames has the clock.
"""

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from agent.playout.queued_audio import QueuedAudio

RATE_HZ = 16000
"""The widest band of a telephone is G.722's, 7 kHz; and people's tracks are heard at this rate."""
FRAME = RATE_HZ // 50
"""Samples of a frame, 20 ms."""
_MARGIN = RATE_HZ * 40 // 1000
"""So much later a live sound begins than it could: what follows may be that late, less a frame."""
_MOST = RATE_HZ * 250 // 1000
"""A live sound that waits longer, as after a stall of the event loop, is old."""
_KEPT = RATE_HZ * 150 // 1000
"""So much of it is kept then."""
_LOOK = RATE_HZ * 2
"""What has waited needlessly for so long is late, and catches up where it is quiet."""
_QUIET = 330
"""40 dB below full scale."""
_REST = RATE_HZ * 300 // 1000
"""A sound that was away for so long begins anew."""

Pcm = NDArray[np.int16]


class Lane:
    """One sound on its way into a mix, mono int16 at `RATE_HZ`."""

    def __init__(self, *, live: bool) -> None:
        """A `live` sound is somebody who is speaking now: what waits too long is left out.

        Of any other all is kept.
        """
        self.level = 1.0
        """It has this amplitude in the mix; a change is a ramp of one frame."""
        self._live = live
        self._audio = QueuedAudio(memory=0)
        self._dry = _REST
        self._level_before: float | None = None
        self._look_again()

    def _look_again(self) -> None:
        self._least, self._looked = _MOST, 0

    @property
    def flows(self) -> bool:
        """Whether there was sound within the last 0.3 s."""
        return self._audio.left > 0 or self._dry < _REST

    @property
    def waiting(self) -> int:
        """Samples that wait."""
        return self._audio.left

    def put(self, pcm: Pcm) -> None:
        """Add what comes next."""
        if self._live:
            if not self.flows:
                self._audio.put(np.zeros(_MARGIN, np.int16))
                self._look_again()
            elif self._audio.left + len(pcm) > _MOST:
                self._audio.take(self._audio.left + len(pcm) - _KEPT)
                self._look_again()
        self._audio.put(pcm)

    def take(self, size: int) -> NDArray[np.float32]:
        """The next `size` samples at the lane's level, zeros where there are none."""
        pcm = self._audio.take(size)
        if self._live:
            pcm = self._catch_up(pcm)
        self._dry = 0 if len(pcm) == size else self._dry + size - len(pcm)
        before = self.level if self._level_before is None else self._level_before
        self._level_before = self.level
        taken = np.zeros(size, np.float32)
        taken[: len(pcm)] = pcm
        if before == self.level:
            taken *= np.float32(self.level)
        else:
            taken *= np.linspace(before, self.level, size, dtype=np.float32)
        return taken

    def _catch_up(self, pcm: Pcm) -> Pcm:
        """What follows `pcm`, if that is quiet and all has waited for long enough."""
        self._least = min(self._least, self._audio.left)
        self._looked += len(pcm)
        late = self._looked >= _LOOK and self._least >= _MARGIN + len(pcm)
        if late and int(np.abs(pcm.astype(np.int32)).max(initial=0)) < _QUIET:
            self._least -= len(pcm)
            return self._audio.take(len(pcm))
        if self._looked >= 2 * _LOOK:
            self._look_again()
        return pcm


class Mix:
    """Of one telephone."""

    def __init__(self) -> None:
        """Begin without a sound."""
        self._lanes: dict[Hashable, Lane] = {}

    @property
    def flows(self) -> bool:
        """Whether there is anything to hear."""
        return bool(self._lanes)

    def put(self, key: Hashable, pcm: Pcm, *, level: float = 1.0, live: bool = True) -> None:
        """Add what comes next of one sound: mono int16 at `RATE_HZ`, of the amplitude `level`."""
        if key not in self._lanes:
            self._lanes[key] = Lane(live=live)
        lane = self._lanes[key]
        lane.level = level
        lane.put(pcm)

    def take(self, size: int = FRAME) -> Pcm:
        """The next `size` samples of all; what is too loud together is clipped."""
        mixed = np.zeros(size, np.float32)
        for lane in self._lanes.values():
            mixed += lane.take(size)
        for key in [key for key, lane in self._lanes.items() if not lane.flows]:
            del self._lanes[key]
        return np.clip(mixed, -32768, 32767).astype(np.int16)
