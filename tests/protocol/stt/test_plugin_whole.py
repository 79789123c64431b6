"""Engine `plugin` with a plug-in that takes whole utterances: livekit-plugins-openai."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import livekit.plugins.openai  # noqa: F401 - plug-ins are imported on the main thread
import numpy as np
import numpy.typing as npt
import pytest
from livekit.agents import APIStatusError, metrics
from pydantic import SecretStr

from agent.errors import EngineUnavailable
from agent.stt.plugin import engine as plugin
from agent.stt.plugin.options import Options
from agent.stt.plugin.recogniser import PluginSpeechToText
from agent.stt.probing import probe_tone
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.protocol.stt.contract import PATIENT, SPOKEN, RemoteBench, RemoteContract


def options(url: str, **further: Any) -> Options:
    arguments = {"base_url": url, "api_key": "k", **further}
    return Options(plugin="openai.STT", plugin_options=arguments)


async def make(url: str, **further: Any) -> PluginSpeechToText:
    engine = await asyncio.to_thread(plugin.build, options(url, **further))
    assert isinstance(engine, PluginSpeechToText)
    return engine


async def close(engine: PluginSpeechToText) -> None:
    await engine.aclose()


class OpenAIPluginBench(RemoteBench):
    passing = ("429", "500", "503")
    permanent = ("400", "401", "404")

    def __init__(self, engine: PluginSpeechToText, server: OpenAIStandIn, proxy: CutProxy) -> None:
        self.engine, self.server, self.proxy = engine, server, proxy
        server.transcribe = lambda request: f" {SPOKEN}\n"

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


@pytest.fixture
async def bench(openai_server: OpenAIStandIn) -> AsyncIterator[OpenAIPluginBench]:
    async with cut_proxy(openai_server.url) as proxy:
        engine = await make(proxy.url)
        yield OpenAIPluginBench(engine, openai_server, proxy)
        await close(engine)


class TestOpenAIPlugin(RemoteContract):
    async def test_the_options_reach_the_service(self, bench: OpenAIPluginBench) -> None:
        engine = await make(bench.proxy.url, model="whisper-9", prompt="LiveKit")
        await engine.recognize(probe_tone(), language="pt-BR", conn_options=PATIENT)
        await close(engine)
        body = bench.server.requests[-1].body
        assert body["model"] == "whisper-9"
        assert body["prompt"] == "LiveKit"
        assert body["language"] == "pt"

    async def test_a_language_of_the_stage_is_for_a_plugin_that_takes_one(
        self, bench: OpenAIPluginBench
    ) -> None:
        chosen = options(bench.proxy.url).model_copy(update={"language": "de"})
        engine = await asyncio.to_thread(plugin.build, chosen)
        assert isinstance(engine, PluginSpeechToText)
        await engine.recognize(probe_tone(), conn_options=PATIENT)
        await close(engine)
        assert bench.server.requests[-1].body["language"] == "de"

    async def test_what_the_service_says_is_told_by_the_check_alone(
        self, bench: OpenAIPluginBench
    ) -> None:
        bench.fail("400")
        error, _ = await bench.fault()
        assert isinstance(error, APIStatusError)
        assert error.status_code == 400
        assert "stand-in fault" not in f"{error} {error!r}"
        with pytest.raises(EngineUnavailable, match=r"stand-in fault 400.*STT_PLUGIN_OPTIONS"):
            await plugin.probe(options(bench.proxy.url))

    async def test_what_it_costs_is_told_once(self, bench: OpenAIPluginBench) -> None:
        told: list[metrics.STTMetrics] = []
        bench.engine.on("metrics_collected", told.append)
        await bench.recognise()
        assert [round(one.audio_duration, 2) for one in told] == [0.5]

    async def test_the_probe_tells_model_service_plugin_and_time(
        self, bench: OpenAIPluginBench
    ) -> None:
        said = await plugin.probe(options(bench.proxy.url, model="whisper-9"))
        host = bench.proxy.url.split("/")[2]
        assert re.fullmatch(rf"whisper-9 of {host} \(openai.STT\): answer after \d\.\d\d s", said)
        assert bench.requests() == 1

    async def test_the_probe_explains_a_refused_key_and_does_not_tell_it(
        self, bench: OpenAIPluginBench
    ) -> None:
        bench.server.api_key = "right"
        wrong = options(bench.proxy.url, api_key=SecretStr("wr0ng"))
        with pytest.raises(EngineUnavailable, match=r"401.*OPENAI_API_KEY") as caught:
            await plugin.probe(wrong)
        assert "wr0ng" not in str(caught.value)
        bench.server.api_key = "wr0ng"
        assert "answer after" in await plugin.probe(wrong)

    async def test_the_probe_says_that_no_service_is_there(self, bench: OpenAIPluginBench) -> None:
        await bench.proxy.die()
        with pytest.raises(EngineUnavailable, match=r"cannot use its service.*is it running"):
            await plugin.probe(options(bench.proxy.url))
