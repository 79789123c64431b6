"""When samples left: the benchmarks' clock, whose machine may stand still for a while."""

import asyncio
import time

import numpy as np
import pytest
from livekit import rtc

from rejoinder.scripted_caller.microphone import RATE_HZ, Microphone, Utterance

STALL_S = 0.4
TOLERANCE_S = 0.1
CLICKS_S = (0.1, 0.3)


class Source:
    """Takes a frame at once, until it stands still: before the frame of that number."""

    def __init__(self, stalls_at: int | None) -> None:
        self._stalls_at = stalls_at
        self.clicks: list[float] = []
        self._number = 0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self._number == self._stalls_at:
            await asyncio.sleep(STALL_S)
        self._number += 1
        if np.abs(np.frombuffer(frame.data, np.int16)).max() > 20000:
            self.clicks.append(time.perf_counter())


@pytest.mark.parametrize(
    "stalls_at",
    [None, 5, 10 + 20],
    ids=["never", "before the utterance", "between its clicks"],
)
async def test_the_time_at_which_a_sample_left_is_known(stalls_at: int | None) -> None:
    microphone = Microphone()
    await microphone.source.aclose()
    source = microphone.source = Source(stalls_at)
    pcm = np.zeros(round(0.4 * RATE_HZ), np.float32)
    for at in CLICKS_S:
        pcm[round(at * RATE_HZ)] = 0.9
    running = asyncio.create_task(microphone.run())
    await asyncio.sleep(0.1)
    utterance = microphone.say(pcm)
    await utterance.done.wait()
    running.cancel()
    left = [utterance.left(at) for at in CLICKS_S]
    assert left == pytest.approx(source.clicks, abs=TOLERANCE_S)


def test_a_recording_has_the_stalls_of_the_microphone() -> None:
    pcm = np.arange(RATE_HZ, dtype=np.float32)
    utterance = Utterance(pcm, began=10.0, stalls=[(0.25, 0.1), (0.5, 0.2)])
    pieces = list(utterance.pieces())
    assert [began for began, _ in pieces] == pytest.approx([10.0, 10.35, 10.8])
    assert np.array_equal(np.concatenate([piece for _, piece in pieces]), pcm)
