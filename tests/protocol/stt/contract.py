"""What every speech-to-text engine must do that takes whole utterances, whatever its wire.

Engines that stream: `streaming_contract.py`. A test class inherits `SpeechToTextContract`, or
`RemoteContract` where there is a server, and gives a `bench` fixture.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APITimeoutError,
    stt,
)

from agent.audio import pcm
from agent.costs.meter import Meter
from testbed.waiting import until
from tests.fakes.cut_proxy import CutProxy
from tests.fakes.metering import line_of, metered

PATIENT = APIConnectOptions(max_retry=0, timeout=60.0)
RETRYING = APIConnectOptions(max_retry=2, retry_interval=0.05, timeout=15.0)

RATES_HZ = (8000, 11025, 16000, 22050, 24000, 44100, 48000)
SPOKEN = "What is the weather like today?"


class Bench(ABC):
    """One engine, and a way to say what its model or server does."""

    engine: stt.STT[str]
    hasty_s: float = 0.4
    """Too short a time-out for an engine that was made slow."""

    @abstractmethod
    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        """Sound that this engine makes `SPOKEN` of."""

    @abstractmethod
    def hear_nothing(self) -> None:
        """From now on there are no words."""

    @abstractmethod
    def slow_down(self) -> None:
        """From now on an answer takes longer than `hasty_s`, but not more than 2 s."""

    @abstractmethod
    def hurry(self) -> None:
        """Answer at once again."""

    async def recognise(
        self, *, rate_hz: int = 16000, conn_options: APIConnectOptions = PATIENT
    ) -> stt.SpeechData:
        """Give the engine its words and take the only alternative."""
        frame = pcm.to_frame(self.speech(rate_hz), rate_hz=rate_hz)
        event = await self.engine.recognize(frame, conn_options=conn_options)
        assert event.type == stt.SpeechEventType.FINAL_TRANSCRIPT
        assert event.request_id
        [data] = event.alternatives
        return data

    async def fault(self, conn_options: APIConnectOptions = PATIENT) -> tuple[APIError, int]:
        """The error of a recognition, and how many tries were made."""
        tries: list[object] = []
        self.engine.on("error", tries.append)
        with pytest.raises(APIError) as caught:
            await self.recognise(conn_options=conn_options)
        return caught.value, len(tries)


class RemoteBench(Bench):
    """An engine whose server is reached through `proxy`."""

    proxy: CutProxy
    passing: ClassVar[tuple[str, ...]]
    """Faults that another try may not meet."""
    permanent: ClassVar[tuple[str, ...]]
    """Faults that every try meets."""

    @abstractmethod
    def fail(self, fault: str, times: int | None = None) -> None:
        """From now on the server shows a fault; so many times, or always."""

    @abstractmethod
    def malform(self) -> None:
        """From now on answers are something else than transcripts."""

    @abstractmethod
    def requests(self) -> int:
        """Requests that reached the model."""

    @abstractmethod
    def uploads(self) -> list[tuple[int, int]]:
        """Rate in Hz and number of samples of each upload; mono all of them."""

    @abstractmethod
    def outcome(self) -> str:
        """What became of the last request: open, completed or cancelled."""

    async def under_way(self) -> asyncio.Task[stt.SpeechData]:
        """A recognition whose request has reached the model."""
        before = self.requests()
        task = asyncio.create_task(self.recognise())
        await self.until(lambda: self.requests() > before)
        return task

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true."""
        await until(condition)


class SpeechToTextContract:
    """Inherited by each engine's test class."""

    async def test_a_final_transcript_arrives(self, bench: Bench) -> None:
        assert (await bench.recognise()).text == SPOKEN

    async def test_no_words_are_a_result_and_not_a_fault(self, bench: Bench) -> None:
        bench.hear_nothing()
        assert (await bench.recognise()).text == ""

    @pytest.mark.parametrize("rate_hz", RATES_HZ)
    async def test_every_sample_rate_is_understood(self, bench: Bench, rate_hz: int) -> None:
        assert (await bench.recognise(rate_hz=rate_hz)).text == SPOKEN

    async def test_an_utterance_in_frames_of_ten_milliseconds_is_understood(
        self, bench: Bench
    ) -> None:
        whole = bench.speech(48000)
        frames: list[rtc.AudioFrame] = [
            pcm.to_frame(whole[at : at + 480], rate_hz=48000) for at in range(0, len(whole), 480)
        ]
        event = await bench.engine.recognize(frames, conn_options=PATIENT)
        assert event.alternatives[0].text == SPOKEN

    async def test_utterances_at_the_same_time_are_all_answered(self, bench: Bench) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(bench.recognise()) for _ in range(3)]
        assert [task.result().text for task in tasks] == [SPOKEN] * 3

    async def test_a_slow_answer_ends_at_the_time_out(self, bench: Bench) -> None:
        await bench.recognise()
        bench.slow_down()
        began = time.perf_counter()
        hasty = APIConnectOptions(max_retry=0, timeout=bench.hasty_s)
        error, _ = await bench.fault(hasty)
        assert isinstance(error, APITimeoutError)
        assert time.perf_counter() - began >= bench.hasty_s

    async def test_after_a_time_out_the_next_utterance_is_understood(self, bench: Bench) -> None:
        bench.slow_down()
        await bench.fault(APIConnectOptions(max_retry=0, timeout=bench.hasty_s))
        bench.hurry()
        assert (await bench.recognise()).text == SPOKEN

    async def test_a_cancelled_recognition_ends_at_once(self, bench: Bench) -> None:
        bench.slow_down()
        task = asyncio.create_task(bench.recognise())
        await asyncio.sleep(0.1)
        began = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.perf_counter() - began < 1.5, "a slow answer takes up to two seconds"

    async def test_after_cancelling_the_next_utterance_is_understood(self, bench: Bench) -> None:
        bench.slow_down()
        for _ in range(2):
            task = asyncio.create_task(bench.recognise())
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        bench.hurry()
        assert (await bench.recognise()).text == SPOKEN

    async def test_what_it_is_sent_is_counted(self, bench: Bench) -> None:
        meter = Meter()
        bench.engine = metered("stt", bench.engine, meter)
        assert (await bench.recognise()).text == SPOKEN
        line, sent_s = line_of(meter), len(bench.speech(16000)) / 16000
        assert line.used.seconds == pytest.approx(sent_s, abs=0.01)
        assert line.label == f"openai · {bench.engine.model}"
        bench.slow_down()
        task = asyncio.create_task(bench.recognise())
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait({task})
        line = line_of(meter)
        assert line.thrown.seconds == pytest.approx(sent_s, abs=0.01)
        assert line.used.seconds == pytest.approx(2 * sent_s, abs=0.02)

    async def test_closing_twice_is_harmless(self, bench: Bench) -> None:
        await bench.recognise()
        await bench.engine.aclose()
        await bench.engine.aclose()

    async def test_a_closed_recogniser_refuses_without_another_try(self, bench: Bench) -> None:
        await bench.engine.aclose()
        error, tries = await bench.fault(RETRYING)
        assert not error.retryable
        assert tries == 1

    async def test_it_can_be_warmed_up_before_the_first_utterance(self, bench: Bench) -> None:
        bench.engine.prewarm()
        assert (await bench.recognise()).text == SPOKEN

    async def test_its_names_are_for_people(self, bench: Bench) -> None:
        for name in (bench.engine.model, bench.engine.provider):
            assert name
            assert name != "unknown"

    async def test_it_claims_to_take_whole_utterances_only(self, bench: Bench) -> None:
        assert not bench.engine.capabilities.streaming
        assert not bench.engine.capabilities.interim_results
        assert bench.engine.capabilities.offline_recognize


class RemoteContract(SpeechToTextContract):
    """Further demands on an engine with a server."""

    async def test_the_upload_is_mono_at_16_khz_and_of_the_same_length(
        self, bench: RemoteBench
    ) -> None:
        length_s = len(bench.speech(48000)) / 48000
        await bench.recognise(rate_hz=48000)
        [(rate_hz, samples)] = bench.uploads()
        assert rate_hz == 16000
        assert samples / rate_hz == pytest.approx(length_s, abs=0.001)

    async def test_ten_utterances_at_once_are_all_answered(self, bench: RemoteBench) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(bench.recognise()) for _ in range(10)]
        assert [task.result().text for task in tasks] == [SPOKEN] * 10

    async def test_a_minute_of_speech_is_sent_whole(self, bench: RemoteBench) -> None:
        speech = bench.speech(16000)
        minute = np.resize(speech, 60 * 16000)
        frame = pcm.to_frame(minute, rate_hz=16000)
        await bench.engine.recognize(frame, conn_options=PATIENT)
        assert bench.uploads() == [(16000, len(minute))]

    async def test_cancelling_ends_the_work_on_the_server(self, bench: RemoteBench) -> None:
        bench.slow_down()
        task = await bench.under_way()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await bench.until(lambda: bench.outcome() == "cancelled")

    async def test_closing_ends_the_work_on_the_server(self, bench: RemoteBench) -> None:
        bench.slow_down()
        task = await bench.under_way()
        await bench.engine.aclose()
        with pytest.raises(APIError):
            await task
        await bench.until(lambda: bench.outcome() == "cancelled")

    async def test_a_server_that_dies_while_it_works_is_reported_at_once(
        self, bench: RemoteBench
    ) -> None:
        bench.slow_down()
        task = await bench.under_way()
        began = time.perf_counter()
        await bench.proxy.die()
        with pytest.raises(APIConnectionError) as caught:
            await task
        assert caught.value.retryable
        assert time.perf_counter() - began < 1.5, "a slow answer takes up to two seconds"

    async def test_a_server_that_comes_back_is_used_again(self, bench: RemoteBench) -> None:
        await bench.recognise()
        await bench.proxy.die()
        error, _ = await bench.fault()
        assert isinstance(error, APIConnectionError)
        assert error.retryable
        await bench.proxy.come_back()
        assert (await bench.recognise()).text == SPOKEN

    async def test_a_fault_that_passes_is_tried_again(self, bench: RemoteBench) -> None:
        for fault in bench.passing:
            before = bench.requests()
            bench.fail(fault, times=1)
            assert (await bench.recognise(conn_options=RETRYING)).text == SPOKEN, fault
            assert bench.requests() - before == 2, fault

    async def test_a_fault_that_stays_is_given_up_after_the_last_try(
        self, bench: RemoteBench
    ) -> None:
        bench.fail(bench.passing[0])
        _, tries = await bench.fault(RETRYING)
        assert tries == RETRYING.max_retry + 1

    async def test_a_fault_of_ours_is_not_tried_again(self, bench: RemoteBench) -> None:
        for fault in bench.permanent:
            bench.fail(fault)
            error, tries = await bench.fault(RETRYING)
            assert not error.retryable, fault
            assert tries == 1, fault

    async def test_an_answer_that_is_no_transcript_is_a_fault_and_not_tried_again(
        self, bench: RemoteBench
    ) -> None:
        bench.malform()
        error, tries = await bench.fault(RETRYING)
        assert not error.retryable
        assert tries == 1
