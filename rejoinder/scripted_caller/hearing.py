"""What the caller hears, sample by sample, and when there is sound in it."""

import asyncio
import time
from dataclasses import dataclass

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

RATE_HZ = 48000
WINDOW_S = 0.010
LOUD_DBFS = -45.0
"""A 10 ms window above this level is sound: 15 dB above a quiet room, well below speech."""

_GAP_S = 0.060
"""A frame that comes later than this starts a gap in the recording."""

Pcm = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sound:
    """An unbroken stretch of sound. Times are `time.perf_counter()` seconds."""

    began: float
    ended: float


class Hearing:
    """Records one remote track against the caller's own clock."""

    def __init__(self, *, frame_s: float = WINDOW_S) -> None:
        """Start the recording's time axis now; take in `frame_s`, whole windows, at a time."""
        self._frame_ms = round(frame_s * 1000)
        self.began = time.perf_counter()
        self._pieces: list[tuple[int, Pcm]] = []
        self._next = 0
        self._windows: list[tuple[float, bool]] = []
        self._changed = asyncio.Condition()

    async def listen(self, track: rtc.Track) -> None:
        """Record `track` until it ends or the task is cancelled."""
        try:
            stream = rtc.AudioStream(
                track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=self._frame_ms
            )
        except AssertionError:
            return  # so does livekit 1.1.21 say that the track has gone meanwhile
        try:
            async for event in stream:
                now = time.perf_counter()
                pcm = np.frombuffer(event.frame.data, "<i2") / np.float32(32768)
                await self._add(pcm.astype(np.float32), now)
        finally:
            await stream.aclose()

    async def _add(self, pcm: Pcm, now: float) -> None:
        # The frame's last sample is heard now.
        due = round((now - self.began) * RATE_HZ) - len(pcm)
        if due - self._next > _GAP_S * RATE_HZ:
            self._next = due
        self._pieces.append((self._next, pcm))
        self._next += len(pcm)
        began = now - len(pcm) / RATE_HZ
        size = round(WINDOW_S * RATE_HZ)
        windows = [pcm[start : start + size] for start in range(0, len(pcm), size)]
        async with self._changed:
            self._windows += [
                (began + n * WINDOW_S, level_dbfs(window) > LOUD_DBFS)
                for n, window in enumerate(windows)
            ]
            self._changed.notify_all()

    async def wait_for_sound(self, *, after: float) -> float:
        """Wait for the first loud window that begins after `after`; return its time."""
        async with self._changed:
            while True:
                for at, loud in reversed(self._windows):
                    if at < after:
                        break
                    if loud:
                        return next(a for a, is_loud in self._windows if is_loud and a >= after)
                await self._changed.wait()

    async def wait_for_silence(self, *, lasting_s: float) -> None:
        """Wait until nothing loud has been heard for `lasting_s`."""
        async with self._changed:
            while True:
                last = next((a for a, loud in reversed(self._windows) if loud), None)
                if last is not None and time.perf_counter() - last >= lasting_s:
                    return
                await self._changed.wait()

    def sounds(self, *, join_s: float = 0.25) -> list[Sound]:
        """All stretches of sound; pauses shorter than `join_s` belong to a stretch."""
        found: list[Sound] = []
        for at, loud in self._windows:
            if not loud:
                continue
            if found and at - found[-1].ended <= join_s:
                found[-1] = Sound(found[-1].began, at + WINDOW_S)
            else:
                found.append(Sound(at, at + WINDOW_S))
        return found

    @property
    def samples(self) -> int:
        """Length of the recording so far."""
        return self._next

    def newest(self, after: int) -> Pcm:
        """What was recorded since there were `after` samples, gaps left out: for each frame."""
        found: list[Pcm] = []
        for position, piece in reversed(self._pieces):
            if position + len(piece) <= after:
                break
            found.append(piece[max(0, after - position) :])
        return np.concatenate(found[::-1]) if found else np.zeros(0, np.float32)

    def pcm(self) -> Pcm:
        """The recording so far: float32 mono, 48 kHz, from `began` on. Safe in a thread."""
        pieces = list(self._pieces)
        out = np.zeros(pieces[-1][0] + len(pieces[-1][1]) if pieces else 0, np.float32)
        for position, piece in pieces:
            out[position : position + len(piece)] = piece
        return out


def level_dbfs(pcm: Pcm) -> float:
    """RMS level of float32 samples in [-1, 1], dB relative to full scale."""
    return float(10 * np.log10(float(np.mean(pcm**2)) + 1e-12))


def voiced_span(pcm: Pcm, *, rate_hz: int = RATE_HZ) -> tuple[float, float]:
    """First and last sound in speech, seconds from its beginning; (0, length) if none."""
    size = int(WINDOW_S * rate_hz)
    loud = [
        n for n in range(len(pcm) // size) if level_dbfs(pcm[n * size : (n + 1) * size]) > LOUD_DBFS
    ]
    if not loud:
        return 0.0, len(pcm) / rate_hz
    return loud[0] * WINDOW_S, (loud[-1] + 1) * WINDOW_S
