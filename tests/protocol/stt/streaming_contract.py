"""What every speech-to-text engine must do that streams, whatever its wire.

A test class inherits `StreamingContract` and gives a `bench` fixture: the engine, and a local
server that speaks its wire behind a proxy. Engines for whole utterances: `contract.py`.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import numpy.typing as npt
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, stt

from agent.audio import pcm
from tests.fakes.cut_proxy import CutProxy

PATIENT = APIConnectOptions(max_retry=0, timeout=5.0)
FRAME_S = 0.02
FINAL = stt.SpeechEventType.FINAL_TRANSCRIPT
INTERIM = stt.SpeechEventType.INTERIM_TRANSCRIPT


class StreamingBench(ABC):
    """One engine that streams, and a way to say what its server does."""

    engine: stt.STT[str]
    proxy: CutProxy
    words: tuple[str, ...]
    """What the server makes of `speech`; final words have them, in any case and with marks."""

    @abstractmethod
    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        """Sound of `words`."""

    @abstractmethod
    def slow_down(self) -> None:
        """From now on words come a second late."""

    @abstractmethod
    def refuse(self) -> None:
        """From now on no connection is accepted, for a reason that will stay."""

    @abstractmethod
    def malform(self) -> None:
        """From now on messages are something else than results."""

    @abstractmethod
    def open_sessions(self) -> int:
        """Connections that the server has open, or work that it still does for closed ones."""

    async def until(self, condition: Callable[[], bool], *, limit_s: float = 5.0) -> None:
        """Wait for something to become true."""
        end = time.perf_counter() + limit_s
        while not condition():
            assert time.perf_counter() < end, "waited in vain"
            await asyncio.sleep(0.01)


class Talking:
    """A stream that is spoken to in real time, and what came of it."""

    def __init__(self, stream: stt.RecognizeStream) -> None:
        self.stream = stream
        self.events: list[stt.SpeechEvent] = []
        self.fault: Exception | None = None
        self.over = asyncio.Event()

    async def listen(self) -> None:
        """Take in events until the stream ends."""
        try:
            async for event in self.stream:
                self.events.append(event)
        except APIError as error:
            self.fault = error
        self.over.set()

    async def speak(self, samples: npt.NDArray[np.float32], *, rate_hz: int = 16000) -> None:
        """Push sound at its own pace, while the stream takes it."""
        size = round(FRAME_S * rate_hz)
        for at in range(0, len(samples), size):
            if self.over.is_set():
                return
            try:
                self.stream.push_frame(pcm.to_frame(samples[at : at + size], rate_hz=rate_hz))
            except RuntimeError:
                return  # it has just ended
            await asyncio.sleep(FRAME_S)

    async def is_silent(self, for_s: float, *, rate_hz: int = 16000) -> None:
        """Push silence."""
        await self.speak(np.zeros(round(for_s * rate_hz), np.float32), rate_hz=rate_hz)

    def texts(self, kind: stt.SpeechEventType) -> list[str]:
        """What came, of one kind."""
        return [event.alternatives[0].text for event in self.events if event.type is kind]

    @property
    def words(self) -> tuple[str, ...]:
        """Final words, without case and marks."""
        return tuple(" ".join(self.texts(FINAL)).lower().replace(".", "").split())


@asynccontextmanager
async def talking(bench: StreamingBench) -> AsyncIterator[Talking]:
    """Open a stream; it is closed at the end of the block."""
    stream = bench.engine.stream(conn_options=PATIENT)
    talk = Talking(stream)
    listening = asyncio.create_task(talk.listen())
    try:
        yield talk
    finally:
        await stream.aclose()
        listening.cancel()
        await asyncio.wait([listening])


class StreamingContract:
    """Inherited by the test class of each engine that streams."""

    def test_it_claims_to_stream(self, bench: StreamingBench) -> None:
        assert bench.engine.capabilities.streaming
        assert bench.engine.model not in ("", "unknown")
        assert bench.engine.provider not in ("", "unknown")

    @pytest.mark.parametrize("rate_hz", [16000, 48000])
    async def test_words_come_while_they_are_spoken_and_final_ones_after_them(
        self, bench: StreamingBench, rate_hz: int
    ) -> None:
        async with talking(bench) as talk:
            await talk.speak(bench.speech(rate_hz), rate_hz=rate_hz)
            spoken = talk.texts(INTERIM)
            await talk.is_silent(0.5, rate_hz=rate_hz)
            talk.stream.end_input()
            await talk.over.wait()
        assert talk.fault is None
        assert spoken, "the first word is there before the last one"
        interim = talk.texts(INTERIM)
        assert [one for one, later in zip(interim, interim[1:], strict=False) if one == later] == []
        assert talk.words == bench.words

    async def test_a_flush_brings_the_final_words_and_the_stream_goes_on(
        self, bench: StreamingBench
    ) -> None:
        if not bench.engine.capabilities.manual_flush:
            pytest.skip("it cannot be asked")
        async with talking(bench) as talk:
            for number in (1, 2):
                await talk.speak(bench.speech(16000))
                await talk.is_silent(0.1)
                talk.stream.flush()
                await bench.until(lambda: len(talk.texts(FINAL)) == number)  # noqa: B023
                await talk.is_silent(0.1)
        assert talk.words == bench.words * 2
        assert len(talk.texts(FINAL)) == 2

    async def test_silence_has_no_words_and_is_no_fault(self, bench: StreamingBench) -> None:
        async with talking(bench) as talk:
            await talk.is_silent(0.3)
            talk.stream.end_input()
            await talk.over.wait()
        assert talk.fault is None
        assert not any(text for kind in (INTERIM, FINAL) for text in talk.texts(kind))

    async def test_a_stream_without_audio_ends(self, bench: StreamingBench) -> None:
        async with talking(bench) as talk:
            talk.stream.end_input()
            async with asyncio.timeout(3.0):
                await talk.over.wait()
        assert talk.fault is None

    async def test_closing_in_the_midst_ends_the_work_on_the_server(
        self, bench: StreamingBench
    ) -> None:
        bench.slow_down()
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            assert bench.open_sessions() == 1
        await bench.until(lambda: bench.open_sessions() == 0)
        assert talk.texts(FINAL) == []

    async def test_a_server_that_dies_is_reported_at_once(self, bench: StreamingBench) -> None:
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await bench.proxy.die()
            async with asyncio.timeout(2.0):
                await talk.over.wait()
        assert isinstance(talk.fault, APIConnectionError)
        assert talk.fault.retryable

    async def test_a_server_that_comes_back_is_used_again(self, bench: StreamingBench) -> None:
        await bench.proxy.die()
        async with talking(bench) as talk:
            async with asyncio.timeout(3.0):
                await talk.over.wait()
            assert isinstance(talk.fault, APIConnectionError)
        await bench.proxy.come_back()
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            talk.stream.end_input()
            await talk.over.wait()
        assert talk.words == bench.words

    async def test_slow_words_are_not_lost_at_the_end(self, bench: StreamingBench) -> None:
        bench.slow_down()
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            talk.stream.end_input()
            await talk.over.wait()
        assert talk.words == bench.words

    async def test_a_message_that_is_no_result_is_a_fault_and_stays_one(
        self, bench: StreamingBench
    ) -> None:
        bench.malform()
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await talk.is_silent(0.3)
            async with asyncio.timeout(3.0):
                await talk.over.wait()
        assert isinstance(talk.fault, APIError)
        assert not talk.fault.retryable

    async def test_a_refusal_that_stays_is_no_fault_that_passes(
        self, bench: StreamingBench
    ) -> None:
        bench.refuse()
        async with talking(bench) as talk, asyncio.timeout(3.0):
            await talk.over.wait()
        assert isinstance(talk.fault, APIError)
        assert not talk.fault.retryable

    async def test_two_streams_at_once_do_not_mix(self, bench: StreamingBench) -> None:
        async with talking(bench) as one, talking(bench) as other:
            await asyncio.gather(one.speak(bench.speech(16000)), other.is_silent(0.5))
            one.stream.end_input()
            other.stream.end_input()
            await asyncio.gather(one.over.wait(), other.over.wait())
        assert one.words == bench.words
        assert other.words == ()

    async def test_closing_twice_is_harmless_and_a_closed_engine_refuses(
        self, bench: StreamingBench
    ) -> None:
        async with talking(bench) as talk:
            await talk.is_silent(0.1)
            await bench.engine.aclose()
            await bench.engine.aclose()
        async with talking(bench) as talk, asyncio.timeout(3.0):
            await talk.over.wait()
        assert isinstance(talk.fault, APIError)
        assert not talk.fault.retryable
