"""What a telephone hears: sounds that come irregularly, without a gap; nobody is waited for."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from livekit import rtc

from agent.interpreting.mix import FRAME, RATE_HZ, Lane, Mix
from agent.interpreting.phone_line import PhoneLine
from tests.fakes import virtual_time
from tests.fakes.playing import Source

LIVE = RATE_HZ // 20
"""Samples that people's tracks come in: 50 ms."""
MARGIN = RATE_HZ * 40 // 1000
LOUD = 8000


def counting(start: int, size: int) -> np.ndarray:
    """Samples of which none is like its neighbours, all of them loud."""
    return (LOUD + np.arange(start, start + size) % LOUD).astype(np.int16)


def played(lane: Lane, *, upto_s: float, comes: Callable[[int], float]) -> np.ndarray:
    """What is taken of a live sound each 20 ms, whose n-th 50 ms come at a time, seconds."""
    taken, number = [], 0
    for frame in range(round(upto_s * RATE_HZ) // FRAME):
        while comes(number) <= frame * FRAME / RATE_HZ:
            lane.put(counting(number * LIVE, LIVE))
            number += 1
        taken.append(lane.take(FRAME))
    return np.concatenate(taken).astype(np.int16)


def gaps(pcm: np.ndarray) -> int:
    """How often a sound breaks off or jumps, once it has begun."""
    begun = pcm[int(np.argmax(pcm != 0)) :].astype(int)
    steps = np.diff(begun)[begun[:-1] != 0]
    return int(np.count_nonzero((steps != 1) & (steps != 1 - LOUD)))


@pytest.mark.parametrize("late_s", [0.0, 0.01, 0.02])
def test_a_live_sound_has_no_gap_while_its_frames_are_a_little_late(late_s: float) -> None:
    pcm = played(Lane(live=True), upto_s=4.0, comes=lambda n: 0.05 * n + late_s * (n % 3 == 2))
    assert gaps(pcm) == 0
    assert int(np.argmax(pcm != 0)) == MARGIN


def test_a_frame_that_is_later_makes_one_gap_and_those_after_it_none() -> None:
    pcm = played(Lane(live=True), upto_s=4.0, comes=lambda n: 0.05 * n + 0.07 * (n % 20 == 10))
    assert gaps(pcm) == 1


def test_a_live_sound_that_was_held_up_is_cut_to_what_is_new() -> None:
    lane = Lane(live=True)
    for number in range(20):
        lane.put(counting(number * LIVE, LIVE))
        assert lane.waiting <= RATE_HZ // 4
    rest = lane.take(lane.waiting)
    assert rest[-1] == counting(20 * LIVE - 1, 1)[0]


@pytest.mark.parametrize(("loud", "waits_s"), [(True, 0.2), (False, 0.05)])
def test_a_live_sound_that_is_late_catches_up_where_it_is_quiet(loud: bool, waits_s: float) -> None:
    lane = Lane(live=True)
    piece = np.full(FRAME, LOUD if loud else 10, np.int16)
    for _ in range(8):
        lane.put(piece)
    for _ in range(500):
        lane.put(piece)
        lane.take(FRAME)
    assert lane.waiting / RATE_HZ == pytest.approx(waits_s, abs=0.02)


def test_of_a_translation_nothing_is_left_out() -> None:
    lane = Lane(live=False)
    said = counting(0, 2 * RATE_HZ)
    lane.put(said)
    heard = np.concatenate([lane.take(FRAME) for _ in range(len(said) // FRAME)])
    assert np.array_equal(heard.astype(np.int16), said)


def test_a_level_changes_without_a_step() -> None:
    lane = Lane(live=False)
    lane.put(np.full(3 * FRAME, LOUD, np.int16))
    lane.take(FRAME)
    lane.level = 0.125
    heard = np.concatenate([lane.take(FRAME), lane.take(FRAME)])
    assert (heard[0], heard[-1]) == (LOUD, LOUD / 8)
    assert np.abs(np.diff(heard)).max() < LOUD / 100


def test_who_sends_nothing_holds_nobody_up() -> None:
    mix = Mix()
    mix.put("ann", np.full(LIVE, 1000, np.int16))
    mix.put("voice", np.full(FRAME * 10, 5000, np.int16), live=False)
    frames = [mix.take() for _ in range(10)]
    assert {int(frame[-1]) for frame in frames[5:]} == {5000}
    assert int(frames[2][-1]) == 6000


def test_what_is_too_loud_together_is_clipped() -> None:
    mix = Mix()
    for name in ("ann", "bob"):
        mix.put(name, np.full(FRAME, 30000, np.int16), live=False)
    assert set(mix.take()) == {32767}


def test_a_mix_ends_when_nothing_has_sounded_for_a_while() -> None:
    mix = Mix()
    assert not mix.flows
    mix.put("ann", np.full(FRAME, 1000, np.int16), live=False)
    taken = 0
    while mix.flows:
        mix.take()
        taken += 1
    assert taken == 1 + 15


async def _feed(line: PhoneLine, *, count: int, pcm: Callable[[int], np.ndarray]) -> None:
    """Somebody's track sounds, 50 ms at a time."""
    begin = asyncio.get_running_loop().time()
    for number in range(count):
        piece = pcm(number)
        line.hear("ann", rtc.AudioFrame(piece.tobytes(), RATE_HZ, 1, len(piece)), level=1.0)
        due = begin + (number + 1) * len(piece) / RATE_HZ
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))


def test_the_track_plays_without_a_gap_and_a_little_ahead() -> None:
    async def talk() -> None:
        source = Source(rate_hz=RATE_HZ)
        line = PhoneLine(source=source)  # type: ignore[arg-type]
        running = asyncio.create_task(line.run())
        await _feed(line, count=100, pcm=lambda n: counting(n * LIVE, LIVE))
        assert gaps(source.heard()) == 0
        ends = [begins + len(pcm) / RATE_HZ for begins, pcm in source.pieces]
        begins = [begins for begins, _ in source.pieces]
        assert begins[1:] == pytest.approx(ends[:-1]), "the native source never ran dry"
        assert source.queued_duration < 0.1
        assert {len(pcm) for _, pcm in source.pieces[1:]} == {FRAME}
        running.cancel()
        await asyncio.wait({running})

    virtual_time.run(talk())


def test_nothing_is_sent_while_nothing_sounds() -> None:
    async def talk() -> None:
        source = Source(rate_hz=RATE_HZ)
        line = PhoneLine(source=source)  # type: ignore[arg-type]
        running = asyncio.create_task(line.run())
        await asyncio.sleep(10.0)
        assert not source.pieces
        await _feed(line, count=4, pcm=lambda n: counting(n * LIVE, LIVE))
        await asyncio.sleep(10.0)
        heard = source.heard()
        assert 0.2 < len(heard) / RATE_HZ < 1.0
        await asyncio.sleep(10.0)
        assert len(source.heard()) == len(heard)
        running.cancel()
        await asyncio.wait({running})

    virtual_time.run(talk())


def test_a_translation_of_another_rate_is_heard_whole() -> None:
    async def talk() -> None:
        source = Source(rate_hz=RATE_HZ)
        line = PhoneLine(source=source)  # type: ignore[arg-type]
        running = asyncio.create_task(line.run())
        t = np.arange(24000) / 24000
        said = (LOUD * np.sin(2 * np.pi * 500 * t)).astype(np.int16)
        for piece in np.split(said, 50):
            line.hear_voice(rtc.AudioFrame(piece.tobytes(), 24000, 1, len(piece)))
        await asyncio.sleep(3.0)
        heard = source.heard().astype(float)
        energy = float(np.sum(heard**2)) / RATE_HZ
        assert energy == pytest.approx(LOUD**2 / 2, rel=0.03)
        running.cancel()
        await asyncio.wait({running})

    virtual_time.run(talk())
