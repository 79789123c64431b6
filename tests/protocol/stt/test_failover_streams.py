"""A list of recognisers that stream: a turn in whose midst the first one dies, or says nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from livekit.agents import APIConnectOptions

from agent.audio import pcm
from agent.remote.failover import Health, LineUp, Member
from agent.stt.failover import FailoverSpeechToText
from agent.stt.funasr.engine import FunASRSpeechToText
from agent.stt.funasr.options import Options
from agent.stt.openai import engine as openai
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.funasr_server import FunASRStandIn, tone_words
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from tests.fakes.cut_proxy import cut_proxy
from tests.protocol.stt.streaming_contract import HASTY, StreamingContract
from tests.protocol.stt.test_funasr import VOCABULARY, Caller, FunASRBench

LIMITS = APIConnectOptions(max_retry=0, timeout=5.0)


def line_up(protocol: Literal["runtime", "nano"] = "runtime", **urls: str) -> FailoverSpeechToText:
    members = [
        Member(label, FunASRSpeechToText(Options(url=url, protocol=protocol)), LIMITS)
        for label, url in urls.items()
    ]
    return FailoverSpeechToText(LineUp(members))


def finals(caller: Caller) -> list[str]:
    """What the turns were, without case and marks."""
    told = [line for line in caller.rest.told if line.startswith("final")]
    return [line.partition(": ")[2].lower().rstrip(" ().") for line in told]


async def speak(caller: Caller, bench: FunASRBench, *, dies: bool) -> None:
    """A turn of four words; the connection may die after two."""
    await caller.says(3, 0)
    async with asyncio.TaskGroup() as group:
        if dies:
            # Beside the words: a gap in the sound may end the turn.
            group.create_task(bench.proxy.die())
        await caller.says(1, 2)
    await caller.is_silent_until_over()


@pytest.fixture
async def bench() -> AsyncIterator[FunASRBench]:
    async with FunASRStandIn().serve() as server, cut_proxy(server.url) as proxy:
        bench = ListBench(server, proxy)
        await bench.engine.aclose()
        bench.engine = line_up(near=proxy.url, far=proxy.url)
        yield bench
        await bench.engine.aclose()


class ListBench(FunASRBench):
    def hurry(self) -> None:
        """Each engine of a list has limits of its own."""
        assert isinstance(self.engine, FailoverSpeechToText)
        for member in self.engine.line_up.members:
            member.limits = HASTY


class TestList(StreamingContract):
    """A list is an engine that streams."""

    async def test_another_language_of_the_call_reaches_the_engine_that_hears_it(
        self, bench: ListBench
    ) -> None:
        bench.server.server = "nano"
        await bench.engine.aclose()
        bench.engine = line_up("nano", near=bench.proxy.url, far=bench.proxy.url)
        async with bench.engine.stream(language="ja-JP") as stream:
            stream.push_frame(pcm.to_frame(bench.speech(16000), rate_hz=16000))
            stream.end_input()
            events = [event async for event in stream]
        assert events[-1].alternatives[0].language == "ja-JP"
        assert [session.hello["language"] for session in bench.server.sessions] == ["日文"]


@pytest.mark.parametrize(
    "fault", ["dies", "refuses", "rejects", "is gone", "hangs", "says nothing"]
)
async def test_the_next_engine_is_given_what_was_not_final_and_no_word_is_lost(
    bench: FunASRBench, fault: str
) -> None:
    async with FunASRStandIn().serve() as far:
        far.hear = tone_words(VOCABULARY)
        await bench.engine.aclose()
        engine = bench.engine = line_up(near=bench.proxy.url, far=far.url)
        if fault == "refuses":
            bench.refuse()
        elif fault == "rejects":
            bench.refuse(400)
        elif fault == "is gone":
            await bench.proxy.die()
        elif fault == "hangs":
            bench.hurry()
            bench.proxy.hangs = True
        bench.server.silent = fault == "says nothing"
        caller = Caller(bench)
        running = asyncio.create_task(caller.listener.run())
        await asyncio.sleep(0.05)
        await speak(caller, bench, dies=fault == "dies")
        running.cancel()
        await asyncio.wait([running])
        assert finals(caller) == ["please tell me more"]
        assert caller.rest.failures == []
        assert engine.line_up.serving.label == "far"
        assert len(bench.server.sessions) == (fault in ("dies", "says nothing"))
        await engine.aclose()


@pytest.mark.parametrize("fault", ["dies", "refuses", "rejects", "is gone", "says nothing"])
async def test_without_any_stream_the_utterance_goes_whole_to_the_one_that_stands_by(
    bench: FunASRBench, openai_server: OpenAIStandIn, fault: str
) -> None:
    openai_server.transcribe = lambda request: "Please tell me more."
    await bench.engine.aclose()
    stream = Member("near", FunASRSpeechToText(Options(url=bench.proxy.url)), LIMITS)
    whole = openai.build(openai.Options(url=openai_server.url))
    engine = bench.engine = FailoverSpeechToText(
        LineUp([stream, Member("whole", whole, LIMITS, Health())])
    )
    if fault == "refuses":
        bench.refuse()
    elif fault == "rejects":
        bench.refuse(400)
    elif fault == "is gone":
        await bench.proxy.die()
    bench.server.silent = fault == "says nothing"
    caller = Caller(bench)
    running = asyncio.create_task(caller.listener.run())
    await asyncio.sleep(0.05)
    await speak(caller, bench, dies=fault == "dies")
    last = openai_server.requests[-1]
    assert last.audio is not None
    # The tones of all four words, the first ones too, which a stream had been given.
    assert [index for index, _, _ in tones.heard(last.audio, rate_hz=last.audio_rate_hz)] == [
        3, 0, 1, 2,
    ]  # fmt: skip
    assert caller.rest.failures == []
    assert engine.line_up.serving.label == "whole"

    # What works again is used from the next utterance on.
    caller.rest.told.clear()
    bench.server.status, bench.server.silent = 101, False
    if fault in ("dies", "is gone"):
        await bench.proxy.come_back()
    stream.health.answered()
    await bench.until(lambda: bench.open_sessions() == 1)
    asked = len(openai_server.requests)
    await caller.says(0, 1, 2)
    await caller.is_silent_until_over()
    running.cancel()
    await asyncio.wait([running])
    assert finals(caller) == ["tell me more"]
    assert len(openai_server.requests) == asked
    assert engine.line_up.serving.label == "near"
    await engine.aclose()
