"""Engine `cosyvoice` against a local server that speaks its wire."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit.agents import APIConnectionError

from agent.audio.pcm import to_wav
from agent.errors import ConfigError, EngineUnavailable
from agent.tts.cosyvoice.engine import build as build_blocking
from agent.tts.cosyvoice.engine import probe
from agent.tts.cosyvoice.options import Options
from agent.tts.other_voice import with_voice
from agent.tts.served.voice import ServedVoice
from rejoinder.stand_ins.pcm_server import CosyVoiceStandIn
from tests.protocol.tts.contract import audio
from tests.protocol.tts.served_contract import ServedContract, ServedRig, WireContract, bare

ANNA, BERT = (
    to_wav(np.full(16000 * seconds, 0.1, np.float32), rate_hz=16000) for seconds in (4, 5)
)
VOICES = """\
[anna]
audio = "anna.wav"
text = "What Anna says."

[bert]
audio = "bert.wav"
"""


@pytest.fixture
async def server() -> AsyncIterator[CosyVoiceStandIn]:
    async with CosyVoiceStandIn().serve() as running:
        yield running


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    (tmp_path / "anna.wav").write_bytes(ANNA)
    (tmp_path / "bert.wav").write_bytes(BERT)
    file = tmp_path / "voices.toml"
    file.write_text(VOICES, encoding="utf-8")
    return file


@pytest.fixture
def options(server: CosyVoiceStandIn, voices: Path) -> Callable[..., Options]:
    def make(**changed: Any) -> Options:
        return Options(**{"url": server.url, "voices": voices, **changed})

    return make


async def build(options: Options) -> ServedVoice:
    """Files are read for it."""
    return await asyncio.to_thread(build_blocking, options)


class Bench(ServedRig):
    voices = ("中文女", "英文男")
    has_speed = False


@pytest.fixture
async def rig(server: CosyVoiceStandIn) -> AsyncIterator[ServedRig]:
    rig = Bench(server, await build(Options(url=server.url, voice="中文女")))
    yield rig
    await rig.engine.aclose()


class TestContract(ServedContract):
    pass


class TestContractWithRecordings(WireContract):
    @pytest.fixture
    async def rig(
        self, server: CosyVoiceStandIn, options: Callable[..., Options]
    ) -> AsyncIterator[ServedRig]:
        rig = Bench(server, await build(options()))
        rig.voices = ("anna", "bert")
        yield rig
        await rig.engine.aclose()


@pytest.mark.parametrize(
    ("changed", "path", "fields", "upload"),
    [
        ({"voices": None, "voice": "英文男"}, "sft", {"spk_id": "英文男"}, None),
        ({"voice": "中文女"}, "sft", {"spk_id": "中文女"}, None),
        ({}, "zero_shot", {"prompt_text": "What Anna says."}, ANNA),
        ({"voice": "bert"}, "cross_lingual", {}, BERT),
        ({"mode": "cross_lingual"}, "cross_lingual", {}, ANNA),
        ({"instructions": "calm"}, "instruct2", {"instruct_text": "calm"}, ANNA),
        (
            {"instructions": "calm", "voice": "中文女"},
            "instruct",
            {"instruct_text": "calm", "spk_id": "中文女"},
            None,
        ),
    ],
)
async def test_what_is_set_tells_what_is_asked_for(
    server: CosyVoiceStandIn,
    options: Callable[..., Options],
    changed: dict[str, Any],
    path: str,
    fields: dict[str, str],
    upload: bytes | None,
) -> None:
    rig = ServedRig(server, await build(options(**changed)))
    assert bare(await rig.words("one two")) == ["one", "two"]
    request = server.requests[-1]
    assert request.path == f"/inference_{path}"
    assert request.body == {"tts_text": "one two", **fields}
    assert request.uploads == ({} if upload is None else {"prompt_wav": upload})
    await rig.engine.aclose()


async def test_the_first_model_has_a_rate_of_its_own(server: CosyVoiceStandIn) -> None:
    server.rate_hz = 22050
    own = Options(url=server.url, voice="中文女", sample_rate_hz=22050)
    rig = ServedRig(server, await build(own))
    assert await rig.words("one two") == ["中文女:one", "中文女:two"]
    await rig.engine.aclose()


async def test_a_speaker_that_the_model_lacks_breaks_the_answer_off(rig: ServedRig) -> None:
    with pytest.raises(APIConnectionError, match="broke off"):
        await audio(with_voice(rig.engine, "nobody"), "one two")
    with pytest.raises(EngineUnavailable, match="its model is one for TTS_MODE"):
        await probe(Options(url=rig.server.url, voice="nobody"))


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"voices": None}, "TTS_VOICE is not set"),
        ({"mode": "sft", "voices": None}, "TTS_VOICE is not set"),
        ({"mode": "zero_shot", "voices": None, "voice": "x"}, "needs TTS_VOICES"),
        ({"mode": "zero_shot", "voice": "bert"}, r"voices.toml:6: \[bert\] lacks text"),
        ({"mode": "instruct"}, "needs TTS_INSTRUCTIONS"),
    ],
)
async def test_a_mode_that_lacks_something_is_a_wrong_setting(
    options: Callable[..., Options], changed: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        await probe(options(**changed))


async def test_recordings_must_be_there_and_not_too_long(
    options: Callable[..., Options], voices: Path
) -> None:
    long = to_wav(np.zeros(16000 * 31, np.float32), rate_hz=16000)
    _write(voices.parent / "bert.wav", long)
    with pytest.raises(ConfigError, match=r"voices.toml:6: .*bert.wav is 31.0 s long"):
        await probe(options())
    _write(voices.parent / "bert.wav", None)
    with pytest.raises(ConfigError, match=r"voices.toml:6: .*bert.wav cannot be read: No such"):
        await probe(options())


def _write(file: Path, data: bytes | None) -> None:
    file.unlink() if data is None else file.write_bytes(data)


async def test_the_probe_tells_what_a_server_is_not(
    server: CosyVoiceStandIn, options: Callable[..., Options]
) -> None:
    assert "/inference_zero_shot at 127.0.0.1:" in await probe(options())
    server.modes = ("sft",)
    with pytest.raises(EngineUnavailable, match="has no /inference_zero_shot"):
        await probe(options())
    with pytest.raises(EngineUnavailable, match="is CosyVoice's server.py running there"):
        await probe(options(url="http://127.0.0.1:9"))
