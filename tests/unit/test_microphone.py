"""When samples left: the benchmarks' clock, whose machine may stand still for a while."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest
from livekit import rtc

from rejoinder.scripted_caller import microphone as module
from rejoinder.scripted_caller.microphone import RATE_HZ, Microphone, Utterance
from tests.fakes import virtual_time

LONG_S, SHORT_S = 0.4, 0.15
TOLERANCE_S = 0.05
CLICKS_S = (0.1, 0.3)


def now() -> float:
    return asyncio.get_running_loop().time()


class Source:
    """Plays one frame after the other, and stands still once: before the frame of that number."""

    def __init__(self, stalls_at: int | None, stall_s: float) -> None:
        self._stalls_at, self._stall_s = stalls_at, stall_s
        self.clicks: list[float] = []
        self._number = 0
        self._ends = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self._number == self._stalls_at:
            await asyncio.sleep(self._stall_s)
        self._number += 1
        leaves = max(self._ends, now())
        self._ends = leaves + frame.duration
        if np.abs(np.frombuffer(frame.data, np.int16)).max() > 20000:
            self.clicks.append(leaves)


@pytest.mark.parametrize(
    ("stalls_at", "stall_s", "stalls"),
    [(None, 0.0, 0), (5, LONG_S, 0), (10 + 5 + 10, LONG_S, 1), (10 + 5 + 10, SHORT_S, 0)],
    ids=["never", "before the utterance", "between its clicks", "for less than what is ahead"],
)
def test_the_time_at_which_a_sample_left_is_known(
    monkeypatch: pytest.MonkeyPatch, stalls_at: int | None, stall_s: float, stalls: int
) -> None:
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=now))
    source = Source(stalls_at, stall_s)

    async def said() -> Utterance:
        microphone = Microphone()
        await microphone.source.aclose()
        microphone.source = source  # type: ignore[assignment]
        pcm = np.zeros(round(0.4 * RATE_HZ), np.float32)
        for at in CLICKS_S:
            pcm[round(at * RATE_HZ)] = 0.9
        running = asyncio.create_task(microphone.run())
        await asyncio.sleep(0.1)
        utterance = microphone.say(pcm)
        await utterance.done.wait()
        assert now() >= utterance.left(0.4)
        running.cancel()
        return utterance

    utterance = virtual_time.run(said())
    assert len(utterance.stalls) == stalls
    left = [utterance.left(at) for at in CLICKS_S]
    assert left == pytest.approx(source.clicks, abs=TOLERANCE_S)


def test_a_recording_has_the_stalls_of_the_microphone() -> None:
    pcm = np.arange(RATE_HZ, dtype=np.float32)
    utterance = Utterance(pcm, began=10.0, stalls=[(0.25, 0.1), (0.5, 0.2)])
    pieces = list(utterance.pieces())
    assert [began for began, _ in pieces] == pytest.approx([10.0, 10.35, 10.8])
    assert np.array_equal(np.concatenate([piece for _, piece in pieces]), pcm)
