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
from agent.llm.bedrock.event_thread import MAX_STREAMS
from tests.fakes.bedrock_server import BedrockStandIn
from tests.protocol.llm.bedrock_bench import bench_of
from tests.protocol.llm.contract import RETRYING, Bench, LLMContract, spoken


@pytest.fixture
async def bench(bedrock: BedrockStandIn) -> AsyncIterator[Bench]:
    bench = bench_of(bedrock)
    yield bench
    await bench.engine.aclose()


@pytest.fixture
def unreachable(aws: pytest.MonkeyPatch, closed_port: int) -> llm.LLM[Any]:
    aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", f"http://127.0.0.1:{closed_port}")
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
        self, bedrock: BedrockStandIn, bench: Bench, code: str, status: int, requests: int
    ) -> None:
        bedrock.llm.exception = code
        with pytest.raises((APIStatusError, APIConnectionError)) as caught:
            await bench.answer(conn_options=RETRYING)
        cause = caught.value if requests == 1 else caught.value.__cause__
        assert isinstance(cause, APIStatusError)
        assert cause.status_code == status
        assert len(bedrock.requests) == requests

    async def test_a_model_that_fails_before_its_first_token_is_asked_again(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bench.fail_in_stream(1)
        with pytest.raises(APIConnectionError):
            await bench.answer(conn_options=RETRYING)
        assert len(bedrock.requests) == 2

    async def test_boto3_itself_does_not_retry(self, bedrock: BedrockStandIn, bench: Bench) -> None:
        bedrock.llm.status = 503
        with pytest.raises(APIStatusError):
            await bench.answer()
        assert len(bedrock.requests) == 1

    async def test_refused_access_says_what_to_allow(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bedrock.llm.status = 403
        with pytest.raises(APIStatusError, match="bedrock:InvokeModelWithResponseStream"):
            await bench.answer()

    async def test_missing_credentials_are_named(
        self, bedrock: BedrockStandIn, bench: Bench, aws: pytest.MonkeyPatch
    ) -> None:
        aws.delenv("AWS_ACCESS_KEY_ID")
        with pytest.raises(APIConnectionError, match="AWS_PROFILE") as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable
        assert bedrock.requests == []

    async def test_a_missing_region_is_named(
        self, bedrock: BedrockStandIn, bench: Bench, aws: pytest.MonkeyPatch
    ) -> None:
        aws.delenv("AWS_DEFAULT_REGION")
        with pytest.raises(APIConnectionError, match="AWS_REGION") as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable


class TestLifeCycle:
    async def test_requests_share_one_connection(self, bedrock: BedrockStandIn) -> None:
        first, second = bench_of(bedrock), bench_of(bedrock)
        await first.answer()
        await second.answer()
        await second.answer()
        assert len({request.peer for request in bedrock.requests}) == 1

    async def test_prewarming_leaves_a_client_and_asks_for_nothing(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bench.engine.prewarm()
        await asyncio.sleep(0.05)
        await bench.answer()
        assert len(bedrock.requests) == 1

    async def test_more_streams_than_allowed_are_refused_and_the_rest_go_on(
        self, bench: Bench
    ) -> None:
        bench.say("word " * 10)
        bench.how.between_s = 0.03
        streams = [bench.ask() for _ in range(MAX_STREAMS)]
        await asyncio.gather(*(anext(stream) for stream in streams))
        with pytest.raises(APIConnectionError, match="too many"):
            await bench.answer()
        texts = await asyncio.gather(*(spoken(stream) for stream in streams))
        assert all(len(text) >= 9 for text in texts)

    async def test_streams_that_time_out_free_their_places(self, bench: Bench) -> None:
        bench.how.first_byte_s = 0.5
        hasty = APIConnectOptions(max_retry=0, timeout=0.1)
        outcomes = await asyncio.gather(
            *(bench.answer(conn_options=hasty) for _ in range(MAX_STREAMS)),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [APITimeoutError] * MAX_STREAMS
        bench.how.first_byte_s = 0
        async with asyncio.timeout(5):
            while True:
                try:
                    answers = await asyncio.gather(*(bench.answer() for _ in range(MAX_STREAMS)))
                    break
                except APIConnectionError:
                    await asyncio.sleep(0.05)
        assert [answer.text for answer in answers] == ["Hello."] * MAX_STREAMS


class TestProbe:
    async def test_it_names_the_model_and_the_time(self, bedrock: BedrockStandIn) -> None:
        line = await bedrock_engine.probe(bedrock_engine.Options(model="m.one"))
        assert line.startswith("m.one: first token after")
        assert bedrock.requests[0].body["inferenceConfig"] == {"maxTokens": 5}

    @pytest.mark.parametrize(("status", "advice"), [(403, "access"), (404, "LLM_MODEL")])
    async def test_it_says_what_to_do_about_a_refusal(
        self, bedrock: BedrockStandIn, status: int, advice: str
    ) -> None:
        bedrock.llm.status = status
        with pytest.raises(EngineUnavailable, match=advice):
            await bedrock_engine.probe(bedrock_engine.Options())
