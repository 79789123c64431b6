"""Engine `bedrock`: real boto3 against an endpoint that speaks the real event stream."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
    APITimeoutError,
    llm,
)

from agent.errors import EngineUnavailable
from agent.llm.bedrock import engine as bedrock_engine
from agent.remote.aws.request_thread import MAX_REQUESTS
from rejoinder.stand_ins.aws_server import AwsStandIn
from tests.protocol.llm.bedrock_bench import bench_of
from tests.protocol.llm.contract import RETRYING, Bench, LLMContract, spoken


@pytest.fixture
async def bench(amazon: AwsStandIn) -> AsyncIterator[Bench]:
    bench = bench_of(amazon)
    yield bench
    await bench.engine.aclose()


@pytest.fixture
def unreachable(aws: pytest.MonkeyPatch, closed_port: int) -> llm.LLM[Any]:
    aws.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port}")
    return bedrock_engine.build(bedrock_engine.Options())


class TestContract(LLMContract):
    pass


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "status", "requests"),
        [
            ("throttlingException", 429, 2),
            ("serviceUnavailableException", 503, 2),
            ("internalServerException", 500, 2),
            ("validationException", 400, 1),
        ],
    )
    async def test_errors_in_the_stream_have_the_status_that_they_would_have_before_it(
        self, amazon: AwsStandIn, bench: Bench, code: str, status: int, requests: int
    ) -> None:
        amazon.llm.exception = code
        with pytest.raises((APIStatusError, APIConnectionError)) as caught:
            await bench.answer(conn_options=RETRYING)
        cause = caught.value if requests == 1 else caught.value.__cause__
        assert isinstance(cause, APIStatusError)
        assert cause.status_code == status
        assert len(amazon.requests) == requests

    async def test_a_model_that_fails_before_its_first_token_is_asked_again(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        bench.fail_in_stream(1)
        with pytest.raises(APIConnectionError):
            await bench.answer(conn_options=RETRYING)
        assert len(amazon.requests) == 2

    async def test_boto3_itself_does_not_retry(self, amazon: AwsStandIn, bench: Bench) -> None:
        amazon.llm.status = 503
        with pytest.raises(APIStatusError):
            await bench.answer()
        assert len(amazon.requests) == 1

    async def test_refused_access_says_what_to_allow(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        amazon.llm.status = 403
        with pytest.raises(APIStatusError, match="bedrock:InvokeModelWithResponseStream"):
            await bench.answer()

    @pytest.mark.parametrize(
        ("region", "profile"), [("eu-west-1", "eu."), ("ap-south-1", "apac."), ("us-west-2", "us.")]
    )
    async def test_a_model_that_wants_a_cross_region_profile_is_told_with_its_name(
        self, amazon: AwsStandIn, region: str, profile: str
    ) -> None:
        amazon.llm.status = 400
        amazon.llm.message = (
            "Invocation of model ID m with on-demand throughput isn't supported. Retry with an "
            "inference profile"
        )
        with pytest.raises(APIStatusError, match=f"LLM_MODEL .*{profile}a.m-v1"):
            await bench_of(amazon, region=region, model="a.m-v1").answer()

    async def test_throttled_requests_come_back_at_times_of_chance(
        self, amazon: AwsStandIn, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []

        def draw(least: float, most: float) -> float:
            waits.append(most)
            return 0.0

        monkeypatch.setattr("random.uniform", draw)
        amazon.llm.status, amazon.llm.failures = 429, 1
        assert (await bench.answer(conn_options=RETRYING)).text == "Hello."
        assert len(waits) == 1

    async def test_missing_credentials_are_named(
        self, amazon: AwsStandIn, bench: Bench, aws: pytest.MonkeyPatch
    ) -> None:
        aws.delenv("AWS_ACCESS_KEY_ID")
        with pytest.raises(APIConnectionError, match="AWS_PROFILE") as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable
        assert amazon.requests == []

    async def test_a_missing_region_is_named(
        self, amazon: AwsStandIn, bench: Bench, aws: pytest.MonkeyPatch
    ) -> None:
        aws.delenv("AWS_DEFAULT_REGION")
        with pytest.raises(APIConnectionError, match="AWS_REGION") as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable


class TestLifeCycle:
    async def test_a_request_that_is_never_answered_is_closed_at_the_server(
        self, bench: Bench
    ) -> None:
        bench.how.first_byte_s = 3600
        stream = bench.ask()
        async with asyncio.timeout(5):
            while not bench.requests:
                await asyncio.sleep(0.01)
        await stream.aclose()
        assert await bench.outcome() == "cancelled"

    async def test_a_closed_engine_ends_its_streams_and_refuses_others(self, bench: Bench) -> None:
        bench.how.first_byte_s = 3600
        stream = bench.ask()
        async with asyncio.timeout(5):
            while not bench.requests:
                await asyncio.sleep(0.01)
        await bench.engine.aclose()
        with pytest.raises(APIConnectionError):
            await spoken(stream)
        await stream.aclose()
        assert await bench.outcome() == "cancelled"
        with pytest.raises(APIConnectionError) as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable

    async def test_requests_share_one_connection(self, amazon: AwsStandIn) -> None:
        first, second = bench_of(amazon), bench_of(amazon)
        await first.answer()
        await second.answer()
        await second.answer()
        assert len({request.peer for request in amazon.requests}) == 1

    async def test_prewarming_leaves_a_client_and_asks_for_nothing(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        bench.engine.prewarm()
        await asyncio.sleep(0.05)
        await bench.answer()
        assert len(amazon.requests) == 1

    async def test_more_streams_than_allowed_are_refused_and_the_rest_go_on(
        self, bench: Bench
    ) -> None:
        bench.say("word " * 10)
        bench.how.between_s = 0.03
        streams = [bench.ask() for _ in range(MAX_REQUESTS)]
        await asyncio.gather(*(anext(stream) for stream in streams))
        with pytest.raises(APIConnectionError, match="too many"):
            await bench.answer()
        texts = await asyncio.gather(*(spoken(stream) for stream in streams))
        assert all(len(text) >= 9 for text in texts)

    async def test_streams_that_time_out_free_their_places(self, bench: Bench) -> None:
        bench.how.first_byte_s = 0.5
        hasty = APIConnectOptions(max_retry=0, timeout=0.1)
        outcomes = await asyncio.gather(
            *(bench.answer(conn_options=hasty) for _ in range(MAX_REQUESTS)),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [APITimeoutError] * MAX_REQUESTS
        bench.how.first_byte_s = 0
        async with asyncio.timeout(5):
            while True:
                try:
                    answers = await asyncio.gather(*(bench.answer() for _ in range(MAX_REQUESTS)))
                    break
                except APIConnectionError:
                    await asyncio.sleep(0.05)
        assert [answer.text for answer in answers] == ["Hello."] * MAX_REQUESTS


class TestProbe:
    async def test_it_names_the_model_and_the_time(self, amazon: AwsStandIn) -> None:
        line = await bedrock_engine.probe(bedrock_engine.Options(model="m.one"))
        assert line.startswith("m.one: first token after")
        assert amazon.requests[0].body["inferenceConfig"] == {"maxTokens": 5}

    @pytest.mark.parametrize(("status", "advice"), [(403, "access"), (404, "LLM_MODEL")])
    async def test_it_says_what_to_do_about_a_refusal(
        self, amazon: AwsStandIn, status: int, advice: str
    ) -> None:
        amazon.llm.status = status
        with pytest.raises(EngineUnavailable, match=advice):
            await bedrock_engine.probe(bedrock_engine.Options())
