"""Where somebody's sound lies on the time axis of a recording: late frames, bursts, gaps."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.recorder.track_sound import Stretch, TrackSound

RATE_HZ = 1000
FRAME_S = 0.05


def frame(value: int) -> NDArray[np.int16]:
    return np.full(round(FRAME_S * RATE_HZ), value, np.int16)


class Track:
    """Frames are numbered from 1 on; each is full of its number."""

    def __init__(self) -> None:
        self.sound = TrackSound(RATE_HZ)
        self.placed: list[Stretch] = []
        self.count = 0

    def hear(self, *came: float, kept: bool = True) -> "Track":
        for now in came:
            self.count += 1
            self.placed += self.sound.hear(frame(self.count), now, kept=kept)
        return self

    def over(self) -> list[Stretch]:
        self.placed += self.sound.rest()
        return self.placed

    def begin_of(self, number: int) -> float:
        """Where a frame was placed."""
        for stretch in self.placed:
            found = np.flatnonzero(stretch.pcm == number)
            if len(found):
                return stretch.at + float(found[0]) / RATE_HZ
        raise AssertionError(number)


def in_time(first: int, last: int, *, late_s: float = 0.0) -> list[float]:
    """When the frames come whose ends are so many frames after the beginning."""
    return [n * FRAME_S + late_s for n in range(first, last + 1)]


def test_frames_that_come_in_time_are_one_sound() -> None:
    track = Track().hear(*in_time(1, 40))
    assert [stretch.at for stretch in track.placed] == pytest.approx([0.0, 0.5, 1.0, 1.5])
    assert all(len(stretch.pcm) == 500 for stretch in track.placed)
    assert track.over() == track.placed


@pytest.mark.parametrize("stall_s", [0.1, 0.4, 1.2])
def test_frames_that_a_stall_held_up_lie_where_they_would_have(stall_s: float) -> None:
    held = round(stall_s / FRAME_S)
    burst = [(20 + held) * FRAME_S] * held
    track = Track().hear(*in_time(1, 20), *burst, *in_time(21 + held, 80))
    track.over()
    for number in (1, 20, 21, 20 + held, 21 + held, 80):
        assert track.begin_of(number) == pytest.approx((number - 1) * FRAME_S), number


def test_where_nothing_was_sent_there_is_a_gap() -> None:
    track = Track().hear(*in_time(1, 13), *in_time(14, 30, late_s=3.0))
    track.over()
    assert track.begin_of(13) == pytest.approx(0.6)
    assert track.begin_of(14) == pytest.approx(3.65)
    assert track.begin_of(30) == pytest.approx(4.45)


def test_a_track_that_begins_in_a_stall_lies_by_its_first_frames_in_time() -> None:
    track = Track().hear(0.4, 0.4, 0.4, *in_time(4, 20))
    track.over()
    assert track.begin_of(1) == pytest.approx(0.0)
    assert track.begin_of(20) == pytest.approx(0.95)


@pytest.mark.parametrize("drift", [0.01, -0.01], ids=["slow", "fast"])
def test_a_clock_that_runs_otherwise_is_followed(drift: float) -> None:
    count = 2000
    track = Track().hear(*(n * FRAME_S * (1 + drift) for n in range(1, count + 1)))
    track.over()
    for number in range(1, count + 1, 97):
        came = number * FRAME_S * (1 + drift)
        assert track.begin_of(number) == pytest.approx(came - FRAME_S, abs=0.2)


def test_what_may_be_kept_is_apart_from_what_may_not() -> None:
    track = Track().hear(*in_time(1, 4), kept=False).hear(*in_time(5, 10))
    first, second = track.over()
    assert (first.kept, len(first.pcm)) == (False, 200)
    assert (second.kept, len(second.pcm)) == (True, 300)
    assert second.at == pytest.approx(0.2)


@pytest.mark.parametrize("asked", [13, 20, 27, 34], ids=["before", "at", "waiting", "newest"])
def test_a_moment_is_where_its_sound_was_placed(asked: int) -> None:
    heard = [*in_time(1, 20), *in_time(21, 34, late_s=3.0)]
    track = Track().hear(*heard)
    ago_s = (34 - asked + 1) * FRAME_S
    found = track.sound.time_of(ago_s, heard[-1])
    track.over()
    assert found == pytest.approx(track.begin_of(asked))


def test_before_there_is_sound_a_moment_is_by_the_clock() -> None:
    assert TrackSound(RATE_HZ).time_of(0.5, 7.0) == 6.5
