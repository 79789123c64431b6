"""Engine `funasr` and a server that speaks the wires of FunASR's; and our recogniser on top."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions
from pydantic import SecretStr, ValidationError

from agent.audio import pcm
from agent.errors import ConfigError, EngineUnavailable
from agent.settings import load
from agent.settings.checking import check_engine
from agent.stt.funasr import engine as funasr
from agent.stt.funasr import stream
from agent.stt.funasr.engine import FunASRSpeechToText
from agent.stt.funasr.options import Options
from agent.turns.listener import Listener
from agent.turns.recognisers import recogniser_for
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.funasr_server import FunASRStandIn, tone_words
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.protocol.stt.streaming_contract import (
    FINAL,
    INTERIM,
    PACE,
    StreamingBench,
    StreamingContract,
    Talking,
    talking,
)
from tests.unit.test_listener import Rest

VOCABULARY = ("tell", "me", "more.", "please", "wait.")
TURN_PACE = 2.0
"""A turn is more work for each 10 ms than a stream."""


class FunASRBench(StreamingBench):
    words = ("tell", "me", "more")

    def __init__(self, server: FunASRStandIn, proxy: CutProxy) -> None:
        self.server, self.proxy = server, proxy
        server.hear = tone_words(VOCABULARY)
        server.delay_s = 0.03
        self.engine = self.build()

    def build(self, **settings: Any) -> FunASRSpeechToText:
        return FunASRSpeechToText(Options.model_validate({"url": self.proxy.url} | settings))

    async def use(self, **settings: Any) -> None:
        """Go on with an engine of other settings."""
        await self.engine.aclose()
        self.engine = self.build(**settings)

    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        return np.asarray(pcm.from_s16le(tones.speak([0, 1, 2], rate_hz=rate_hz)), np.float32)

    def slow_down(self) -> None:
        self.server.delay_s = 0.5

    def refuse(self, status: int = 403) -> None:
        self.server.status = status

    def fill_up(self) -> None:
        self.server.status = 503

    def malform(self) -> None:
        self.server.malformed = True

    def babble(self) -> None:
        self.server.babbles = "what?"

    def open_sessions(self) -> int:
        return sum(session.outcome == "open" for session in self.server.sessions)

    @property
    def hello(self) -> dict[str, Any]:
        return self.server.sessions[-1].hello


@pytest.fixture
async def bench() -> AsyncIterator[FunASRBench]:
    async with FunASRStandIn().serve() as server, cut_proxy(server.url) as proxy:
        bench = FunASRBench(server, proxy)
        yield bench
        await bench.engine.aclose()


@asynccontextmanager
async def secure() -> AsyncIterator[FunASRStandIn]:
    """A server whose certificate nobody has signed."""
    async with FunASRStandIn(delay_s=0.01).serve(tls=True) as server:
        yield server


class TestFunASR(StreamingContract):
    pass


def take(talk: Talking, samples: npt.NDArray[np.float32]) -> None:
    """Give a stream sound faster than anybody speaks."""
    talk.stream.push_frame(pcm.to_frame(samples, rate_hz=16000))


@pytest.mark.parametrize(
    ("server", "times"), [("python", True), ("cpp", False), ("cpp", True), ("nano", False)]
)
async def test_each_server_tells_words_early_and_final_ones_when_it_is_asked(
    bench: FunASRBench, server: Any, times: bool
) -> None:
    bench.server.server, bench.server.times = server, times
    await bench.use(protocol="nano" if server == "nano" else "runtime")
    async with talking(bench) as talk:
        for number in (1, 2):
            before = len(talk.texts(INTERIM))
            await talk.speak(bench.speech(16000))
            await bench.until(lambda: len(talk.texts(INTERIM)) == before + 3)  # noqa: B023
            talk.stream.flush()
            await bench.until(lambda: len(talk.texts(FINAL)) == number)  # noqa: B023
            assert talk.words == bench.words * number
        await talk.is_silent(0.1)
        await bench.finish(talk)
    assert talk.fault is None
    assert talk.texts(INTERIM)[:3] == ["tell", "tell me", "tell me more"]
    assert talk.words == bench.words * 2
    [session] = bench.server.sessions
    assert session.stray_s == 0
    finals = [event.alternatives[0] for event in talk.events if event.type is FINAL]
    placed = [[*map(str, data.words)] for data in finals if data.words]
    assert placed == ([["tell", "me", "more"]] * 2 if (server, times) == ("cpp", True) else [])
    if placed:
        # By the stream's clock, though the server's begins anew with each utterance.
        ends = [word.end_time for data in finals for word in data.words or ()]
        assert ends == pytest.approx([0.24, 0.54, 0.84, 1.14, 1.44, 1.74], abs=0.1)


async def test_a_final_result_is_told_within_60_ms_of_the_server_s(bench: FunASRBench) -> None:
    late: list[int] = []
    async with talking(bench) as talk:
        task = asyncio.create_task(talk.speak(np.tile(bench.speech(16000), 3)))
        for number in range(1, 4):
            await asyncio.sleep(0.8 / PACE)
            talk.stream.flush()
            await bench.until(lambda: len(talk.texts(FINAL)) == number)  # noqa: B023
            [session] = bench.server.sessions
            # Messages that the server has taken since it told its result: of 60 ms, told faster.
            late.append(session.frames - session.finals_at[number - 1])
        await task
    assert max(late) <= PACE


async def test_what_is_set_is_what_the_server_is_told(bench: FunASRBench) -> None:
    await bench.use(hotwords="阿里巴巴:30, Big Ben", itn="false", rate_hz="8000", language="zh")
    async with talking(bench) as talk:
        take(talk, bench.speech(16000))
        await bench.finish(talk)
    assert talk.words == bench.words
    assert talk.events[0].alternatives[0].language == "zh"
    assert json.loads(bench.hello["hotwords"]) == {"阿里巴巴": 30, "Big Ben": 20}
    told = {name: bench.hello[name] for name in ("mode", "audio_fs", "itn", "chunk_size")}
    assert told == {"mode": "2pass", "audio_fs": 8000, "itn": False, "chunk_size": [5, 10, 5]}
    assert bench.server.sessions[-1].audio_s == pytest.approx(0.9, abs=0.02)


async def test_nano_is_told_language_and_hotwords_and_another_language_with_the_call(
    bench: FunASRBench,
) -> None:
    bench.server.server = "nano"
    await bench.use(protocol="nano", language="zh", hotwords="阿里巴巴")
    for language, name in ((None, "中文"), ("ja-JP", "日文")):
        given = {} if language is None else {"language": language}
        async with bench.engine.stream(**given) as stream:
            stream.push_frame(pcm.to_frame(bench.speech(16000), rate_hz=16000))
            stream.end_input()
            events = [event async for event in stream]
        assert events[-1].alternatives[0].text == "tell me more."
        assert events[-1].alternatives[0].language == (language or "zh")
        assert bench.hello == {"active": False, "hotwords": ["阿里巴巴"], "language": name}


async def test_the_words_of_a_call_in_chinese_are_not_spaced(bench: FunASRBench) -> None:
    bench.server.hear = tone_words(("今", "天", "好。"))
    async with talking(bench) as talk:
        await talk.speak(bench.speech(16000))
        await bench.finish(talk)
    assert talk.texts(INTERIM)[:2] == ["今", "今天"]
    assert talk.texts(FINAL)[0] == "今天好。"


class TestFaults:
    async def test_an_error_in_place_of_the_end(self, bench: FunASRBench) -> None:
        bench.server.error_at_end = "cannot finalise: tell me more"
        async with talking(bench) as talk:
            take(talk, bench.speech(16000))
            await bench.finish(talk)
        assert isinstance(talk.fault, APIConnectionError)
        assert talk.fault.retryable
        assert "tell me more" not in f"{talk.fault} {talk.fault!r}"
        assert talk.words == bench.words

    async def test_a_server_that_serves_one_connection_closes_the_other(
        self, bench: FunASRBench
    ) -> None:
        bench.server.one_at_a_time = True
        async with talking(bench) as talk:
            await talk.is_silent(0.1)
            async with talking(bench) as other:
                take(other, bench.speech(16000))
                await bench.finish(other)
            async with asyncio.timeout(3.0):
                await talk.over.wait()
        assert other.words == bench.words
        assert isinstance(talk.fault, APIConnectionError)
        assert talk.fault.retryable

    async def test_a_connection_that_is_closed_at_once_may_be_had_later(
        self, bench: FunASRBench
    ) -> None:
        bench.server.full = True
        async with talking(bench) as talk:
            async with asyncio.timeout(3.0):
                await talk.over.wait()
            assert isinstance(talk.fault, APIConnectionError)
            assert talk.fault.retryable
            assert "1013" in str(talk.fault)

    async def test_a_server_that_says_nothing_is_no_fault_of_a_stream_and_told_by_the_check(
        self, bench: FunASRBench
    ) -> None:
        bench.server.silent = True
        said = await funasr.probe(Options(url=bench.proxy.url))
        assert "connected; it says nothing of a tone" in said

    async def test_a_server_that_goes_on_talking_is_not_listened_to_for_ever(
        self, bench: FunASRBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "_ANSWER_S", 0.3)
        bench.server.babbles = json.dumps({"mode": "2pass-online", "text": "", "is_final": False})
        async with talking(bench) as talk:
            await talk.is_silent(0.1)
            async with asyncio.timeout(2.0):
                await bench.finish(talk)
        assert talk.fault is None

    async def test_a_silent_stream_keeps_the_words_that_it_told(self, bench: FunASRBench) -> None:
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await bench.until(lambda: len(talk.texts(INTERIM)) == 3)
            bench.server.silent = True
            await bench.finish(talk)
        assert talk.fault is None
        assert talk.texts(FINAL) == ["tell me more"]


class TestCertificates:
    async def test_one_that_nobody_signed_is_refused_and_the_setting_named(self) -> None:
        async with secure() as server:
            engine = FunASRSpeechToText(Options(url=server.url))
            async with engine, engine.stream() as stream:
                with pytest.raises(APIConnectionError, match="STT_VERIFY=false") as caught:
                    await anext(stream)
            assert not caught.value.retryable
            with pytest.raises(EngineUnavailable, match="set STT_VERIFY to the file"):
                await funasr.probe(Options(url=server.url))
            assert server.sessions == []

    async def test_it_is_taken_by_setting(self) -> None:
        async with secure() as server:
            for verify in ("false", str(server.certificate)):
                said = await funasr.probe(Options(url=server.url, verify=verify))
                assert "answered after" in said
            assert len(server.sessions) == 2

    async def test_a_scheme_that_is_not_the_server_s_is_explained(self) -> None:
        async with secure() as server, FunASRStandIn().serve() as plain:
            with pytest.raises(EngineUnavailable, match="with TLS"):
                await funasr.probe(Options(url=server.url.replace("wss:", "ws:")))
            with pytest.raises(EngineUnavailable, match="does not speak TLS"):
                await funasr.probe(Options(url=plain.url.replace("ws:", "wss:")))


class TestProbe:
    async def test_it_tells_the_mode_the_server_and_the_time(self, bench: FunASRBench) -> None:
        host = bench.proxy.url.split("/")[2]
        said = await funasr.probe(Options(url=bench.proxy.url))
        assert re.fullmatch(
            rf"funasr 2pass at {host}: connected, and answered after \d\.\d\d s", said
        )
        [session] = bench.server.sessions
        assert session.audio_s == pytest.approx(0.3, abs=0.001)
        bench.server.server = "cpp"
        assert "answered after" in await funasr.probe(Options(url=bench.proxy.url))

    async def test_a_key_is_sent_and_asked_for(self, bench: FunASRBench) -> None:
        bench.server.api_key = "right"
        with pytest.raises(EngineUnavailable, match="STT_API_KEY"):
            await funasr.probe(Options(url=bench.proxy.url))
        await funasr.probe(Options(url=bench.proxy.url, api_key=SecretStr("right")))

    async def test_a_server_that_is_full_or_gone_is_explained(self, bench: FunASRBench) -> None:
        bench.fill_up()
        with pytest.raises(EngineUnavailable, match="status 503; is the server busy"):
            await funasr.probe(Options(url=bench.proxy.url))
        await bench.proxy.die()
        with pytest.raises(EngineUnavailable, match=f"{bench.proxy.url} .* cannot be reached"):
            await funasr.probe(Options(url=bench.proxy.url))

    async def test_one_that_has_failed_in_a_call_must_say_something_of_it(
        self, bench: FunASRBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "_ANSWER_S", 0.2)
        options = Options(url=bench.proxy.url)
        await funasr.probe_again(options)
        bench.server.silent = True
        with pytest.raises(EngineUnavailable, match="takes connections and says nothing"):
            await funasr.probe_again(options)

    async def test_the_other_protocol_is_explained(self, bench: FunASRBench) -> None:
        with pytest.raises(EngineUnavailable, match="is STT_PROTOCOL its own"):
            await funasr.probe(Options(url=bench.proxy.url, protocol="nano"))
        bench.server.server = "nano"
        assert "STT_PROTOCOL" in await funasr.probe(Options(url=bench.proxy.url))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"STT_URL": "http://127.0.0.1:10095"}, "STT_URL"),
        ({"STT_CHUNK_SIZE": "5,10"}, "5,10,5"),
        ({"STT_CHUNK_SIZE": "5,0,5"}, "5,10,5"),
        ({"STT_CHUNK_INTERVAL": "60", "STT_CHUNK_SIZE": "5,5,5"}, "10 to 1000 ms"),
        ({"STT_RATE_HZ": "44100"}, "8000 or 16000"),
        ({"STT_RATE_HZ": "8000", "STT_PROTOCOL": "nano"}, "16000 alone"),
        ({"STT_HOTWORDS": '{"a": "b"}'}, "JSON"),
        ({"STT_LANGUAGE": "chinese"}, "STT_LANGUAGE"),
        ({"STT_VERIFY": "flase"}, "STT_VERIFY=flase is neither true nor false"),
    ],
)
def test_wrong_settings_are_explained(wrong: dict[str, str], named: str) -> None:
    environ = {"STT_ENGINE": "funasr", "STT_URL": "wss://127.0.0.1:10095"} | wrong
    with pytest.raises((ConfigError, ValidationError), match=re.escape(named)):
        check_engine("stt", load.load(environ=environ).stt[0])


class Caller:
    """Speaks to a listener, `TURN_PACE` times as fast as anybody does."""

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
        for _ in range(600):
            if self.rest.told and self.rest.told[-1] == "ended":
                return
            await self._push(bytes(2 * 160))

    async def _push(self, raw: bytes) -> None:
        for at in range(0, len(raw), 320):
            samples = pcm.from_s16le(raw[at : at + 320])
            self._spoken_s += 0.01
            self.listener.push(pcm.to_frame(samples, rate_hz=16000))
            await asyncio.sleep(0.01 / TURN_PACE)


@pytest.mark.parametrize(
    ("server", "times", "dies"),
    [("python", False, True), ("cpp", True, True), ("nano", False, False)],
)
async def test_a_turn_over_the_real_wire(
    bench: FunASRBench, server: Any, times: bool, dies: bool
) -> None:
    bench.server.server, bench.server.times = server, times
    await bench.use(protocol="nano" if server == "nano" else "runtime")
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


async def test_two_turns_in_a_row_over_the_real_wire(bench: FunASRBench) -> None:
    bench.server.server, bench.server.times = "cpp", True
    caller = Caller(bench)
    running = asyncio.create_task(caller.listener.run())
    await asyncio.sleep(0.05)
    for words in ((0, 1, 2), (3, 4)):
        caller.rest.told.clear()
        await caller.says(*words)
        await caller.is_silent_until_over()
        finals = [line for line in caller.rest.told if line.startswith("final")]
        said = " ".join(VOCABULARY[word].rstrip(".") for word in words)
        assert [line.lower().rstrip(" ().") for line in finals] == [f"final_transcript: {said}"]
    running.cancel()
    await asyncio.wait([running])
