"""What every speech-to-text engine must do that streams, whatever its wire.

A test class inherits `StreamingContract` and gives a `bench` fixture: the engine, and a local
server that speaks its wire behind a proxy. Engines for whole utterances: `contract.py`.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import numpy as np
import numpy.typing as npt
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError, stt

from agent.audio import pcm
from agent.costs.meter import Meter
from testbed.waiting import until
from tests.fakes.cut_proxy import CutProxy
from tests.fakes.metering import line_of, metered

PATIENT = APIConnectOptions(max_retry=0, timeout=5.0)
HASTY = APIConnectOptions(max_retry=0, timeout=0.3)
FRAME_S = 0.02
PACE = 4.0
"""How many times as fast as anybody speaks: stand-ins count by the sound, not by the clock."""
_LONG = 12
"""How often somebody says the same in an utterance that is long."""
FINAL = stt.SpeechEventType.FINAL_TRANSCRIPT
INTERIM = stt.SpeechEventType.INTERIM_TRANSCRIPT


class StreamingBench(ABC):
    """One engine that streams, and a way to say what its server does."""

    engine: stt.STT[str]
    proxy: CutProxy
    words: tuple[str, ...]
    """What the server makes of `speech`; final words have them, in any case and with marks."""
    limits = PATIENT
    """Of a connection."""

    @abstractmethod
    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        """Sound of `words`."""

    @abstractmethod
    def slow_down(self) -> None:
        """From now on words come half a second late."""

    @abstractmethod
    def refuse(self, status: int = 403) -> None:
        """From now on no connection is accepted; the status says why."""

    def fill_up(self) -> None:
        """From now on no connection is accepted, for a reason that passes."""
        pytest.skip("its server never says so")

    @abstractmethod
    def malform(self) -> None:
        """From now on messages are something else than results."""

    @abstractmethod
    def babble(self) -> None:
        """From now on the server says something else than results all the time, and no goodbye."""

    def hurry(self) -> None:
        """From now on connections must be open soon."""
        self.limits = HASTY

    @abstractmethod
    def open_sessions(self) -> int:
        """Connections that the server has open, or work that it still does for closed ones."""

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true."""
        await until(condition)

    async def finish(self, talk: "Talking") -> None:
        """End the sound, and wait until all that is said of it has come."""
        talk.stream.end_input()
        await talk.over.wait()


class Talking:
    """A stream that is spoken to, and what came of it."""

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
        """Push sound as it comes, while the stream takes it."""
        size = round(FRAME_S * rate_hz)
        for at in range(0, len(samples), size):
            if self.over.is_set():
                return
            try:
                self.stream.push_frame(pcm.to_frame(samples[at : at + size], rate_hz=rate_hz))
            except RuntimeError:
                return  # it has just ended
            await asyncio.sleep(FRAME_S / PACE)

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
    stream = bench.engine.stream(conn_options=bench.limits)
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
            await bench.finish(talk)
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

    async def test_silence_has_no_words_and_is_no_fault_and_is_counted(
        self, bench: StreamingBench
    ) -> None:
        meter = Meter()
        bench.engine = metered("stt", bench.engine, meter)
        async with talking(bench) as talk:
            await talk.is_silent(0.3)
            await bench.finish(talk)
        assert talk.fault is None
        line = line_of(meter, final=True)
        assert line.used.seconds == pytest.approx(0.3, abs=0.01)
        assert line.thrown.seconds == 0
        assert not any(text for kind in (INTERIM, FINAL) for text in talk.texts(kind))

    async def test_a_stream_without_audio_ends(self, bench: StreamingBench) -> None:
        async with talking(bench) as talk:
            async with asyncio.timeout(3.0):
                await bench.finish(talk)
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
            await bench.finish(talk)
        assert talk.words == bench.words

    async def test_slow_words_are_not_lost_at_the_end(self, bench: StreamingBench) -> None:
        bench.slow_down()
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await bench.finish(talk)
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

    @pytest.mark.parametrize(
        ("status", "passes"), [(401, False), (403, False), (429, True), (500, True), (503, True)]
    )
    async def test_a_refusal_says_whether_it_passes(
        self, bench: StreamingBench, status: int, passes: bool
    ) -> None:
        bench.refuse(status)
        async with talking(bench) as talk, asyncio.timeout(3.0):
            await talk.over.wait()
        assert isinstance(talk.fault, APIStatusError)
        assert (talk.fault.status_code, talk.fault.retryable) == (status, passes)

    async def test_a_connection_that_is_taken_and_not_answered_is_given_up_in_its_time(
        self, bench: StreamingBench
    ) -> None:
        bench.proxy.hangs = True
        bench.hurry()
        async with talking(bench) as talk, asyncio.timeout(2.0):
            await talk.is_silent(0.1)
            await talk.over.wait()
        assert isinstance(talk.fault, APIConnectionError)
        assert talk.fault.retryable

    async def test_a_server_that_stalls_does_not_keep_a_stream_from_closing(
        self, bench: StreamingBench
    ) -> None:
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            bench.proxy.hangs = True
            await talk.is_silent(0.2)
            async with asyncio.timeout(1.5):
                await talk.stream.aclose()
        assert talk.fault is None

    async def test_a_server_that_never_stops_does_not_keep_a_stream_from_closing(
        self, bench: StreamingBench
    ) -> None:
        bench.babble()
        async with talking(bench) as talk:
            await talk.is_silent(0.4)
            async with asyncio.timeout(1.5):
                await talk.stream.aclose()
        await bench.until(lambda: bench.open_sessions() == 0)

    async def test_a_server_that_is_full_may_have_room_later(self, bench: StreamingBench) -> None:
        bench.fill_up()
        async with talking(bench) as talk, asyncio.timeout(3.0):
            await talk.over.wait()
        assert isinstance(talk.fault, APIError)
        assert talk.fault.retryable

    async def test_ten_streams_at_once_are_all_understood(self, bench: StreamingBench) -> None:
        frame = pcm.to_frame(bench.speech(16000), rate_hz=16000)
        async with AsyncExitStack() as stack:
            talks = [await stack.enter_async_context(talking(bench)) for _ in range(10)]
            for talk in talks:
                talk.stream.push_frame(frame)
            async with asyncio.timeout(10.0):
                await asyncio.gather(*(bench.finish(talk) for talk in talks))
        assert [talk.words for talk in talks] == [bench.words] * 10

    async def test_no_word_of_a_long_utterance_is_lost(self, bench: StreamingBench) -> None:
        frame = pcm.to_frame(bench.speech(16000), rate_hz=16000)
        async with talking(bench) as talk:
            for _ in range(_LONG):
                talk.stream.push_frame(frame)
            async with asyncio.timeout(10.0):
                await bench.finish(talk)
        assert talk.words == bench.words * _LONG

    async def test_two_streams_at_once_do_not_mix(self, bench: StreamingBench) -> None:
        async with talking(bench) as one, talking(bench) as other:
            await asyncio.gather(one.speak(bench.speech(16000)), other.is_silent(0.5))
            await asyncio.gather(bench.finish(one), bench.finish(other))
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
