"""Engines that speak like a person's own recording, given to them at run time."""

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit.agents import APIConnectOptions, APIError, tts

from agent.audio.pcm import to_wav
from agent.costs.meter import Meter
from agent.remote.failover import LineUp, Member
from agent.settings.engines import load_engine
from agent.tts.cloning import VoiceSample, clones, like
from agent.tts.cosyvoice import engine as cosyvoice
from agent.tts.espeak.engine import EspeakSpeech
from agent.tts.espeak.options import Options as EspeakOptions
from agent.tts.f5_tts import engine as f5_tts
from agent.tts.failover import FailoverSpeech
from agent.tts.fish_speech import engine as fish_speech
from agent.tts.maskgct import engine as maskgct
from agent.tts.served.voice import ServedVoice
from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.pcm_server import CosyVoiceStandIn, FishSpeechStandIn
from tests.fakes.gradio_process import GradioProcess
from tests.fakes.metering import line_of, metered
from tests.protocol.tts.contract import audio

PATIENT = APIConnectOptions(max_retry=0, timeout=10.0)
SECONDS = 9
SAMPLES = SECONDS * 16000


def sample_of(text: str, level: float, *, language: str = "en") -> VoiceSample:
    wav = to_wav(np.full(SAMPLES, level, np.float32), rate_hz=16000)
    return VoiceSample(wav, text, language, float(SECONDS))


ANN = sample_of("I agree that the interpreter speaks with my voice.", 0.1)
BOB = sample_of("我同意口译用我的声音说话。", 0.2, language="zh")


@pytest.fixture
async def fish() -> AsyncIterator[FishSpeechStandIn]:
    async with FishSpeechStandIn().serve() as running:
        yield running


@pytest.fixture
async def cosy() -> AsyncIterator[CosyVoiceStandIn]:
    async with CosyVoiceStandIn().serve() as running:
        yield running


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    """A voices file: engines have a usual voice, too."""
    (tmp_path / "carl.wav").write_bytes(to_wav(np.full(64000, 0.3, np.float32), rate_hz=16000))
    file = tmp_path / "voices.toml"
    file.write_text('[carl]\naudio = "carl.wav"\ntext = "What Carl says."\n', encoding="utf-8")
    return file


async def built(make: Callable[[Any], Any], options: Any) -> ServedVoice:
    """Files are read for it."""
    engine: ServedVoice = await asyncio.to_thread(make, options)
    assert clones(engine)
    return engine


async def test_fish_speech_is_sent_the_recording_and_remembers_none(
    fish: FishSpeechStandIn, voices: Path
) -> None:
    options = fish_speech.Options(url=fish.url, voices=voices)
    engine = await built(fish_speech.build, options)
    for sample in (ANN, BOB):
        assert len((await audio(like(engine, sample, language="pt"), "um dois"))[0])
        sent = fish.requests[-1].body
        [reference] = sent["references"]
        assert base64.b64decode(reference["audio"]) == sample.wav
        assert reference["text"] == sample.text
        assert (sent["text"], sent["use_memory_cache"]) == ("um dois", "off")
        assert "reference_id" not in sent
    await audio(engine, "three")
    sent = fish.requests[-1].body
    assert (sent["references"][0]["text"], sent["use_memory_cache"]) == ("What Carl says.", "on")
    await engine.aclose()


@pytest.mark.parametrize(
    ("changed", "language", "path", "fields"),
    [
        ({}, "pt-BR", "cross_lingual", {}),
        ({}, "en-GB", "zero_shot", {"prompt_text": ANN.text}),
        ({"mode": "zero_shot"}, "pt", "zero_shot", {"prompt_text": ANN.text}),
        ({"mode": "cross_lingual"}, "en", "cross_lingual", {}),
        ({"instructions": "calm"}, "pt", "instruct2", {"instruct_text": "calm"}),
    ],
    ids=["another language", "its own", "zero-shot", "cross-lingual", "directed"],
)
async def test_cosyvoice_is_sent_the_recording_and_its_text_where_it_is_of_use(
    cosy: CosyVoiceStandIn,
    voices: Path,
    changed: dict[str, Any],
    language: str,
    path: str,
    fields: dict[str, str],
) -> None:
    options = cosyvoice.Options(**{"url": cosy.url, "voices": voices, **changed})
    engine = await built(cosyvoice.build, options)
    assert len((await audio(like(engine, ANN, language=language), "um dois"))[0])
    request = cosy.requests[-1]
    assert request.path == f"/inference_{path}"
    assert request.body == {"tts_text": "um dois", **fields}
    assert request.uploads == {"prompt_wav": ANN.wav}
    await engine.aclose()


async def test_cosyvoice_as_a_speaker_of_its_model_speaks_like_nobody_else(
    cosy: CosyVoiceStandIn,
) -> None:
    options = cosyvoice.Options(url=cosy.url, voice="英文男", mode="sft")
    engine = await asyncio.to_thread(cosyvoice.build, options)
    assert not clones(engine)
    free = await built(cosyvoice.build, cosyvoice.Options(url=cosy.url, voice="英文男"))
    await audio(like(free, ANN, language="pt"), "um")
    assert cosy.requests[-1].uploads == {"prompt_wav": ANN.wav}
    await engine.aclose()
    await free.aclose()


@pytest.mark.timeout(60)
@pytest.mark.filterwarnings("ignore:Setting per-request cookies:DeprecationWarning")
@pytest.mark.parametrize(
    ("module", "asked"),
    [(f5_tts, [ANN.text, "um dois", True, 0, 32, 1.2]), (maskgct, ["um dois", -1, 25])],
)
async def test_a_gradio_page_is_sent_the_recording_which_is_on_no_disk_meanwhile(
    gradio6: GradioProcess,
    voices: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    asked: list[Any],
) -> None:
    await asyncio.to_thread(gradio6.settle)
    own = tmp_path / "temporary"
    await asyncio.to_thread(own.mkdir)
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    engine = await built(module.build, module.Options(url=gradio6.open, voices=voices))
    await asyncio.to_thread(gradio6.script, hold=True)
    speaking = asyncio.create_task(
        audio(like(engine, ANN, language="pt", speed=1.2), "um dois", PATIENT)
    )
    while not (calls := await asyncio.to_thread(gradio6.calls)):
        await asyncio.sleep(0.02)
    names = [path for path in own.rglob("*") if not path.is_dir() or path.is_symlink()]
    assert [(path.name, path.is_symlink()) for path in names] == [("participant.wav", True)]
    assert str(names[0].readlink()).startswith("/proc/self/fd/")
    await asyncio.to_thread(gradio6.script)
    assert len((await speaking)[0])
    assert list(own.iterdir()) == []
    [call] = calls
    assert call["args"] == asked
    assert (call["samples"], call["rate_hz"]) == (SAMPLES, 16000)
    assert call["peak"] == pytest.approx(0.1, abs=0.001)
    await engine.aclose()


async def test_two_people_and_the_usual_voice_do_not_mix(fish: FishSpeechStandIn) -> None:
    engine = await built(fish_speech.build, fish_speech.Options(url=fish.url, voice="anna"))
    voices = [like(engine, ANN, language="pt"), like(engine, BOB, language="pt"), engine]
    async with asyncio.TaskGroup() as group:
        for voice in voices * 3:
            group.create_task(audio(voice, "um"))
    texts = [
        body["references"][0]["text"] if "references" in body else body["reference_id"]
        for body in (request.body for request in fish.requests)
    ]
    assert sorted(texts) == sorted([ANN.text, BOB.text, "anna"] * 3)
    await voices[0].aclose()
    with pytest.raises(APIError, match="was closed"):
        await audio(voices[0], "dois")
    await audio(voices[1], "dois")
    await engine.aclose()
    with pytest.raises(APIError, match="was closed"):
        await audio(voices[1], "dois")


async def test_what_counts_and_what_fails_over_passes_it_on(fish: FishSpeechStandIn) -> None:
    meter = Meter()
    engine = await built(fish_speech.build, fish_speech.Options(url=fish.url, voice="anna"))
    embedded = EspeakSpeech(EspeakOptions())
    counted = metered("tts", engine, meter)
    members = [Member("espeak", embedded, PATIENT), Member("fish", counted, PATIENT)]
    async with FailoverSpeech(LineUp(members)) as speech:
        assert clones(speech)
        own = like(speech, ANN, language="pt")
        assert len((await audio(own, "um dois"))[0])
        assert fish.requests[-1].body["references"][0]["text"] == ANN.text
        assert line_of(meter).used.characters == len("um dois")
        fish.how = Behaviour(status=500)
        with pytest.raises(APIError):
            await audio(own, "um")
        fish.how = Behaviour()
    assert not clones(metered("tts", embedded, Meter()))


@pytest.mark.parametrize(
    ("engine", "options"),
    [
        ("f5_tts", {"url": "tcp://127.0.0.1:9998"}),
        ("gpt_sovits", {}),
        ("openai", {"url": "http://127.0.0.1:9/v1"}),
        ("piper", {}),
        ("chattts", {}),
    ],
)
async def test_others_say_that_they_cannot(engine: str, options: dict[str, Any]) -> None:
    module = load_engine("tts", engine)
    make = partial(module.build, module.Options(**options))
    built: tts.TTS[Any] = await asyncio.to_thread(make)
    assert not clones(built)
    with pytest.raises(TypeError):
        like(built, ANN, language="pt")
    await built.aclose()
