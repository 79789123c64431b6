import re
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, APIStatusError
from pydantic import SecretStr, ValidationError

from agent.audio import pcm
from agent.errors import EngineUnavailable
from agent.stt.openai import engine as openai
from rejoinder.stand_ins.openai_server import OpenAIStandIn, Request
from tests.conftest import at_work
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.protocol.stt.contract import PATIENT, SPOKEN, RemoteBench, RemoteContract


class OpenAIBench(RemoteBench):
    passing = ("429", "500", "503")
    permanent = ("400", "401", "404")

    engine: openai.OpenAISpeechToText

    def __init__(self, server: OpenAIStandIn, proxy: CutProxy) -> None:
        self.server = server
        self.proxy = proxy
        self.engine = self.build()
        server.transcribe = lambda request: f" {SPOKEN}\n"

    def build(self, **options: Any) -> openai.OpenAISpeechToText:
        return openai.OpenAISpeechToText(openai.Options(url=self.proxy.url, **options))

    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        t = np.arange(rate_hz // 2) / rate_hz
        return (0.3 * np.sin(2 * np.pi * 300 * t)).astype(np.float32)

    def hear_nothing(self) -> None:
        self.server.transcribe = lambda request: " "

    def slow_down(self) -> None:
        self.server.stt.first_byte_s = 2.0

    def hurry(self) -> None:
        self.server.stt.first_byte_s = 0.0

    def fail(self, fault: str, times: int | None = None) -> None:
        self.server.stt.status = int(fault)
        self.server.stt.failures = times

    def malform(self) -> None:
        self.server.stt.malformed = True

    def requests(self) -> int:
        return len(self.server.requests)

    def uploads(self) -> list[tuple[int, int]]:
        return [
            (r.audio_rate_hz, len(r.audio)) for r in self.server.requests if r.audio is not None
        ]

    def outcome(self) -> str:
        return self.server.requests[-1].outcome

    def frame(self) -> rtc.AudioFrame:
        return pcm.to_frame(self.speech(16000), rate_hz=16000)

    def last(self) -> Request:
        return self.server.requests[-1]


@pytest.fixture
async def bench(openai_server: OpenAIStandIn) -> AsyncIterator[OpenAIBench]:
    async with cut_proxy(openai_server.url) as proxy:
        bench = OpenAIBench(openai_server, proxy)
        yield bench
        await bench.engine.aclose()


class TestOpenAI(RemoteContract):
    async def test_a_time_out_ends_the_work_on_the_server(self, bench: OpenAIBench) -> None:
        bench.slow_down()
        await bench.fault(APIConnectOptions(max_retry=0, timeout=0.3))
        await bench.until(lambda: bench.outcome() == "cancelled")

    async def test_utterances_share_a_connection(self, bench: OpenAIBench) -> None:
        for _ in range(3):
            await bench.recognise()
        assert bench.proxy.connections == 1

    async def test_the_warm_up_opens_the_connection_that_is_used(self, bench: OpenAIBench) -> None:
        bench.engine.prewarm()
        await bench.until(lambda: bench.proxy.connections == 1)
        await bench.until(lambda: not at_work("stt warm-up"))
        await bench.recognise()
        assert bench.proxy.connections == 1

    async def test_the_model_and_its_hints_are_sent(self, bench: OpenAIBench) -> None:
        engine = bench.build(model="m", language="cmn-Hans-CN", prompt="LiveKit", temperature=0.2)
        async with engine:
            event = await engine.recognize(bench.frame(), conn_options=PATIENT)
        assert bench.last().route == "stt"
        assert bench.last().body == {
            "model": "m",
            "language": "zh",
            "prompt": "LiveKit",
            "response_format": "json",
            "temperature": "0.2",
        }
        assert event.alternatives[0].language == "zh"

    async def test_nothing_is_said_about_a_language_to_be_detected(
        self, bench: OpenAIBench
    ) -> None:
        async with bench.build(language="auto") as engine:
            await engine.recognize(bench.frame(), conn_options=PATIENT)
        assert set(bench.last().body) == {"model", "response_format", "temperature"}

    async def test_a_language_given_with_the_call_goes_first(self, bench: OpenAIBench) -> None:
        async with bench.build(language="en") as engine:
            await engine.recognize(bench.frame(), language="pt-BR", conn_options=PATIENT)
        assert bench.last().body["language"] == "pt"

    async def test_a_translation_has_its_own_route_and_is_english(self, bench: OpenAIBench) -> None:
        async with bench.build(language="de", task="translate") as engine:
            event = await engine.recognize(bench.frame(), conn_options=PATIENT)
        assert bench.last().route == "translate"
        assert "language" not in bench.last().body
        assert event.alternatives[0].language == "en"

    async def test_the_key_is_sent(self, bench: OpenAIBench) -> None:
        bench.server.api_key = "right"
        async with bench.build(api_key=SecretStr("right")) as engine:
            await engine.recognize(bench.frame(), conn_options=PATIENT)

    async def test_what_the_server_says_is_told_by_the_check_alone(
        self, bench: OpenAIBench
    ) -> None:
        bench.fail("400")
        error, _ = await bench.fault()
        assert isinstance(error, APIStatusError)
        assert error.status_code == 400
        assert "stand-in fault" not in f"{error} {error!r}"
        with pytest.raises(EngineUnavailable, match="stand-in fault 400"):
            await openai.probe(openai.Options(url=bench.proxy.url))

    async def test_the_probe_tells_model_server_and_time(self, bench: OpenAIBench) -> None:
        said = await openai.probe(openai.Options(url=bench.proxy.url))
        host = bench.proxy.url.split("/")[2]
        assert re.fullmatch(rf"whisper-1 at {host}: answer after \d\.\d\d s", said)
        assert bench.requests() == 1

    async def test_the_probe_says_what_to_do_about_a_key(self, bench: OpenAIBench) -> None:
        bench.server.api_key = "right"
        with pytest.raises(EngineUnavailable, match="STT_API_KEY"):
            await openai.probe(openai.Options(url=bench.proxy.url))

    async def test_the_probe_says_what_to_do_about_an_address(self, bench: OpenAIBench) -> None:
        url = bench.proxy.url.removesuffix("/v1")
        with pytest.raises(EngineUnavailable, match="STT_URL to end in /v1"):
            await openai.probe(openai.Options(url=url))

    async def test_the_probe_says_that_no_server_is_there(self, bench: OpenAIBench) -> None:
        await bench.proxy.die()
        with pytest.raises(EngineUnavailable, match=f"{bench.proxy.url} .* running"):
            await openai.probe(openai.Options(url=bench.proxy.url))


@pytest.mark.parametrize(
    "wrong", [{"url": "localhost:8200"}, {"language": "english"}, {"task": "summarise"}]
)
def test_impossible_options_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        openai.Options.model_validate(wrong)
