"""Engine `plugin` with a plug-in that streams: livekit-plugins-deepgram, and its turns."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import livekit.plugins.deepgram  # noqa: F401 - plug-ins are imported on the main thread
import numpy as np
import numpy.typing as npt
import pytest
from livekit.agents import APIError, metrics, stt
from pydantic import SecretStr

from agent.audio import pcm
from agent.call.line_ups import build_recogniser, check_recognisers
from agent.errors import EngineUnavailable
from agent.settings import load as settings
from agent.stt.plugin import engine as plugin
from agent.stt.plugin.options import Options
from agent.stt.plugin.recogniser import PluginSpeechToText
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.deepgram_server import DeepgramStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.protocol.stt.streaming_contract import (
    StreamingBench,
    StreamingContract,
    Talking,
    talking,
)
from tests.protocol.stt.test_funasr import VOCABULARY, Caller

ENDPOINTING_MS = 300
"""Longer than the gaps between tones."""


def options(url: str, **further: Any) -> Options:
    arguments = {"base_url": url, "api_key": "k", "endpointing_ms": ENDPOINTING_MS, **further}
    return Options(plugin="deepgram.STT", plugin_options=arguments)


class DeepgramBench(StreamingBench):
    words = ("tell", "me", "more")
    engine: PluginSpeechToText

    def __init__(self, server: DeepgramStandIn, proxy: CutProxy) -> None:
        self.server, self.proxy = server, proxy
        server.hear = tones.timed_words(VOCABULARY)
        server.delay_s = 0.03
        self._finished = 0

    async def make(self, **further: Any) -> PluginSpeechToText:
        engine = await asyncio.to_thread(plugin.build, options(self.proxy.url, **further))
        assert isinstance(engine, PluginSpeechToText)
        return engine

    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        return np.asarray(pcm.from_s16le(tones.speak([0, 1, 2], rate_hz=rate_hz)), np.float32)

    def slow_down(self) -> None:
        self.server.delay_s = 0.5

    def refuse(self, status: int = 403) -> None:
        self.server.status = status

    def malform(self) -> None:
        self.server.malformed = True

    def babble(self) -> None:
        self.server.babbles = "what?"

    def open_sessions(self) -> int:
        return sum(session.outcome == "open" for session in self.server.sessions)

    async def finish(self, talk: Talking) -> None:
        """Its stream ends up to 5 s after its connection, when its next KeepAlive has failed."""
        self._finished += 1
        talk.stream.end_input()
        await self.until(
            lambda: (
                talk.over.is_set()
                or len(self.server.sessions) - self.open_sessions() >= self._finished
            )
        )
        # What the server has said last may still be on its way through the plug-in.
        heard = -1
        while heard != len(talk.events):
            heard = len(talk.events)
            await asyncio.sleep(0.05)


@pytest.fixture
async def bench() -> AsyncIterator[DeepgramBench]:
    async with DeepgramStandIn().serve() as server, cut_proxy(server.url) as proxy:
        bench = DeepgramBench(server, proxy)
        bench.engine = await bench.make()
        yield bench
        await bench.engine.aclose()


class TestDeepgramPlugin(StreamingContract):
    async def test_a_message_that_is_no_result_is_a_fault_and_stays_one(
        self, bench: StreamingBench
    ) -> None:
        """Not of this plug-in: it writes a line into the log and goes on, without words.

        Who listens opens the stream anew after three voices without an answer.
        """
        bench.malform()
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await talk.is_silent(0.5)
            async with asyncio.timeout(3.0):
                await bench.finish(talk)
        assert talk.fault is None
        assert talk.words == ()

    @pytest.mark.parametrize("rate_hz", [16000, 24000])
    async def test_the_times_of_words_are_places_in_the_sound(
        self, bench: DeepgramBench, rate_hz: int
    ) -> None:
        await bench.engine.aclose()
        bench.engine = await bench.make(sample_rate=rate_hz)
        async with talking(bench) as talk:
            await talk.is_silent(0.5)
            await talk.speak(bench.speech(16000))
            await bench.finish(talk)
        assert bench.server.sessions[0].rate_hz == rate_hz
        last = [e for e in talk.events if e.type is stt.SpeechEventType.FINAL_TRANSCRIPT][-1]
        [*_, word] = last.alternatives[0].words or []
        assert word.end_time == pytest.approx(0.5 + 2 * tones.WORD_S + tones.TONE_S, abs=0.08)

    async def test_the_language_is_sent(self, bench: DeepgramBench) -> None:
        await bench.engine.aclose()
        asked = options(bench.proxy.url).model_copy(update={"language": "pt-BR"})
        engine = await asyncio.to_thread(plugin.build, asked)
        assert isinstance(engine, PluginSpeechToText)
        bench.engine = engine
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await bench.finish(talk)
        assert bench.server.sessions[0].query["language"] == "pt-BR"

    async def test_whole_utterances_are_taken_too(self, bench: DeepgramBench) -> None:
        assert bench.engine.capabilities.offline_recognize
        frame = pcm.to_frame(bench.speech(16000), rate_hz=16000)
        event = await bench.engine.recognize(frame)
        assert event.alternatives[0].text == "tell me more."
        bench.server.whole.status = 401
        # The plug-in does not look at the status, and misses the words in the refusal.
        with pytest.raises(APIError) as caught:
            await bench.engine.recognize(frame)
        assert not caught.value.retryable

    async def test_logins_of_this_machine_are_not_sent_beside_the_key(
        self, bench: DeepgramBench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        logins = tmp_path / "netrc"
        logins.write_text("default login me password swordfish\n")
        logins.chmod(0o600)
        monkeypatch.setenv("NETRC", str(logins))
        bench.server.api_key = "k"
        frame = pcm.to_frame(bench.speech(16000), rate_hz=16000)
        assert (await bench.engine.recognize(frame)).alternatives[0].text == "tell me more."

    async def test_the_proxy_of_the_environment_is_used(
        self, bench: DeepgramBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", bench.proxy.url.removesuffix("/v1/listen"))
        far = "http://deepgram.example/v1/listen"
        engine = await bench.make(base_url=far)
        frame = pcm.to_frame(bench.speech(16000), rate_hz=16000)
        async with engine:
            assert (await engine.recognize(frame)).alternatives[0].text == "tell me more."

    async def test_what_it_costs_is_told_once(self, bench: DeepgramBench) -> None:
        told: list[metrics.STTMetrics] = []
        bench.engine.on("metrics_collected", told.append)
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await bench.finish(talk)
        billed_s = sum(one.audio_duration for one in told)
        # It may also count what Deepgram bills beside the sound: how long the connection is open.
        sent_s = bench.server.sessions[0].audio_s
        assert sent_s - 0.05 <= billed_s < 2 * sent_s

    async def test_the_probe_says_that_it_streams(self, bench: DeepgramBench) -> None:
        said = await plugin.probe(options(bench.proxy.url, model="nova-3"))
        expected = (
            r"nova-3 of \w+ \(deepgram.STT\): streams; heard a tone and ended its stream after "
            r"\d\.\d\d s"
        )
        assert re.fullmatch(expected, said)
        assert bench.server.sessions[0].query["model"] == "nova-3"
        await bench.until(lambda: bench.open_sessions() == 0)

    async def test_the_probe_explains_a_refused_key_and_does_not_tell_it(
        self, bench: DeepgramBench
    ) -> None:
        bench.server.api_key = "right"
        wrong = options(bench.proxy.url, api_key=SecretStr("wr0ng"))
        with pytest.raises(EngineUnavailable, match=r"401.*DEEPGRAM_API_KEY") as caught:
            await plugin.probe(wrong)
        assert "wr0ng" not in str(caught.value)

    async def test_the_probe_says_that_no_service_is_there(self, bench: DeepgramBench) -> None:
        await bench.proxy.die()
        with pytest.raises(EngineUnavailable, match=r"cannot use its service.*is it running"):
            await plugin.probe(options(bench.proxy.url))


def test_without_a_key_it_says_where_the_plugin_looks_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
    bare = Options(plugin="deepgram.STT")
    with pytest.raises(EngineUnavailable, match=r"cannot be made: .*DEEPGRAM_API_KEY"):
        plugin.check(bare)
    monkeypatch.setenv("DEEPGRAM_API_KEY", "k")
    plugin.check(bare)


@pytest.mark.parametrize("dies", [False, True])
async def test_a_turn_over_the_real_wire(bench: DeepgramBench, dies: bool) -> None:
    caller: Any = Caller(bench)  # type: ignore[arg-type]
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
    assert [line.lower() for line in finals] == ["final_transcript: please tell me more. (en-us)"]
    assert caller.rest.failures == []
    assert len(bench.server.sessions) == 1 + dies
    await bench.until(lambda: bench.open_sessions() == 0)


async def test_in_a_list_the_next_engine_hears_what_the_plugin_did_not(
    bench: DeepgramBench, openai_server: OpenAIStandIn
) -> None:
    openai_server.transcribe = lambda request: "Please tell me more."
    environ = {
        "STT_ENGINE": "plugin:dg,openai:near",
        "STT_DG_PLUGIN": "deepgram.STT",
        "STT_DG_PLUGIN_OPTIONS": f'{{"base_url": "{bench.proxy.url}", "api_key": "${{DG}}"}}',
        "DG": "k",
        "STT_NEAR_URL": openai_server.url,
    }
    chosen = (await asyncio.to_thread(settings.load, environ=environ)).stt
    await asyncio.to_thread(check_recognisers, chosen)
    engine = await asyncio.to_thread(build_recogniser, chosen)
    await bench.proxy.die()
    await bench.engine.aclose()
    bench.engine = engine  # type: ignore[assignment]
    caller: Any = Caller(bench)  # type: ignore[arg-type]
    running = asyncio.create_task(caller.listener.run())
    await asyncio.sleep(0.05)
    await caller.says(3, 0, 1, 2)
    await caller.is_silent_until_over()
    running.cancel()
    await asyncio.wait([running])
    finals = [line for line in caller.rest.told if line.startswith("final")]
    assert [line.lower().rstrip(" ().") for line in finals] == [
        "final_transcript: please tell me more"
    ]
    assert caller.rest.failures == []
