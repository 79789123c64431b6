"""Engine `funasr_http` against a server that speaks the wires of FunASR's and SenseVoice's."""

import re
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    stt,
)
from pydantic import SecretStr

from agent.audio import pcm
from agent.errors import ConfigError, EngineUnavailable
from agent.settings import load
from agent.settings.checking import check_engine
from agent.stt.funasr_http import engine as funasr_http
from agent.stt.funasr_http.dialects import DIALECTS, base_of, dialect_of
from agent.stt.funasr_http.engine import FunASRHttpSpeechToText
from agent.stt.funasr_http.options import Options
from rejoinder.stand_ins.funasr_http_server import FunASRHttpStandIn
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.protocol.stt.contract import PATIENT, RETRYING, SPOKEN, RemoteBench, RemoteContract


class FunASRHttpBench(RemoteBench):
    passing = ("429", "500", "503")
    permanent = ("401", "404", "422")

    engine: FunASRHttpSpeechToText

    def __init__(self, server: FunASRHttpStandIn, proxy: CutProxy) -> None:
        self.server, self.proxy = server, proxy
        self.engine = self.build()
        server.transcribe = lambda request: f" {SPOKEN}\n"

    def build(self, **settings: Any) -> FunASRHttpSpeechToText:
        return FunASRHttpSpeechToText(Options.model_validate({"url": self.proxy.url} | settings))

    async def ask(self, served: str, /, **settings: Any) -> stt.SpeechData:
        """A recognition by a server of another dialect, with an engine that looks for it."""
        self.server.dialect = served  # type: ignore[assignment]
        async with self.build(**settings) as engine:
            event = await engine.recognize(self.frame(), conn_options=PATIENT)
        return event.alternatives[0]

    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        t = np.arange(rate_hz // 2) / rate_hz
        return (0.3 * np.sin(2 * np.pi * 300 * t)).astype(np.float32)

    def frame(self) -> rtc.AudioFrame:
        return pcm.to_frame(self.speech(16000), rate_hz=16000)

    def hear_nothing(self) -> None:
        self.server.transcribe = lambda request: ""

    def slow_down(self) -> None:
        self.server.how.first_byte_s = 2.0

    def hurry(self) -> None:
        self.server.how.first_byte_s = 0.0

    def fail(self, fault: str, times: int | None = None) -> None:
        self.server.how.status = int(fault)
        self.server.how.failures = times

    def malform(self) -> None:
        self.server.how.malformed = True

    def requests(self) -> int:
        return len(self.server.requests)

    def uploads(self) -> list[tuple[int, int]]:
        return [(request.audio_rate_hz, len(request.audio)) for request in self.server.requests]

    def outcome(self) -> str:
        return self.server.requests[-1].outcome

    @property
    def body(self) -> dict[str, Any]:
        return self.server.requests[-1].body


@pytest.fixture
async def bench() -> AsyncIterator[FunASRHttpBench]:
    async with FunASRHttpStandIn().serve() as server, cut_proxy(server.url) as proxy:
        bench = FunASRHttpBench(server, proxy)
        yield bench
        await bench.engine.aclose()


class TestWrapper(RemoteContract):
    """The dialect with the oddest answers, which the engine finds out itself."""


@pytest.mark.parametrize("dialect", DIALECTS)
class TestDialects:
    async def test_words_arrive_from_a_server_that_nobody_has_named(
        self, bench: FunASRHttpBench, dialect: str
    ) -> None:
        assert (await bench.ask(dialect)).text == SPOKEN
        assert (bench.server.looks, bench.requests()) == (1, 1)
        assert bench.uploads() == [(16000, 8000)]

    async def test_one_that_somebody_has_named_is_not_looked_at(
        self, bench: FunASRHttpBench, dialect: str
    ) -> None:
        bench.server.describes = False
        assert (await bench.ask(dialect, dialect=dialect)).text == SPOKEN
        assert bench.server.looks == 0

    async def test_no_words_are_no_fault(self, bench: FunASRHttpBench, dialect: str) -> None:
        bench.hear_nothing()
        for speakers in ("false", "true"):
            assert (await bench.ask(dialect, speakers=speakers)).text == ""

    async def test_the_probe_names_it(self, bench: FunASRHttpBench, dialect: str) -> None:
        bench.server.dialect = dialect  # type: ignore[assignment]
        host = bench.proxy.url.split("/")[2]
        said = await funasr_http.probe(Options(url=bench.proxy.url))
        what = DIALECTS[dialect].what  # type: ignore[index]
        assert re.fullmatch(rf"{what} at {host}: answer after \d\.\d\d s", said)

    async def test_an_answer_of_another_server_is_a_fault_that_stays(
        self, bench: FunASRHttpBench, dialect: str
    ) -> None:
        answers: list[object] = [
            None, [], "x", {}, {"code": 0}, {"code": 0, "res": 7}, {"text": 7}, {"result": 7},
            {"result": [{"text": None}]}, {"code": "0"},
            {"code": 0, "res": [{"text": "x"}], "text": None, "segments": [{}]},
        ]  # fmt: skip
        for body in answers:
            with pytest.raises(APIStatusError) as caught:
                DIALECTS[dialect].heard(body)  # type: ignore[index]
            assert not caught.value.retryable

    async def test_another_dialect_than_the_server_s_is_explained(
        self, bench: FunASRHttpBench, dialect: str
    ) -> None:
        other = "runtime" if dialect != "runtime" else "wrapper"
        if dialect == "wrapper":
            other = "server"
        bench.server.dialect = dialect  # type: ignore[assignment]
        with pytest.raises(EngineUnavailable, match="another of FunASR's servers"):
            await funasr_http.probe(Options(url=bench.proxy.url, dialect=other))


async def test_the_limit_is_for_looking_and_asking_together(bench: FunASRHttpBench) -> None:
    bench.slow_down()
    error, _ = await bench.fault(APIConnectOptions(max_retry=0, timeout=0.3))
    assert isinstance(error, APITimeoutError)
    assert str(error) == "no transcript within 0.3 s"


class TestErrorsThatAreCalled200:
    @pytest.mark.parametrize("dialect", ["wrapper", "runtime"])
    async def test_code_1_is_an_error(self, bench: FunASRHttpBench, dialect: str) -> None:
        bench.server.fails = "CUDA out of memory: what I said"
        with pytest.raises(APIError) as caught:
            await bench.ask(dialect)
        assert caught.value.retryable
        assert "what I said" not in f"{caught.value} {caught.value!r}"
        with pytest.raises(EngineUnavailable, match="CUDA out of memory"):
            await funasr_http.probe(Options(url=bench.proxy.url))

    async def test_it_is_tried_again(self, bench: FunASRHttpBench) -> None:
        bench.server.fails = "CUDA out of memory"
        await bench.fault(RETRYING)
        assert bench.requests() == RETRYING.max_retry + 1


class TestWhatIsAsked:
    async def test_the_wrapper_is_asked_for_a_text(self, bench: FunASRHttpBench) -> None:
        await bench.ask("wrapper", language="zh", hotwords="x", itn="false")
        assert bench.body == {"time_stamp": 0}

    async def test_the_wrapper_tells_who_speaks_and_when(self, bench: FunASRHttpBench) -> None:
        bench.server.transcribe = lambda request: "喂？你好。请说。"
        bench.server.speakers = ("0", "1", "1")
        data = await bench.ask("wrapper", speakers="true")
        assert bench.body == {"time_stamp": 1}
        assert data.text == "喂？你好。请说。"
        assert (data.speaker_id, data.start_time, data.end_time) == ("1", 0.0, 3.0)

    async def test_funasr_server_is_told_language_hotwords_and_speakers(
        self, bench: FunASRHttpBench
    ) -> None:
        bench.server.speakers = ("a",)
        settings = {"language": "zh-Hans-CN", "hotwords": "阿里巴巴:30, Big Ben"}
        data = await bench.ask("server", speakers="true", **settings)
        assert bench.body == {"language": "中文", "hotwords": "阿里巴巴,Big Ben", "spk": "true"}
        assert (data.speaker_id, data.language) == ("a", "zh-Hans-CN")
        assert data.words is not None
        assert [(word, word.start_time, word.end_time) for word in data.words] == [
            (SPOKEN, 0.0, 1.0)
        ]
        await bench.ask("server")
        assert bench.body == {}

    @pytest.mark.parametrize(
        ("language", "told"),
        [("", "auto"), ("en-GB", "en"), ("zh-HK", "zh"), ("yue", "yue"), ("de", "auto")],
    )
    async def test_sensevoice_is_told_a_language_that_it_knows(
        self, bench: FunASRHttpBench, language: str, told: str
    ) -> None:
        await bench.ask("sensevoice", language=language)
        assert bench.body == {"keys": "utterance.wav", "lang": told, "use_itn": "true"}

    async def test_a_language_given_with_the_call_goes_first(self, bench: FunASRHttpBench) -> None:
        bench.server.dialect = "sensevoice"
        async with bench.build(language="en") as engine:
            event = await engine.recognize(bench.frame(), language="ja", conn_options=PATIENT)
        assert bench.body["lang"] == "ja"
        assert event.alternatives[0].language == "ja"

    async def test_a_key_is_sent_and_asked_for(self, bench: FunASRHttpBench) -> None:
        bench.server.api_key = "right"
        await bench.ask("server", api_key=SecretStr("right"))
        for dialect in ("auto", "server"):
            with pytest.raises(EngineUnavailable, match="STT_API_KEY"):
                await funasr_http.probe(
                    Options.model_validate({"url": bench.proxy.url, "dialect": dialect})
                )


class TestSenseVoice:
    @pytest.mark.parametrize(
        ("raw", "text", "language"),
        [
            (
                "<|zh|><|NEUTRAL|><|Speech|><|woitn|>今天<|en|><|HAPPY|><|Speech|><|woitn|>is fine",
                "今天 is fine",
                "zh",
            ),
            ("<|nospeech|><|EMO_UNKNOWN|><|Speech|><|woitn|>", "", ""),
            ("<|en|><|HAPPY|><|Laughter|><|withitn|>It is 5.", "It is 5.", "en"),
            ("no tags", "no tags", ""),
        ],
    )
    async def test_tags_are_taken_out_one_by_one_and_tell_the_language(
        self, bench: FunASRHttpBench, raw: str, text: str, language: str
    ) -> None:
        bench.server.transcribe = lambda request: raw
        data = await bench.ask("sensevoice")
        assert (data.text, data.language) == (text, language)


class TestLooking:
    async def test_a_server_without_a_description_wants_to_be_named(
        self, bench: FunASRHttpBench
    ) -> None:
        bench.server.describes = False
        with pytest.raises(APIConnectionError, match="set STT_DIALECT to one of") as caught:
            await bench.ask("wrapper")
        assert not caught.value.retryable
        with pytest.raises(EngineUnavailable, match="STT_DIALECT"):
            await funasr_http.probe(Options(url=bench.proxy.url))

    async def test_it_is_looked_at_once_and_while_nobody_waits(
        self, bench: FunASRHttpBench
    ) -> None:
        bench.engine.prewarm()
        await bench.until(lambda: bench.engine.model != "FunASR over HTTP")
        for _ in range(3):
            await bench.recognise()
        assert (bench.server.looks, bench.proxy.connections) == (1, 1)

    async def test_the_probe_says_that_no_server_is_there(self, bench: FunASRHttpBench) -> None:
        await bench.proxy.die()
        with pytest.raises(EngineUnavailable, match=f"{bench.proxy.url} .* running"):
            await funasr_http.probe(Options(url=bench.proxy.url))

    @pytest.mark.parametrize("openapi", [None, {}, {"paths": []}, {"paths": {"/v1/models": {}}},
                                         {"paths": {"/asr": []}}])  # fmt: skip
    def test_other_servers_are_none_of_them(self, openapi: object) -> None:
        assert dialect_of(openapi) is None

    @pytest.mark.parametrize(
        ("url", "base"),
        [
            ("http://a:2002/asr", "http://a:2002"),
            ("http://a:2002/asr/", "http://a:2002"),
            ("https://a/stt/api/v1/asr", "https://a/stt"),
            ("http://a/recognition", "http://a"),
            ("http://a/", "http://a"),
        ],
    )
    def test_the_address_of_a_route_is_one_of_its_server(self, url: str, base: str) -> None:
        assert base_of(url) == base


async def test_a_certificate_that_nobody_signed_is_refused_or_taken_by_setting() -> None:
    async with FunASRHttpStandIn().serve(tls=True) as server:
        with pytest.raises(EngineUnavailable, match="STT_VERIFY=false"):
            await funasr_http.probe(Options(url=server.url))
        for verify in ("false", str(server.certificate)):
            assert "answer after" in await funasr_http.probe(Options(url=server.url, verify=verify))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"STT_URL": "127.0.0.1:2002"}, "STT_URL"),
        ({"STT_DIALECT": "wraper"}, "STT_DIALECT"),
        ({"STT_VERIFY": "/no/such/file"}, "STT_VERIFY=/no/such/file is neither true"),
        ({"STT_SPEAKERS": "both"}, "STT_SPEAKERS"),
    ],
)
def test_wrong_settings_are_explained(wrong: dict[str, str], named: str) -> None:
    environ = {"STT_ENGINE": "funasr_http", "STT_URL": "http://127.0.0.1:2002"} | wrong
    with pytest.raises(ConfigError, match=re.escape(named)):
        check_engine("stt", load.load(environ=environ).stt[0])
