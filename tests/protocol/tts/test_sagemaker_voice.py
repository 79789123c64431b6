"""Engine `sagemaker` of text to speech: real boto3 against a local SageMaker runtime and S3."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError
from pydantic import ValidationError

from agent.errors import ConfigError, EngineUnavailable
from agent.remote.openai_errors import reason_of
from agent.tts.sagemaker import engine as sagemaker
from agent.tts.sagemaker.options import Options
from agent.tts.served.voice import ServedVoice
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.aws_server import AwsBehaviour, AwsRequest, AwsStandIn
from testbed.waiting import until
from tests.protocol.tts.contract import (
    AGAIN,
    WORDS,
    SpeechContract,
    audio,
    audio_until_error,
)
from tests.protocol.tts.served_contract import ServedRig

VOICES = """\
[anna]
audio = "s3://voices/anna.wav"
text = "This is what I say."
language = "en"

[otto]
audio = "/opt/otto.wav"
text = "我是这样说的。"
language = "zh"
"""
STORE = "s3://speech/out/"


class SovitsRig(ServedRig):
    server: AwsStandIn
    voices = ("anna", "otto")

    def __init__(self, server: AwsStandIn, folder: Path) -> None:
        server.usual_voice = "s3://voices/anna.wav"
        self.file = folder / "voices.toml"
        self.file.write_text(VOICES)
        super().__init__(server, self.build())

    def build(self, **options: Any) -> ServedVoice:
        base = {"endpoint": "sovits", "voices": self.file}
        return sagemaker.build(Options.model_validate(base | options))

    @property
    def how(self) -> AwsBehaviour:
        return self.server.tts

    @property
    def requests(self) -> list[AwsRequest]:
        return self.server.of("tts")

    def slower_is_longer(self, slow: np.ndarray, normal: np.ndarray) -> None:
        assert [request.body.get("speed") for request in self.requests] == [0.5, None]

    async def saw_the_cancel(self) -> None:
        await super().saw_the_cancel()
        assert self.requests[-1].chunks < len(self.long_text.split()) * tones.WORD_S / 0.05


@pytest.fixture
async def rig(amazon: AwsStandIn, tmp_path: Path) -> AsyncIterator[SovitsRig]:
    rig = await asyncio.to_thread(SovitsRig, amazon, tmp_path)
    yield rig
    await rig.engine.aclose()


class TestContract(SpeechContract):
    pass


class TestInline:
    async def test_the_voice_goes_with_the_text(self, rig: SovitsRig) -> None:
        assert await rig.words("one two") == ["one", "two"]
        assert rig.sent == {
            "text": "one two",
            "text_language": "auto",
            "cut_punc": "",
            "refer_wav_path": "s3://voices/anna.wav",
            "prompt_text": "This is what I say.",
            "prompt_language": "en",
        }

    @pytest.mark.parametrize("size", [101, 4097, 10**6])
    async def test_samples_are_whole_wherever_parts_are_cut(
        self, rig: SovitsRig, size: int
    ) -> None:
        rig.how.between_s = 0
        rig.how.part_bytes, rig.how.empty_parts = size, True
        if size == 101:
            rig.how.joined = True
        assert await rig.words("one two") == ["one", "two"]

    @pytest.mark.parametrize("code", ["ModelStreamError", "InternalStreamFailure"])
    async def test_an_error_in_the_stream_before_any_audio_is_tried_again(
        self, rig: SovitsRig, code: str
    ) -> None:
        rig.how.exception = code
        with pytest.raises(APIError):
            await audio(rig.engine, "one two", AGAIN)
        assert len(rig.requests) == 2

    async def test_an_error_in_the_stream_after_audio_is_not(self, rig: SovitsRig) -> None:
        rig.how.exception, rig.how.fault_after = "ModelStreamError", 4
        rig.how.between_s = 0.02
        seconds, error = await audio_until_error(rig.engine, WORDS, AGAIN)
        assert 0 < seconds <= 4 * 0.05
        assert not getattr(error, "retryable", True)
        assert len(rig.requests) == 1

    async def test_a_wrong_checksum_is_an_error(self, rig: SovitsRig) -> None:
        rig.how.bad_crc = True
        with pytest.raises(APIConnectionError):
            await audio(rig.engine, "one two")

    async def test_an_answer_without_audio_is_an_error(self, rig: SovitsRig) -> None:
        rig.how.end = True
        with pytest.raises(APIConnectionError, match="no audio"):
            await audio(rig.engine, "one two")


class TestStore:
    @pytest.fixture
    async def stored(self, rig: SovitsRig) -> AsyncIterator[Any]:
        engine = await asyncio.to_thread(
            lambda: rig.build(mode="s3", output_s3uri=STORE, cut_punctuation=".")
        )
        yield engine
        await engine.aclose()

    @pytest.mark.parametrize("size", [None, 1, 5, 10**6])
    async def test_parts_are_heard_in_order_wherever_the_reply_is_cut(
        self, rig: SovitsRig, stored: Any, size: int | None
    ) -> None:
        rig.how.part_bytes, rig.how.empty_parts = size, True
        assert await rig.words("one two. three. four five.", engine=stored) == WORDS.split()[:5]

    async def test_each_text_has_a_folder_of_its_own(self, rig: SovitsRig, stored: Any) -> None:
        await rig.words("one", engine=stored)
        await rig.words("one", engine=stored)
        first, second = (request.body["output_s3uri"] for request in rig.requests)
        assert first.startswith(STORE)
        assert first != second

    async def test_numbered_parts_are_heard_in_the_order_of_their_numbers(
        self, rig: SovitsRig, stored: Any
    ) -> None:
        rig.server.part = lambda number, uris: {
            "result": uris[number],
            "index": number,
            "first_chunk": number == 0,
            "last_chunk": number == len(uris) - 1,
        }
        rig.server.order = lambda parts: [parts[2], parts[0], parts[0], parts[1], parts[2]]
        assert await rig.words("one. two. three.", engine=stored) == ["one", "two", "three"]
        assert len(rig.server.of("store")) == 3

    @pytest.mark.parametrize("code", [403, 404, 500])
    async def test_a_part_that_cannot_be_had_is_an_error_that_names_the_right(
        self, rig: SovitsRig, stored: Any, code: int
    ) -> None:
        rig.server.store.status = code
        with pytest.raises(APIStatusError) as caught:
            await audio(stored, "one two.")
        if code == 403:
            assert "s3:GetObject" in reason_of(caught.value)

    async def test_a_part_that_breaks_off_is_an_error(self, rig: SovitsRig, stored: Any) -> None:
        rig.server.store.cut_after = 3
        rig.server.store.between_s = 0.02
        seconds, error = await audio_until_error(stored, f"{WORDS}.", AGAIN)
        assert seconds > 0
        assert not getattr(error, "retryable", True)

    async def test_what_was_heard_before_a_part_that_cannot_be_had_is_not_said_again(
        self, rig: SovitsRig, stored: Any
    ) -> None:
        async def fails_from_the_second_on(record: AwsRequest) -> None:
            if len(rig.server.of("store")) > 1:
                rig.server.store.status = 500

        rig.server.store.work = fails_from_the_second_on
        seconds, error = await audio_until_error(stored, "one two three. four.", AGAIN)
        assert seconds > 0
        assert isinstance(error, APIStatusError)
        assert not error.retryable
        assert len(rig.requests) == 1

    async def test_closing_in_the_midst_of_a_part_closes_both_requests(
        self, rig: SovitsRig, stored: Any
    ) -> None:
        rig.server.store.between_s = 0.02
        async with stored.synthesize(f"{WORDS}.") as stream:
            await anext(stream)
        await until(
            lambda: all(r.outcome in ("cancelled", "completed") for r in rig.server.requests),
            "both are over",
        )
        assert rig.server.of("store")[-1].outcome == "cancelled"

    async def test_a_file_elsewhere_is_not_fetched(self, rig: SovitsRig, stored: Any) -> None:
        rig.server.part = lambda number, uris: {"result": "s3://secrets/speech.wav"}
        with pytest.raises(APIConnectionError, match="outside"):
            await audio(stored, "one.")
        assert rig.server.of("store") == []

    async def test_a_reply_that_names_no_file_is_an_error(
        self, rig: SovitsRig, stored: Any
    ) -> None:
        rig.server.part = lambda number, uris: {"code": 400, "message": "no text"}
        with pytest.raises(APIConnectionError, match="names no file") as caught:
            await audio(stored, "one.", AGAIN)
        assert not caught.value.retryable

    async def test_a_container_of_the_other_kind_is_told_by_the_probe(self, rig: SovitsRig) -> None:
        options = Options(endpoint="sovits", mode="s3", output_s3uri=STORE)
        rig.server.names_files = False
        with pytest.raises(EngineUnavailable, match="TTS_MODE=s3"):
            await sagemaker.probe(options)


class TestSettings:
    @pytest.mark.parametrize(
        ("wrong", "why"),
        [
            ({}, "endpoint"),
            ({"endpoint": "e", "mode": "s3"}, "TTS_MODE=s3"),
            ({"endpoint": "e", "mode": "s3", "output_s3uri": "speech/out"}, "output_s3uri"),
            ({"endpoint": "e", "language": "de"}, "does not speak"),
        ],
    )
    def test_impossible_options_are_refused(self, wrong: dict[str, str], why: str) -> None:
        with pytest.raises(ValidationError, match=why):
            Options.model_validate(wrong)

    def test_a_voice_that_is_not_in_the_file_is_told_by_the_check(self, tmp_path: Path) -> None:
        file = tmp_path / "voices.toml"
        file.write_text(VOICES)
        with pytest.raises(ConfigError, match="TTS_VOICE=maria is not in .*, which has anna, otto"):
            sagemaker.check(Options(endpoint="e", voices=file, voice="maria"))

    def test_a_language_that_is_not_spoken_is_told_by_its_line(self, tmp_path: Path) -> None:
        file = tmp_path / "voices.toml"
        file.write_text(VOICES.replace('"zh"', '"de"'))
        with pytest.raises(ConfigError, match=r"voices.toml:9: \[otto\] language"):
            sagemaker.check(Options(endpoint="e", voices=file))


class TestProbe:
    async def test_it_tells_endpoint_and_time(self, rig: SovitsRig) -> None:
        said = await sagemaker.probe(Options(endpoint="sovits", voices=rig.file))
        assert said.startswith("sovits, anna, inline: first audio after")

    async def test_it_says_what_to_do_about_an_endpoint(self, rig: SovitsRig) -> None:
        with pytest.raises(EngineUnavailable, match="TTS_ENDPOINT"):
            await sagemaker.probe(Options(endpoint="other"))

    async def test_it_says_what_the_container_said(self, rig: SovitsRig) -> None:
        rig.how.status, rig.how.original_status = 424, 400
        rig.how.message = "ref audio is missing"
        with pytest.raises(EngineUnavailable, match="ref audio is missing"):
            await sagemaker.probe(Options(endpoint="sovits"))
