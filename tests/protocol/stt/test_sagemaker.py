"""Engine `sagemaker` of speech to text: real boto3 against a local SageMaker runtime."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from livekit.agents import APIConnectionError, APIStatusError
from pydantic import ValidationError

from agent.audio import pcm
from agent.errors import EngineUnavailable
from agent.remote.openai_errors import reason_of
from agent.stt.sagemaker import engine as sagemaker
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.aws_server import AwsRequest, AwsStandIn
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.protocol.stt.contract import PATIENT, RETRYING, SPOKEN, RemoteBench, RemoteContract

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class SageMakerBench(RemoteBench):
    passing = ("429", "500", "503", "424/500", "424/503")
    permanent = ("400", "403", "424/400", "424/415")

    engine: sagemaker.SageMakerSpeechToText

    def __init__(self, server: AwsStandIn, proxy: CutProxy) -> None:
        self.server = server
        self.proxy = proxy
        self.engine = self.build()
        server.transcribe = lambda request: SPOKEN

    def build(self, **options: Any) -> sagemaker.SageMakerSpeechToText:
        return sagemaker.SageMakerSpeechToText(
            sagemaker.Options.model_validate({"endpoint": "whisper", **options})
        )

    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        t = np.arange(rate_hz // 2) / rate_hz
        return (0.3 * np.sin(2 * np.pi * 300 * t)).astype(np.float32)

    def hear_nothing(self) -> None:
        self.server.transcribe = lambda request: ""

    def slow_down(self) -> None:
        self.server.stt.first_byte_s = 2.0

    def hurry(self) -> None:
        self.server.stt.first_byte_s = 0.0

    def fail(self, fault: str, times: int | None = None) -> None:
        status, _, original = fault.partition("/")
        self.server.stt.status = int(status)
        self.server.stt.original_status = int(original or 500)
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

    def last(self) -> AwsRequest:
        return self.server.requests[-1]

    async def heard(self, samples: npt.NDArray[np.float32], **options: Any) -> Any:
        frame = pcm.to_frame(samples, rate_hz=16000)
        async with self.build(**options) as engine:
            event = await engine.recognize(frame, conn_options=PATIENT)
        [data] = event.alternatives
        return data


@pytest.fixture
async def bench(amazon: AwsStandIn, aws: pytest.MonkeyPatch) -> AsyncIterator[SageMakerBench]:
    async with cut_proxy(amazon.url) as proxy:
        aws.setenv("AWS_ENDPOINT_URL", proxy.url)
        bench = SageMakerBench(amazon, proxy)
        yield bench
        await bench.engine.aclose()


class TestContract(RemoteContract):
    async def test_a_minute_of_speech_is_sent_whole(self, bench: RemoteBench) -> None:
        """In parts: the container hears 30 s of a request."""
        minute = np.resize(bench.speech(16000), 60 * 16000)
        frame = pcm.to_frame(minute, rate_hz=16000)
        await bench.engine.recognize(frame, conn_options=PATIENT)
        lengths = [length for _, length in bench.uploads()]
        assert sum(lengths) == len(minute)
        assert all(length <= 30 * 16000 for length in lengths)


class TestRequest:
    async def test_utterances_share_a_connection(self, bench: SageMakerBench) -> None:
        for _ in range(3):
            await bench.recognise()
        assert bench.proxy.connections == 1

    async def test_the_signature_and_the_endpoint_are_sent(self, bench: SageMakerBench) -> None:
        await bench.heard(bench.speech(16000), region="us-west-2", inference_component="large")
        assert "/us-west-2/sagemaker/aws4_request" in bench.last().authorization
        assert bench.last().model == "whisper"
        assert bench.last().headers["X-Amzn-SageMaker-Inference-Component"] == "large"

    async def test_the_language_goes_with_the_task(self, bench: SageMakerBench) -> None:
        data = await bench.heard(bench.speech(16000), language="cmn-Hans-CN")
        assert bench.last().body == {"language": "zh", "task": "transcribe"}
        assert data.language == "zh"

    async def test_a_translation_is_english(self, bench: SageMakerBench) -> None:
        data = await bench.heard(bench.speech(16000), language="fr", task="translate")
        assert bench.last().body == {"language": "fr", "task": "translate"}
        assert data.language == "en"

    async def test_of_a_language_to_be_detected_nothing_is_said(
        self, bench: SageMakerBench
    ) -> None:
        await bench.heard(bench.speech(16000), language="auto")
        assert bench.last().body == {}

    async def test_what_is_set_of_decoding_is_sent(self, bench: SageMakerBench) -> None:
        decoding = {
            "max_new_tokens": 100,
            "num_beams": 2,
            "no_repeat_ngram_size": 3,
            "do_sample": True,
            "temperature": 0.5,
            "top_k": 40,
            "top_p": 0.9,
            "early_stopping": True,
        }
        await bench.heard(bench.speech(16000), **decoding)
        assert bench.last().body == decoding

    async def test_a_container_of_ones_own_is_sent_the_file_alone(
        self, bench: SageMakerBench
    ) -> None:
        data = await bench.heard(bench.speech(16000), wire="wav", language="de", num_beams=2)
        assert data.text == SPOKEN
        assert bench.last().headers["Content-Type"] == "audio/wav"
        assert bench.last().body == {}

    @pytest.mark.parametrize(
        ("wrong", "why"),
        [
            ({}, "endpoint"),
            ({"endpoint": "a b"}, "endpoint"),
            ({"endpoint": "e", "task": "translate"}, "STT_LANGUAGE"),
            ({"endpoint": "e", "task": "translate", "language": "fr", "wire": "wav"}, "STT_WIRE"),
            ({"endpoint": "e", "secret_access_key": "s"}, "access key"),
            ({"endpoint": "e", "role_arn": "role"}, "role_arn"),
        ],
    )
    def test_impossible_options_are_refused(self, wrong: dict[str, str], why: str) -> None:
        with pytest.raises(ValidationError, match=why):
            sagemaker.Options.model_validate(wrong)


class TestLongUtterances:
    async def test_no_word_is_lost_or_cut_in_two_and_all_are_in_order(
        self, bench: SageMakerBench
    ) -> None:
        """Words are tones; the container hears 30 s of a request, as the real one does."""

        def read(request: AwsRequest) -> str:
            assert request.audio is not None
            return " ".join(LETTERS[i] for i, _, _ in tones.heard(request.audio, rate_hz=16000))

        bench.server.transcribe = read
        indices = [(3 * n) % len(LETTERS) for n in range(230)]
        spoken = pcm.from_s16le(tones.speak(indices, rate_hz=16000))
        assert len(spoken) / 16000 == pytest.approx(69, abs=0.1)
        data = await bench.heard(spoken)
        assert data.text.split() == [LETTERS[i] for i in indices]
        assert len(bench.server.requests) >= 3

    async def test_texts_of_chinese_are_joined_without_spaces(self, bench: SageMakerBench) -> None:
        bench.server.transcribe = lambda request: "你好"
        data = await bench.heard(np.tile(bench.speech(16000), 80), language="zh")
        assert data.text == "你好你好"

    async def test_a_part_that_fails_is_the_failure_of_all(self, bench: SageMakerBench) -> None:
        bench.fail("424/400", times=1)
        with pytest.raises(APIStatusError):
            await bench.heard(np.tile(bench.speech(16000), 80))


class TestErrors:
    async def test_what_the_container_said_is_told_by_the_check_alone(
        self, bench: SageMakerBench
    ) -> None:
        bench.server.stt.message = "CUDA out of memory"
        bench.fail("424/500")
        error, _ = await bench.fault()
        assert "status 500" in str(error)
        assert "CUDA" not in f"{error} {error!r}"
        assert "CUDA out of memory" in reason_of(error)
        assert "log-group:/aws/sagemaker/Endpoints" in reason_of(error)
        with pytest.raises(EngineUnavailable, match="CUDA out of memory"):
            await sagemaker.probe(sagemaker.Options(endpoint="whisper"))

    @pytest.mark.parametrize(
        ("state", "advice"), [("not found", "STT_ENDPOINT"), ("is not in service", "InService")]
    )
    async def test_the_probe_says_what_to_do_about_an_endpoint(
        self, bench: SageMakerBench, state: str, advice: str
    ) -> None:
        bench.server.endpoints["whisper"] = state
        with pytest.raises(EngineUnavailable, match=advice):
            await sagemaker.probe(sagemaker.Options(endpoint="whisper"))

    async def test_the_probe_says_what_to_allow(self, bench: SageMakerBench) -> None:
        bench.server.stt.message = "an explicit deny in a service control policy"
        bench.fail("403")
        with pytest.raises(EngineUnavailable, match="sagemaker:InvokeEndpoint on endpoint whisper"):
            await sagemaker.probe(sagemaker.Options(endpoint="whisper"))

    async def test_the_probe_says_that_nobody_is_there(self, bench: SageMakerBench) -> None:
        await bench.proxy.die()
        with pytest.raises(EngineUnavailable, match="AWS_REGION"):
            await sagemaker.probe(sagemaker.Options(endpoint="whisper"))

    async def test_the_probe_tells_endpoint_and_time(self, bench: SageMakerBench) -> None:
        said = await sagemaker.probe(sagemaker.Options(endpoint="whisper"))
        assert said.startswith("endpoint whisper: answer after")
        assert bench.requests() == 1

    async def test_a_cut_answer_is_a_broken_connection(self, bench: SageMakerBench) -> None:
        await bench.recognise()
        bench.slow_down()
        task = await bench.under_way()
        await bench.proxy.die()
        with pytest.raises(APIConnectionError) as caught:
            await task
        assert caught.value.retryable

    async def test_ten_at_once_are_answered(self, bench: SageMakerBench) -> None:
        texts = await asyncio.gather(*(bench.recognise() for _ in range(10)))
        assert [data.text for data in texts] == [SPOKEN] * 10

    async def test_throttled_requests_come_back_at_times_of_chance(
        self, bench: SageMakerBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []

        def draw(least: float, most: float) -> float:
            waits.append(most)
            return 0.0

        monkeypatch.setattr("random.uniform", draw)
        bench.fail("429", times=1)
        assert (await bench.recognise(conn_options=RETRYING)).text == SPOKEN
        assert len(waits) == 1
        assert waits[0] > 0
        bench.fail("429", times=1)
        await bench.fault(PATIENT)
        assert len(waits) == 1, "nobody asks again"
