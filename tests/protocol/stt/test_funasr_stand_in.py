"""The plug-in that the benchmark streams with, against the wire it was written for; and our
recogniser on top of it."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import numpy.typing as npt
import pytest
from livekit.agents import APIConnectOptions

from agent.audio import pcm
from agent.turns.listener import Listener
from agent.turns.recognisers import recogniser_for
from testbed import tones
from testbed.funasr_server import FunASRStandIn, tone_words
from testbed.funasr_stt import FunASRSpeechToText, Options
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.protocol.stt.streaming_contract import StreamingBench, StreamingContract
from tests.unit.test_listener import Rest

VOCABULARY = ("tell", "me", "more.", "please", "wait.")


class FunASRBench(StreamingBench):
    words = ("tell", "me", "more")

    def __init__(self, server: FunASRStandIn, proxy: CutProxy) -> None:
        self.server, self.proxy = server, proxy
        server.hear = tone_words(VOCABULARY)
        self.engine = FunASRSpeechToText(Options(url=proxy.url))

    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        return np.asarray(pcm.from_s16le(tones.speak([0, 1, 2], rate_hz=rate_hz)), np.float32)

    def slow_down(self) -> None:
        self.server.delay_s = 1.0

    def refuse(self) -> None:
        self.server.status = 403

    def malform(self) -> None:
        self.server.malformed = True

    def open_sessions(self) -> int:
        return sum(session.outcome == "open" for session in self.server.sessions)


@pytest.fixture
async def bench() -> AsyncIterator[FunASRBench]:
    async with FunASRStandIn().serve() as server, cut_proxy(server.url) as proxy:
        bench = FunASRBench(server, proxy)
        yield bench
        await bench.engine.aclose()


class TestFunASR(StreamingContract):
    pass


class Caller:
    """Speaks to a listener in real time."""

    def __init__(self, bench: FunASRBench) -> None:
        self.rest = Rest()
        self._spoken_s = 0.0
        self.listener = Listener(
            recogniser_for(bench.engine, limits=APIConnectOptions(max_retry=0, timeout=2.0)),
            probability=lambda window: 0.95 if np.abs(window).max() > 0.05 else 0.02,
            floor=self.rest,
            observer=self.rest,
            # A frame that a busy machine sends late is no muted track.
            clock=lambda: self._spoken_s,
        )
        self.listener.attach(self.rest)

    async def says(self, *words: int) -> None:
        await self._push(tones.speak(words, rate_hz=16000))

    async def is_silent_until_over(self) -> None:
        for _ in range(300):
            if self.rest.told and self.rest.told[-1] == "ended":
                return
            await self._push(bytes(2 * 160))

    async def _push(self, raw: bytes) -> None:
        for at in range(0, len(raw), 320):
            samples = pcm.from_s16le(raw[at : at + 320])
            self._spoken_s += 0.01
            self.listener.push(pcm.to_frame(samples, rate_hz=16000))
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("dies", [False, True])
async def test_a_turn_over_the_real_wire(bench: FunASRBench, dies: bool) -> None:
    caller = Caller(bench)
    running = asyncio.create_task(caller.listener.run())
    await asyncio.sleep(0.05)
    await caller.says(3, 0)
    if dies:
        await bench.proxy.die()
        await bench.proxy.come_back()
    await caller.says(1, 2)
    await caller.is_silent_until_over()
    running.cancel()
    await asyncio.wait([running])
    finals = [line for line in caller.rest.told if line.startswith("final")]
    assert [line.lower().rstrip(" ().") for line in finals] == [
        "final_transcript: please tell me more"
    ]
    assert caller.rest.failures == []
    assert len(bench.server.sessions) == 1 + dies
    await bench.until(lambda: bench.open_sessions() == 0)
