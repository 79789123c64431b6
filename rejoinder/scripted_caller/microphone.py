"""A microphone whose samples leave at known times."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

RATE_HZ = 48000
FRAME_S = 0.020
"""As long as a packet of Opus. Frames of 10 ms cost a quarter more."""
_NOISE_DBFS = -60.0
"""A quiet room; digital silence is nothing a microphone ever gives."""

_QUEUED_FRAMES = 2
"""What the native source holds of what is due: one frame waiting, one going out."""
_LEAD_S = 0.2
"""Frames are pushed this long before they leave: a machine that carries servers, worker and
callers stands still for as long, and a person's microphone does not. The source plays on when
nothing comes, so a frame that is later than that has shifted all that follow."""

Pcm = NDArray[np.float32]


@dataclass(slots=True)
class Utterance:
    """Something that was said into the microphone. Times are `time.perf_counter()` s."""

    pcm: Pcm
    """float32 mono, 48 kHz, in [-1, 1]."""
    began: float | None = None
    """When its first sample left; None until then."""
    stalls: list[tuple[float, float]] = field(default_factory=list)
    """Where it stood still while it was said, and for how long: seconds of `pcm`, seconds."""
    done: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once its last sample has left."""

    def left(self, offset_s: float) -> float:
        """When the sample `offset_s` after its first one left. It must have begun."""
        assert self.began is not None
        return self.began + offset_s + sum(long for at, long in self.stalls if at <= offset_s)

    def pieces(self) -> Iterator[tuple[float, Pcm]]:
        """The stretches between its stalls, and when each began to leave. It must have begun."""
        cuts = [0.0, *(at for at, _ in self.stalls), len(self.pcm) / RATE_HZ]
        for begin, end in itertools.pairwise(cuts):
            yield self.left(begin), self.pcm[round(begin * RATE_HZ) : round(end * RATE_HZ)]


class Microphone:
    """Publishes 48 kHz mono in short frames: what `say` queued, else a quiet room.

    Frames are pushed ahead on their own clock, so that the time at which any sample left is
    known to about a millisecond, however busy the event loop is. A machine that stands still for
    longer takes the clock along: what comes after left later, and is known to have.
    """

    def __init__(self, *, frame_s: float = FRAME_S) -> None:
        """Create the native source; needs a running event loop. `frame_s` divides a second."""
        queue_ms = round((_LEAD_S + _QUEUED_FRAMES * frame_s) * 1e3)
        self.source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=queue_ms)
        self._frame_s = frame_s
        self.said: list[Utterance] = []
        self._queue: list[Utterance] = []
        noise = np.random.default_rng(7).standard_normal(RATE_HZ).astype(np.float32)
        self._noise: Pcm = noise * np.float32(10 ** (_NOISE_DBFS / 20))
        self.hears: Callable[[int], Pcm] | None = None
        """Asked for each frame, with its length in samples: what the room sounds like besides,
        as that frame leaves (none is pushed ahead then)."""

    def say(self, pcm: Pcm) -> Utterance:
        """Queue speech, float32 mono 48 kHz; it starts with the next frame that is free.

        That frame leaves up to 0.2 s later (_LEAD_S): `began` is its time.
        """
        utterance = Utterance(np.asarray(pcm, np.float32))
        self._queue.append(utterance)
        return utterance

    async def run(self) -> None:
        """Push frames until cancelled."""
        frame_s = self._frame_s
        size = round(frame_s * RATE_HZ)
        begin = time.perf_counter()
        number = 0
        position = 0
        current: Utterance | None = None
        leaving: deque[tuple[float, Utterance]] = deque()
        while True:
            due = begin + number * frame_s
            lead_s = _LEAD_S if self.hears is None else 0.0
            await asyncio.sleep(max(0.0, due - lead_s - time.perf_counter()))
            while leaving and leaving[0][0] <= time.perf_counter():
                leaving.popleft()[1].done.set()
            late = time.perf_counter() - due
            if late > _QUEUED_FRAMES * frame_s:
                # Fills the source's queue again.
                late -= frame_s
                begin, due = begin + late, due + late
                if current is not None:
                    current.stalls.append((position / RATE_HZ, late))
            offset = number * size % RATE_HZ
            frame = self._noise[offset : offset + size].copy()
            if self.hears is not None:
                frame += self.hears(size)
            if current is None and self._queue:
                current, position = self._queue.pop(0), 0
                current.began = due
                self.said.append(current)
            if current is not None:
                piece = current.pcm[position : position + size]
                frame[: len(piece)] += piece
                position += size
                if position >= len(current.pcm):
                    leaving.append((due + frame_s, current))
                    current = None
            await self.source.capture_frame(_as_frame(frame))
            number += 1


def _as_frame(pcm: Pcm) -> rtc.AudioFrame:
    data = (np.clip(pcm, -1.0, 1.0) * 32767).astype("<i2").tobytes()
    return rtc.AudioFrame(data, RATE_HZ, 1, len(pcm))
