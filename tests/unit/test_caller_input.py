"""The way of the caller's audio into the listener, on virtual time."""

import asyncio

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

from agent.hearing.caller_input import CallerInput
from tests.fakes import virtual_time

HOP, HOP_S, RATE_HZ = 160, 0.01, 16000


class Microphone(io.AudioInput):
    """Frames that count up."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self.sent = 0

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(HOP_S)
        self.sent += 1
        samples = np.full(HOP, self.sent, np.int16)
        return rtc.AudioFrame(samples.tobytes(), RATE_HZ, 1, HOP)


def test_the_way_in_hears_each_frame_at_once_and_hands_on_all_of_them() -> None:
    async def talk() -> None:
        heard: list[int] = []
        microphone = Microphone()
        way_in = CallerInput(microphone, lambda frame: heard.append(frame.data[0]))
        taking = asyncio.create_task(way_in.__anext__())
        await asyncio.sleep(3.5 * HOP_S)
        assert heard == [1, 2, 3]
        frame = await taking
        assert np.unique(np.frombuffer(frame.data, np.int16)).tolist() == list(range(1, 11))
        assert way_in.source is microphone

    virtual_time.run(talk())
