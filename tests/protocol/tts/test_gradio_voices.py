"""Engines `f5_tts` and `maskgct` against a real Gradio server with their endpoints."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError
from pydantic import SecretStr

from agent.audio.pcm import to_wav
from agent.errors import ConfigError, EngineUnavailable
from agent.tts.f5_tts import engine as f5_tts
from agent.tts.maskgct import engine as maskgct
from agent.tts.other_voice import with_voice
from agent.tts.served.voice import ServedVoice
from rejoinder.stand_ins import tones
from tests.fakes.gradio_process import GradioProcess
from tests.protocol.tts.contract import (
    AGAIN,
    WORDS,
    Rig,
    WholeSpeechContract,
    audio,
)

pytestmark = [
    # A Gradio server takes seconds to start, and the first test pays for it.
    pytest.mark.timeout(60),
    # gradio_client does it, with Gradio 4.5's protocol only.
    pytest.mark.filterwarnings("ignore:Setting per-request cookies:DeprecationWarning"),
]

VOICES = """\
[anna]
audio = "anna.wav"
text = "What Anna says."

[bert]
audio = "bert.wav"
"""
_PATIENT = APIConnectOptions(max_retry=0, timeout=10.0)


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    for name, level in (("anna", 0.1), ("bert", 0.2)):
        recording = to_wav(np.full(16000 * 4, level, np.float32), rate_hz=16000)
        (tmp_path / f"{name}.wav").write_bytes(recording)
    file = tmp_path / "voices.toml"
    file.write_text(VOICES, encoding="utf-8")
    return file


@pytest.fixture
def server(gradio6: GradioProcess) -> GradioProcess:
    gradio6.settle()
    return gradio6


class Bench(Rig):
    """Answers are whole: nothing happens in the middle of one."""

    voices = ("anna", "bert")
    long_text = " ".join([WORDS] * 20)
    has_speed = True

    def __init__(self, server: GradioProcess, engine: ServedVoice) -> None:
        self.server, self.engine = server, engine

    async def be_slow(self) -> None:
        await asyncio.to_thread(self.server.script, hold=True)

    async def freeze(self, *, first: bool) -> None:
        raise NotImplementedError

    async def die(self, *, first: bool) -> None:
        raise NotImplementedError

    async def recover(self) -> None:
        await asyncio.to_thread(self.server.script)

    async def saw_the_cancel(self) -> None:
        for _ in range(1500):
            if await asyncio.to_thread(self.server.calls, "cancelled"):
                return
            await asyncio.sleep(0.02)
        pytest.fail("the server did not see the cancel")

    async def saw_the_call(self, count: int = 1) -> None:
        for _ in range(1500):
            if len(await asyncio.to_thread(self.server.calls)) >= count:
                return
            await asyncio.sleep(0.02)
        pytest.fail("the server was not called")

    def slower_is_longer(self, slow: np.ndarray, normal: np.ndarray) -> None:
        if self.has_speed:
            super().slower_is_longer(slow, normal)
        else:
            assert self.same(slow, normal)


@pytest.fixture
def options(server: GradioProcess, voices: Path) -> Callable[..., Any]:
    def make(module: ModuleType, **changed: Any) -> Any:
        given = {"url": server.open, "voices": voices, **changed}
        return module.Options(**given)

    return make


async def build(module: ModuleType, options: Any) -> ServedVoice:
    """Files are read for it."""
    engine: ServedVoice = await asyncio.to_thread(module.build, options)
    return engine


class TestContractOfF5(WholeSpeechContract):
    @pytest.fixture
    async def rig(self, server: GradioProcess, options: Callable[..., Any]) -> AsyncIterator[Bench]:
        rig = Bench(server, await build(f5_tts, options(f5_tts)))
        yield rig
        await rig.recover()
        await rig.engine.aclose()

    async def test_closing_while_it_is_made_stops_the_server(self, rig: Bench) -> None:
        await rig.be_slow()
        stream = rig.engine.synthesize(WORDS, conn_options=_PATIENT)
        await rig.saw_the_call()
        await stream.aclose()
        await rig.saw_the_cancel()


class TestContractOfMaskGCT(WholeSpeechContract):
    @pytest.fixture
    async def rig(self, server: GradioProcess, options: Callable[..., Any]) -> AsyncIterator[Bench]:
        rig = Bench(server, await build(maskgct, options(maskgct)))
        rig.has_speed = False
        yield rig
        await rig.recover()
        await rig.engine.aclose()


@pytest.mark.parametrize(
    ("module", "asked"),
    [
        (f5_tts, ["What Anna says.", "one two", False, 7, 16, 1.5]),
        (maskgct, ["one two", -1, 16]),
    ],
)
async def test_the_endpoint_is_given_the_recording_and_what_was_set(
    server: GradioProcess, options: Callable[..., Any], module: ModuleType, asked: list[Any]
) -> None:
    more = {"seed": 7, "speed": 1.5} if module is f5_tts else {}
    engine = await build(module, options(module, steps=16, **more))
    samples, rate_hz = await audio(engine, "one two", _PATIENT)
    assert rate_hz == 24000
    assert len(tones.heard(samples, rate_hz=rate_hz)) == 2
    [call] = await asyncio.to_thread(server.calls)
    assert call["args"] == asked
    assert (call["samples"], call["file"]) == (64000, "anna.wav")
    await engine.aclose()


async def test_maskgct_speaks_and_is_given_up_with_gradio_4_too(
    gradio45: GradioProcess, voices: Path
) -> None:
    await asyncio.to_thread(gradio45.settle)
    engine = await build(maskgct, maskgct.Options(url=gradio45.open, voices=voices))
    rig = Bench(gradio45, engine)
    samples, rate_hz = await audio(engine, "one two", _PATIENT)
    assert len(tones.heard(samples, rate_hz=rate_hz)) == 2
    await rig.be_slow()
    stream = engine.synthesize("three", conn_options=_PATIENT)
    await rig.saw_the_call(2)
    await stream.aclose()
    await rig.recover()
    samples, rate_hz = await audio(engine, "four", _PATIENT)
    assert len(tones.heard(samples, rate_hz=rate_hz)) == 1
    await engine.aclose()


@pytest.mark.parametrize("module", [f5_tts, maskgct])
async def test_something_else_than_speech_is_not_played_nor_tried_again(
    server: GradioProcess, options: Callable[..., Any], module: ModuleType
) -> None:
    await asyncio.to_thread(server.script, malformed=True)
    engine = await build(module, options(module))
    with pytest.raises(APIConnectionError, match="not speech") as caught:
        await audio(engine, "one two", AGAIN)
    assert not caught.value.retryable
    assert len(await asyncio.to_thread(server.calls)) == 1
    await engine.aclose()


@pytest.mark.parametrize("module", [f5_tts, maskgct])
async def test_a_model_that_fails_is_told(
    server: GradioProcess, options: Callable[..., Any], module: ModuleType
) -> None:
    await asyncio.to_thread(server.script, error="CUDA out of memory", failures=1)
    engine = await build(module, options(module))
    with pytest.raises(APIStatusError) as caught:
        await audio(engine, "one", _PATIENT)
    assert (caught.value.status_code, caught.value.retryable) == (500, True)
    assert "CUDA" not in f"{caught.value} {caught.value!r}"
    assert len((await audio(engine, "one", _PATIENT))[0])
    await engine.aclose()
    await asyncio.to_thread(server.script, error="CUDA out of memory")
    with pytest.raises(EngineUnavailable, match="CUDA out of memory; see the server's log"):
        await module.probe(options(module))


@pytest.mark.parametrize("module", [f5_tts, maskgct])
async def test_voices_are_those_of_the_file(
    options: Callable[..., Any], voices: Path, module: ModuleType
) -> None:
    with pytest.raises(ConfigError, match="TTS_VOICE=carl is not in .*, which has anna, bert"):
        await module.probe(options(module, voice="carl"))
    engine = await build(module, options(module))
    with pytest.raises(APIStatusError) as caught:
        await audio(with_voice(engine, "carl"), "one", AGAIN)
    assert (caught.value.status_code, caught.value.retryable) == (422, False)
    await engine.aclose()


async def test_a_recording_that_f5_would_cut_is_named(
    options: Callable[..., Any], voices: Path
) -> None:
    await asyncio.to_thread(_lengthen, voices.parent / "anna.wav")
    with pytest.raises(ConfigError, match=r"voices.toml:2: .*anna.wav is 13.0 s long; F5-TTS cuts"):
        await f5_tts.probe(options(f5_tts))
    with pytest.raises(ConfigError, match="TTS_VOICES is not set"):
        await f5_tts.probe(options(f5_tts, voices=None))


def _lengthen(file: Path) -> None:
    file.write_bytes(to_wav(np.zeros(16000 * 13, np.float32), rate_hz=16000))


@pytest.mark.parametrize("module", [f5_tts, maskgct])
async def test_a_server_with_a_login(
    server: GradioProcess, options: Callable[..., Any], module: ModuleType
) -> None:
    with pytest.raises(EngineUnavailable, match="TTS_USERNAME"):
        await module.probe(options(module, url=server.locked))
    login = {"username": "user", "password": SecretStr("secret")}
    assert "at 127.0.0.1:" in await module.probe(options(module, url=server.locked, **login))


@pytest.mark.parametrize("module", [f5_tts, maskgct])
async def test_a_server_that_is_not_there(options: Callable[..., Any], module: ModuleType) -> None:
    with pytest.raises(EngineUnavailable, match="running there"):
        await module.probe(options(module, url="http://127.0.0.1:9"))
