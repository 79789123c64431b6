"""Engine `openai` against speaches, vLLM, whisper.cpp and OpenAI, with what each does otherwise."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError, stt
from pydantic import ValidationError

from agent.audio import pcm
from agent.errors import EngineUnavailable
from agent.remote.openai_errors import reason_of
from agent.stt.openai import engine as openai
from agent.stt.openai.answers import heard_in
from agent.stt.openai.dialects import base_of, form_fields
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from rejoinder.stand_ins.transcripts import StreamForm, segment
from rejoinder.stand_ins.whisper_cpp_server import WhisperCppStandIn
from tests.protocol.stt.contract import PATIENT, RETRYING

SPEACHES = {"owned_by": "Systran", "task": "automatic-speech-recognition", "language": ["en"]}
VLLM = {"owned_by": "vllm", "max_model_len": 448}


@pytest.fixture
async def whisper_cpp() -> AsyncIterator[WhisperCppStandIn]:
    async with WhisperCppStandIn().serve() as server:
        yield server


def frame() -> rtc.AudioFrame:
    t = np.arange(8000) / 16000
    return pcm.to_frame((0.3 * np.sin(600 * np.pi * t)).astype(np.float32), rate_hz=16000)


async def heard(url: str, times: int = 1, **options: Any) -> stt.SpeechData:
    """The last of so many recognitions."""
    chosen = openai.Options.model_validate({"url": url, **options})
    async with openai.OpenAISpeechToText(chosen) as engine:
        for _ in range(times):
            event = await engine.recognize(frame(), conn_options=PATIENT)
    return event.alternatives[0]


async def fault(url: str, **options: Any) -> APIError:
    chosen = openai.Options.model_validate({"url": url, **options})
    async with openai.OpenAISpeechToText(chosen) as engine:
        with pytest.raises(APIError) as caught:
            await engine.recognize(frame(), conn_options=PATIENT)
    return caught.value


class TestWhisperCpp:
    @pytest.mark.parametrize("path", ["", "/", "/v1", "/inference"])
    async def test_it_is_found_by_any_of_its_addresses(
        self, whisper_cpp: WhisperCppStandIn, path: str
    ) -> None:
        assert (await heard(whisper_cpp.url + path, times=2)).text == "hello there"
        assert len(whisper_cpp.requests) == 2

    async def test_it_is_found_at_openais_path(self) -> None:
        server = WhisperCppStandIn(inference_path="/v1/audio/transcriptions")
        async with server.serve():
            assert (await heard(f"{server.url}/v1")).text == "hello there"

    async def test_it_is_asked_to_detect_the_language_which_is_english_otherwise(
        self, whisper_cpp: WhisperCppStandIn
    ) -> None:
        await heard(whisper_cpp.url)
        await heard(whisper_cpp.url, language="zh-CN")
        assert [r.body["language"] for r in whisper_cpp.requests] == ["auto", "zh"]
        assert whisper_cpp.requests[0].body["temperature_inc"] == "0"

    async def test_a_translation_is_asked_for_by_a_field(
        self, whisper_cpp: WhisperCppStandIn
    ) -> None:
        data = await heard(whisper_cpp.url, language="de", task="translate")
        assert data.language == "en"
        body = whisper_cpp.requests[0].body
        assert (body["language"], body["translate"]) == ("de", "true")

    async def test_its_segments_are_one_text(self, whisper_cpp: WhisperCppStandIn) -> None:
        whisper_cpp.transcribe = lambda utterance: " Hello there.\n And you?"
        assert (await heard(whisper_cpp.url)).text == "Hello there. And you?"
        whisper_cpp.transcribe = lambda utterance: "今天天气很好。\n你呢？"
        assert (await heard(whisper_cpp.url, language="zh")).text == "今天天气很好。你呢？"

    async def test_not_found_while_it_loads_is_a_fault_that_passes(self) -> None:
        async with WhisperCppStandIn(inference_path="/elsewhere", loading=True).serve() as server:
            error = await fault(server.url)
            assert isinstance(error, APIStatusError)
            assert (error.status_code, error.retryable) == (503, True)
            with pytest.raises(EngineUnavailable, match="still loading its model"):
                await openai.probe(openai.Options(url=server.url))
            server.loading = False
            error = await fault(server.url)
            assert not error.retryable
            with pytest.raises(EngineUnavailable, match="--inference-path"):
                await openai.probe(openai.Options(url=server.url))

    @pytest.mark.parametrize(
        ("status", "told", "retryable"),
        [(400, "Invalid request", False), (500, "stand-in fault 500", True), (503, "File", False)],
    )
    async def test_its_other_errors_are_told_as_it_tells_them(
        self, whisper_cpp: WhisperCppStandIn, status: int, told: str, retryable: bool
    ) -> None:
        whisper_cpp.how.status = status
        error = await fault(whisper_cpp.url)
        assert told in reason_of(error)
        assert error.retryable is retryable

    async def test_one_that_says_not_found_is_looked_at_again(
        self, whisper_cpp: WhisperCppStandIn
    ) -> None:
        options = openai.Options(url=whisper_cpp.url)
        async with openai.OpenAISpeechToText(options) as engine:
            for status in (200, 503, 200):
                whisper_cpp.how.status = status
                with contextlib.suppress(APIStatusError):
                    event = await engine.recognize(frame(), conn_options=PATIENT)
                assert (engine.server.dialect is None) is (status == 503)
        assert event.alternatives[0].text == "hello there"

    async def test_a_cancelled_recognition_ends_its_work(
        self, whisper_cpp: WhisperCppStandIn
    ) -> None:
        whisper_cpp.how.first_byte_s = 3.0
        options = openai.Options(url=whisper_cpp.url)
        async with openai.OpenAISpeechToText(options) as engine:
            task = asyncio.create_task(engine.recognize(frame(), conn_options=PATIENT))
            async with asyncio.timeout(3):
                while not whisper_cpp.requests:
                    await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(3):
                while whisper_cpp.requests[0].outcome != "cancelled":
                    await asyncio.sleep(0.01)

    async def test_the_check_says_which_server_it_is(self, whisper_cpp: WhisperCppStandIn) -> None:
        said = await openai.probe(openai.Options(url=whisper_cpp.url))
        assert said.endswith("; it is whisper.cpp")


class TestSpeaches:
    async def test_words_to_expect_have_a_field_of_their_own(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.listed = SPEACHES
        await heard(openai_server.url, prompt="A call.", hotwords="阿里巴巴:30, Big Ben")
        body = openai_server.requests[0].body
        assert (body["prompt"], body["hotwords"]) == ("A call.", "阿里巴巴, Big Ben")

    async def test_it_is_asked_how_sure_it_is(self, openai_server: OpenAIStandIn) -> None:
        openai_server.listed = SPEACHES
        openai_server.segments = [
            segment(" Take the second road."),
            segment(" Thank you.", no_speech_prob=0.8),
        ]
        data = await heard(openai_server.url)
        assert (data.text, data.language) == ("Take the second road.", "en")
        assert openai_server.requests[0].body["response_format"] == "verbose_json"

    async def test_a_model_that_was_not_fetched_is_explained(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.listed, openai_server.stt.status = SPEACHES, 404
        options = openai.Options(url=openai_server.url, model="Systran/faster-whisper-small")
        with pytest.raises(EngineUnavailable, match="POST .*/v1/models/Systran/faster-whisper"):
            await openai.probe(options)


class TestVLLM:
    async def test_it_is_told_words_to_expect_with_the_prompt(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.listed = VLLM
        await heard(openai_server.url, prompt="A call.", hotwords="阿里巴巴, Big Ben")
        body = openai_server.requests[0].body
        assert body["prompt"] == "A call. 阿里巴巴, Big Ben"
        assert "hotwords" not in body
        assert body["response_format"] == "json"

    async def test_the_check_says_that_it_detects_no_language(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.listed = VLLM
        assert "STT_LANGUAGE" in await openai.probe(openai.Options(url=openai_server.url))
        said = await openai.probe(openai.Options(url=openai_server.url, language="de"))
        assert said.endswith("; it is vLLM")

    async def test_doubts_that_it_does_not_tell_are_none(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.listed = VLLM
        unknown: dict[str, Any] = dict.fromkeys(
            ("no_speech_prob", "avg_logprob", "compression_ratio")
        )
        openai_server.segments = [segment("hello there") | unknown]
        data = await heard(openai_server.url, response_format="verbose_json")
        assert data.text == "hello there"


class TestDoubt:
    @pytest.mark.parametrize(
        ("doubt", "text"),
        [
            ({"no_speech_prob": 0.1, "avg_logprob": -0.2}, "Thank you."),
            ({"no_speech_prob": 0.7, "avg_logprob": -0.2}, ""),
            ({"no_speech_prob": 0.1, "avg_logprob": -1.0}, ""),
        ],
    )
    async def test_thanks_count_unless_the_server_doubts_that_somebody_spoke(
        self, openai_server: OpenAIStandIn, doubt: dict[str, float], text: str
    ) -> None:
        openai_server.segments = [segment(" Thank you.", **doubt)]
        openai_server.transcribe = lambda request: "Thank you."
        data = await heard(openai_server.url, response_format="verbose_json")
        assert data.text == text

    async def test_other_words_count_in_spite_of_a_doubt(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.segments = [segment(" Tomorrow.", no_speech_prob=0.9)]
        openai_server.transcribe = lambda request: "Tomorrow."
        data = await heard(openai_server.url, response_format="verbose_json")
        assert data.text == "Tomorrow."

    @pytest.mark.parametrize(
        ("options", "host", "expected"),
        [
            ({}, "api.openai.com", "verbose_json"),
            ({"model": "whisper-large-v3-turbo"}, "api.groq.com", "verbose_json"),
            ({"model": "gpt-4o-transcribe"}, "api.openai.com", "json"),
            ({"stream": True}, "api.openai.com", "json"),
            ({"response_format": "json"}, "api.openai.com", "json"),
            ({}, "127.0.0.1", "json"),
            ({"response_format": "verbose_json"}, "127.0.0.1", "verbose_json"),
        ],
    )
    def test_a_server_is_asked_how_sure_it_is_where_that_costs_nothing(
        self, options: dict[str, Any], host: str, expected: str
    ) -> None:
        fields = form_fields(openai.Options(**options), "openai", language="", host=host)
        assert fields["response_format"] == expected


class TestStreams:
    @pytest.mark.parametrize("form", ["openai", "speaches", "speaches_segments", "vllm"])
    async def test_words_that_come_one_by_one_are_put_together(
        self, openai_server: OpenAIStandIn, form: StreamForm
    ) -> None:
        openai_server.stream_form = form
        openai_server.transcribe = lambda request: "Hello there. 今天天气很好。 And you?"
        data = await heard(openai_server.url, stream=True)
        assert data.text == "Hello there. 今天天气很好。 And you?"
        assert openai_server.requests[0].body["stream"] == "true"

    @pytest.mark.parametrize("form", ["openai", "speaches", "vllm"])
    async def test_silence_is_a_stream_without_words(
        self, openai_server: OpenAIStandIn, form: StreamForm
    ) -> None:
        openai_server.stream_form = form
        openai_server.transcribe = lambda request: ""
        assert (await heard(openai_server.url, stream=True)).text == ""

    @pytest.mark.parametrize("form", ["openai", "speaches", "vllm"])
    async def test_a_stream_that_is_cut_is_a_fault_that_may_pass(
        self, openai_server: OpenAIStandIn, form: StreamForm
    ) -> None:
        openai_server.stream_form, openai_server.stt.cut_after = form, 1
        error = await fault(openai_server.url, stream=True)
        assert isinstance(error, APIConnectionError)
        assert error.retryable

    async def test_a_stream_that_stands_still_ends_at_the_time_out(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.stt.stall_after = 1
        options = openai.Options(url=openai_server.url, stream=True)
        async with openai.OpenAISpeechToText(options) as engine:
            hasty = APIConnectOptions(max_retry=0, timeout=0.4)
            with pytest.raises(APIError, match="no transcript within"):
                await engine.recognize(frame(), conn_options=hasty)
        async with asyncio.timeout(3):
            while openai_server.requests[0].outcome != "cancelled":
                await asyncio.sleep(0.01)

    @pytest.mark.parametrize(
        ("body", "retryable"),
        [
            (b'data: {"error": {"message": "out of memory"}}\n\ndata: [DONE]\n\n', True),
            (b'data: {"type": "transcript.text.delta", "delta": "he"}\n\n', True),
            (b"data: [1]\n\n", False),
            (b'data: {"choices": [1]}\n\n', False),
            (b'data: {"hello": 1}\n\ndata: [DONE]\n\n', False),
            (b'data: {"type": "transcript.text.delta", "delta": 1}\n\ndata: [DONE]\n\n', False),
        ],
    )
    async def test_a_stream_of_something_else_is_a_fault(
        self, body: bytes, retryable: bool
    ) -> None:
        response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
        with pytest.raises(APIError) as caught:
            await heard_in(response)
        assert caught.value.retryable is retryable

    def test_a_stream_cannot_tell_how_sure_the_server_is(self) -> None:
        with pytest.raises(ValidationError, match="unset one"):
            openai.Options(response_format="verbose_json", stream=True)


class TestLooking:
    async def test_a_dialect_that_is_set_is_not_looked_for(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.models = None
        await heard(openai_server.url, dialect="speaches", hotwords="Big Ben")
        assert openai_server.requests[0].body["hotwords"] == "Big Ben"

    async def test_a_server_without_a_list_of_models_is_openais_kind(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.models = None
        assert (await heard(openai_server.url)).text == "hello there"

    async def test_a_warm_engine_knows_its_server(self, whisper_cpp: WhisperCppStandIn) -> None:
        options = openai.Options(url=whisper_cpp.url)
        async with openai.OpenAISpeechToText(options) as engine:
            engine.prewarm()
            async with asyncio.timeout(3):
                while engine.server.dialect is None:
                    await asyncio.sleep(0.01)
            assert engine.server.dialect == "whisper_cpp"
        assert whisper_cpp.requests == []

    @pytest.mark.parametrize(
        "url",
        [
            "http://h/v1",
            "http://h/v1/",
            "http://h/v1/audio/transcriptions",
            "http://h/v1/inference",
        ],
    )
    def test_the_address_of_the_route_itself_will_do(self, url: str) -> None:
        assert base_of(url) == "http://h/v1"


async def test_a_language_of_the_recognisers_tags_is_left_for_the_turn_taker(
    openai_server: OpenAIStandIn,
) -> None:
    openai_server.transcribe = lambda request: "<|zh|><|NEUTRAL|><|Speech|><|woitn|>今天"
    assert (await heard(openai_server.url)).text == "<|zh|><|NEUTRAL|><|Speech|><|woitn|>今天"


async def test_a_refusal_in_plain_words_is_told_by_the_check(
    openai_server: OpenAIStandIn,
) -> None:
    url = openai_server.url.removesuffix("/v1")
    async with openai.OpenAISpeechToText(openai.Options(url=url)) as engine:
        with pytest.raises(APIStatusError) as caught:
            await engine.recognize(frame(), conn_options=RETRYING)
    assert reason_of(caught.value) == "404: Not Found"
