"""Engine `fish_speech` against a local server that speaks its wire."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from livekit.agents import APIStatusError
from pydantic import SecretStr

from agent.audio.pcm import to_wav
from agent.errors import EngineUnavailable
from agent.tts.fish_speech.engine import build as build_blocking
from agent.tts.fish_speech.engine import probe
from agent.tts.fish_speech.options import Options
from agent.tts.other_voice import with_voice
from agent.tts.served.voice import ServedVoice
from rejoinder.stand_ins.pcm_server import FishSpeechStandIn
from tests.protocol.tts.contract import AGAIN, audio
from tests.protocol.tts.served_contract import ServedContract, ServedRig, bare

RECORDING = to_wav(np.full(16000, 0.1, np.float32), rate_hz=16000)


@pytest.fixture
async def server() -> AsyncIterator[FishSpeechStandIn]:
    async with FishSpeechStandIn().serve() as running:
        yield running


async def build(options: Options) -> ServedVoice:
    """Files are read for it."""
    return await asyncio.to_thread(build_blocking, options)


class Bench(ServedRig):
    voices = ("anna", "bert")
    has_speed = False


@pytest.fixture
async def rig(server: FishSpeechStandIn) -> AsyncIterator[ServedRig]:
    rig = Bench(server, await build(Options(url=server.url, voice="anna")))
    yield rig
    await rig.engine.aclose()


class TestContract(ServedContract):
    pass


async def test_a_saved_voice_is_asked_for_by_its_name(rig: ServedRig) -> None:
    assert await rig.words("one") == ["anna:one"]
    assert rig.sent == {
        "text": "one",
        "format": "wav",
        "streaming": True,
        "chunk_length": 200,
        "normalize": True,
        "temperature": 0.8,
        "top_p": 0.8,
        "repetition_penalty": 1.1,
        "reference_id": "anna",
    }


async def test_a_recording_is_sent_with_each_text(
    server: FishSpeechStandIn, tmp_path: Path
) -> None:
    file = tmp_path / "voices.toml"
    _write(file, b'[carl]\naudio = "carl.wav"\ntext = "What Carl says."\n')
    _write(tmp_path / "carl.wav", RECORDING)
    rig = ServedRig(server, await build(Options(url=server.url, voices=file, seed=7)))
    assert bare(await rig.words("one")) == ["one"]
    [reference] = rig.sent["references"]
    assert base64.b64decode(reference["audio"]) == RECORDING
    assert reference["text"] == "What Carl says."
    assert (rig.sent["use_memory_cache"], rig.sent["seed"]) == ("on", 7)
    assert "reference_id" not in rig.sent
    assert await audio(with_voice(rig.engine, "bert"), "one")
    assert rig.sent["reference_id"] == "bert"
    assert "references" not in rig.sent
    await rig.engine.aclose()


def _write(file: Path, data: bytes) -> None:
    file.write_bytes(data)


@pytest.mark.parametrize(("streaming", "header"), [(True, False), (True, True), (False, True)])
async def test_its_answers_are_heard_with_and_without_a_header(
    server: FishSpeechStandIn, streaming: bool, header: bool
) -> None:
    server.sends_header = header
    rig = ServedRig(server, await build(Options(url=server.url, streaming=streaming)))
    assert await rig.words("one two") == ["one", "two"]
    await rig.engine.aclose()


async def test_its_key_and_its_reasons(server: FishSpeechStandIn) -> None:
    server.api_key = "right"
    assert "Fish-Speech" in await probe(Options(url=server.url, api_key=SecretStr("right")))
    with pytest.raises(EngineUnavailable, match="set TTS_API_KEY") as caught:
        await probe(Options(url=server.url, api_key=SecretStr("wrong")))
    assert "wrong" not in str(caught.value)
    server.api_key = None
    with pytest.raises(EngineUnavailable, match="Reference nobody not found; is nobody saved"):
        await probe(Options(url=server.url, voice="nobody"))
    with pytest.raises(EngineUnavailable, match=r"is tools/api_server.py"):
        await probe(Options(url="http://127.0.0.1:9"))


async def test_a_voice_that_is_not_saved_is_a_refusal(rig: ServedRig) -> None:
    with pytest.raises(APIStatusError) as caught:
        await audio(with_voice(rig.engine, "nobody"), "one", AGAIN)
    assert caught.value.status_code == 500
