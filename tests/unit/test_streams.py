"""Frames at another rate: all of the sound, and what travels with it."""

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest
from livekit import rtc

from agent.audio.streams import at_rate

SECONDS = 1.0
FRAME_S = 0.1


class Source:
    """A second of a tone in frames of 100 ms, each with its number."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.closed = False

    async def frames(self) -> AsyncGenerator[rtc.AudioFrame, None]:
        count = round(self.rate_hz * SECONDS)
        t = np.arange(count) / self.rate_hz
        pcm = (9000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)
        size = round(self.rate_hz * FRAME_S)
        try:
            for number, at in enumerate(range(0, count, size)):
                piece = pcm[at : at + size]
                frame = rtc.AudioFrame(piece.tobytes(), self.rate_hz, 1, len(piece))
                frame.userdata["names"] = [number]
                frame.userdata["began"] = number == 0
                yield frame
        finally:
            self.closed = True


async def converted(source: Source, rate_hz: int) -> list[rtc.AudioFrame]:
    return [frame async for frame in at_rate(source.frames(), rate_hz)]


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 24000, 44100, 48000])
def test_the_sound_is_of_the_same_length_and_every_name_arrives_once(rate_hz: int) -> None:
    source = Source(rate_hz)
    frames = asyncio.run(converted(source, 24000))
    assert {frame.sample_rate for frame in frames} == {24000}
    total = sum(frame.samples_per_channel for frame in frames)
    assert total == pytest.approx(24000 * SECONDS, abs=3)
    names = [name for frame in frames for name in frame.userdata.get("names", [])]
    assert names == list(range(10))
    assert source.closed


def test_what_a_frame_carries_is_no_later_than_its_own_sound() -> None:
    at_s = 0.0
    for frame in asyncio.run(converted(Source(22050), 24000)):
        for name in frame.userdata.get("names", []):
            assert at_s <= name * FRAME_S + 0.001
        at_s += frame.duration


def test_frames_of_that_rate_pass_as_they_are() -> None:
    async def same() -> None:
        given = [frame async for frame in Source(24000).frames()]

        async def again() -> AsyncGenerator[rtc.AudioFrame, None]:
            for frame in given:
                yield frame

        taken = [frame async for frame in at_rate(again(), 24000)]
        assert all(a is b for a, b in zip(given, taken, strict=True))

    asyncio.run(same())


def test_closing_it_closes_what_it_reads() -> None:
    async def leave() -> None:
        source = Source(22050)
        stream = at_rate(source.frames(), 24000)
        await anext(stream)
        await stream.aclose()
        assert source.closed

    asyncio.run(leave())
