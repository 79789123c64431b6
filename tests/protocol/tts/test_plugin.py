"""Engine `plugin` with a voice's plug-in: livekit-plugins-openai; and one that streams."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import livekit.plugins.openai  # noqa: F401 - plug-ins are imported on the main thread
import numpy as np
import pytest
from livekit.agents import APIConnectOptions, APIStatusError, metrics, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from pydantic import SecretStr

from agent.errors import EngineUnavailable
from agent.remote.openai_errors import BrokenOff
from agent.tts.plugin import engine as plugin
from agent.tts.plugin.options import Options
from agent.tts.plugin.voice import PluginSpeech
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.waiting import until
from tests.protocol.tts.contract import (
    AGAIN,
    ONCE,
    STALL_S,
    WORDS,
    Rig,
    SpeechContract,
    audio,
)


def options(url: str, **further: Any) -> Options:
    arguments = {"base_url": url, "api_key": "k", "voice": "alloy", "response_format": "pcm"}
    return Options(plugin="openai.TTS", plugin_options={**arguments, **further}, stall_s=STALL_S)


async def make(url: str, **further: Any) -> PluginSpeech:
    engine = await asyncio.to_thread(plugin.build, options(url, **further))
    assert isinstance(engine, PluginSpeech)
    return engine


class PluginRig(Rig):
    long_text = " ".join([WORDS] * 20)
    voices = ("alloy", "nova")

    def __init__(self, engine: PluginSpeech, server: OpenAIStandIn) -> None:
        self.engine, self.server = engine, server
        server.tts.between_s = 0.001

    def hurry(self) -> None:
        self.server.tts.between_s = 0

    async def be_slow(self) -> None:
        self.server.tts.first_byte_s = 3600

    async def freeze(self, *, first: bool) -> None:
        self.server.tts.stall_after = 4

    async def die(self, *, first: bool) -> None:
        self.server.tts.cut_after = 4
        self.server.tts.between_s = 0.02

    async def recover(self) -> None:
        self.server.tts.first_byte_s = 0
        self.server.tts.stall_after = self.server.tts.cut_after = None

    def slower_is_longer(self, slow: np.ndarray, normal: np.ndarray) -> None:
        assert [request.body["speed"] for request in self.server.of("tts")] == [0.5, 1.0]

    async def saw_the_cancel(self) -> None:
        record = self.server.of("tts")[-1]
        await until(lambda: record.outcome == "cancelled", "the server sees the cancel")
        assert record.chunks < len(self.long_text.split()) * tones.WORD_S / 0.05


@pytest.fixture
async def rig(openai_server: OpenAIStandIn) -> AsyncIterator[PluginRig]:
    rig = PluginRig(await make(openai_server.url), openai_server)
    yield rig
    await rig.engine.aclose()


class TestContract(SpeechContract):
    pass


async def words(rig: PluginRig, text: str, conn: APIConnectOptions = ONCE) -> list[str]:
    samples, rate_hz = await audio(rig.engine, text, conn)
    return [word for word, _, _ in rig.server.heard_words(samples, rate_hz=rate_hz)]


async def test_every_word_is_heard_in_order(rig: PluginRig) -> None:
    assert await words(rig, WORDS) == WORDS.split()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_refusal_is_tried_again(rig: PluginRig, status: int) -> None:
    rig.server.tts.status, rig.server.tts.failures = status, 1
    assert await words(rig, "one two", AGAIN) == ["one", "two"]


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_a_lasting_refusal_is_not_tried_again(rig: PluginRig, status: int) -> None:
    rig.server.tts.status = status
    with pytest.raises(APIStatusError) as caught:
        await audio(rig.engine, "one two", AGAIN)
    assert caught.value.status_code == status
    assert not caught.value.retryable
    assert "stand-in fault" not in f"{caught.value} {caught.value!r}"
    assert len(rig.server.of("tts")) == 1


async def test_what_it_costs_is_told_once(rig: PluginRig) -> None:
    told: list[metrics.TTSMetrics] = []
    rig.engine.on("metrics_collected", told.append)
    await audio(rig.engine, "one two")
    assert [one.characters_count for one in told] == [len("one two")]


async def test_what_the_plugin_has_no_argument_for_is_left_as_it_is() -> None:
    chosen = Options(plugin=f"{__name__}.Streaming")
    bare = await asyncio.to_thread(plugin.build, chosen)
    assert isinstance(bare, PluginSpeech)
    assert bare.with_voice("nova", speed=2.0) is bare
    await bare.aclose()


async def test_the_probe_names_model_service_plugin_rate_and_time(
    openai_server: OpenAIStandIn,
) -> None:
    said = await plugin.probe(options(openai_server.url, model="tts-9"))
    assert said.startswith("tts-9 of 127.0.0.1:")
    assert "(openai.TTS): first audio after " in said
    assert said.endswith("24000 Hz")
    assert openai_server.of("tts")[0].body["input"] == "Hi."


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        ({"status": 404}, "look at the model"),
        ({"status": 429}, "quota"),
        ({"status": 500}, "log"),
        ({"first_byte_s": 3600}, "no answer in time"),
    ],
)
async def test_the_probe_says_what_to_do(
    openai_server: OpenAIStandIn,
    fault: dict[str, int],
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plugin, "PROBE_TIMEOUT_S", 0.3)
    for name, value in fault.items():
        setattr(openai_server.tts, name, value)
    with pytest.raises(EngineUnavailable, match=remedy):
        await plugin.probe(options(openai_server.url))


async def test_a_wrong_key_is_explained_and_not_told(openai_server: OpenAIStandIn) -> None:
    openai_server.api_key = "right"
    with pytest.raises(EngineUnavailable, match="OPENAI_API_KEY") as caught:
        await plugin.probe(options(openai_server.url, api_key=SecretStr("wr0ng")))
    assert "wr0ng" not in str(caught.value)


class Streaming(tts.TTS):
    """A plug-in's voice that streams: stereo, 0.1 s of a sound for each word."""

    def __init__(self, *, dies_after: int | None = None) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True), sample_rate=16000, num_channels=2
        )
        self.dies_after = dies_after

    def synthesize(self, text: str, **_: Any) -> tts.ChunkedStream:
        raise NotImplementedError("it streams")

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        return _Stream(tts=self, conn_options=conn_options)


class _Stream(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        engine = self._tts
        assert isinstance(engine, Streaming)
        output_emitter.initialize(
            request_id="r", sample_rate=16000, num_channels=2, mime_type="audio/pcm", stream=True
        )
        output_emitter.start_segment(segment_id="s")
        said = 0
        async for item in self._input_ch:
            for _word in item.split() if isinstance(item, str) else ():
                output_emitter.push(b"\x00\x20\x00\x20" * 1600)
                output_emitter.flush()
                await asyncio.sleep(0.01)
                said += 1
                if said == engine.dies_after:
                    raise ConnectionResetError("the socket of the service that says: one two")
        output_emitter.end_segment()


async def test_a_voice_that_streams_speaks_each_piece_through_its_stream() -> None:
    engine = await asyncio.to_thread(plugin.build, Options(plugin=f"{__name__}.Streaming"))
    samples, rate_hz = await audio(engine, "one two three")
    assert rate_hz == 16000
    assert len(samples) / rate_hz == pytest.approx(0.3, abs=0.05)
    assert not engine.capabilities.streaming
    await engine.aclose()


async def test_an_error_of_the_library_below_is_one_that_a_call_understands() -> None:
    made = Options(plugin=f"{__name__}.Streaming", plugin_options={"dies_after": 2})
    engine = await asyncio.to_thread(plugin.build, made)
    with pytest.raises(BrokenOff) as caught:
        await audio(engine, "one two three", AGAIN)
    assert "one two" not in f"{caught.value} {caught.value!r}"
    await engine.aclose()
