"""Engine `bedrock`: real boto3 against an endpoint that speaks the real event stream."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import botocore.loaders
import pytest
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
    APITimeoutError,
    llm,
)
from pydantic import ValidationError

from agent.errors import EngineUnavailable
from agent.llm import bedrock_converse
from agent.llm.event_thread import MAX_STREAMS, THREAD_NAME
from tests.fakes.bedrock_server import BedrockStandIn, text_events, tool_events
from tests.protocol.llm.contract import RETRYING, Bench, LLMContract, get_weather, spoken

_service_models = botocore.loaders.create_loader()
"""Parsing the service model takes most of a client's construction; once is enough."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Credentials of nobody; nothing of this machine's AWS set-up."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(botocore.loaders, "create_loader", lambda *paths: _service_models)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    yield monkeypatch
    for thread in threading.enumerate():
        if thread.name == THREAD_NAME:
            thread.join(3)
            assert not thread.is_alive(), "a stream's thread outlives its connection"
    bedrock_converse.close_clients()


@pytest.fixture
async def server(aws: pytest.MonkeyPatch) -> AsyncIterator[BedrockStandIn]:
    async with BedrockStandIn().serve() as standin:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", standin.url)
        yield standin


def bench_of(server: BedrockStandIn, **options: Any) -> Bench:
    def say(text: str) -> None:
        server.reply = lambda body: text_events(text)

    def call(*calls: tuple[str, dict[str, Any]]) -> None:
        server.reply = lambda body: tool_events(*calls)

    def fail(after: int) -> None:
        server.llm.exception = "modelStreamErrorException"
        server.llm.fault_after = after

    engine = bedrock_converse.build(bedrock_converse.Options(**options))
    return Bench(engine, server.llm, server.requests, say, call, fail)


@pytest.fixture
async def bench(server: BedrockStandIn) -> AsyncIterator[Bench]:
    bench = bench_of(server)
    yield bench
    await bench.engine.aclose()


@pytest.fixture
def unreachable(aws: pytest.MonkeyPatch, closed_port: int) -> llm.LLM[Any]:
    aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", f"http://127.0.0.1:{closed_port}")
    return bedrock_converse.build(bedrock_converse.Options())


class TestContract(LLMContract):
    pass


class TestRequest:
    async def test_the_model_the_words_and_the_signature_are_sent(
        self, server: BedrockStandIn
    ) -> None:
        await bench_of(server, model="us.amazon.nova-2-lite-v1:0", region="us-west-2").answer()
        [request] = server.requests
        assert request.model == "us.amazon.nova-2-lite-v1:0"
        assert "/us-west-2/bedrock/aws4_request" in request.authorization
        assert request.body == {
            "messages": [{"role": "user", "content": [{"text": "How are you?"}]}],
            "system": [{"text": "Be brief."}],
        }

    async def test_every_option_has_its_place(self, server: BedrockStandIn) -> None:
        bench = bench_of(
            server,
            temperature=0.2,
            top_p=0.9,
            max_tokens=50,
            stop="END, ###",
            extra_body='{"top_k": 20}',
            latency="optimized",
            guardrail_id="gr1",
            guardrail_version="2",
        )
        await bench.answer()
        body = server.requests[0].body
        assert body["inferenceConfig"] == {
            "temperature": 0.2,
            "topP": 0.9,
            "maxTokens": 50,
            "stopSequences": ["END", "###"],
        }
        assert body["additionalModelRequestFields"] == {"top_k": 20}
        assert body["performanceConfig"] == {"latency": "optimized"}
        assert body["guardrailConfig"] == {"guardrailIdentifier": "gr1", "guardrailVersion": "2"}

    @pytest.mark.parametrize(
        ("choice", "sent"),
        [
            ("auto", {"auto": {}}),
            ("required", {"any": {}}),
            (
                {"type": "function", "function": {"name": "get_weather"}},
                {"tool": {"name": "get_weather"}},
            ),
        ],
    )
    async def test_tools_and_the_choice_among_them_are_sent(
        self, bench: Bench, choice: Any, sent: dict[str, Any]
    ) -> None:
        await bench.answer(tools=[get_weather], tool_choice=choice)
        config = bench.requests[0].body["toolConfig"]
        [tool] = config["tools"]
        assert tool["toolSpec"]["name"] == "get_weather"
        assert tool["toolSpec"]["inputSchema"]["json"]["properties"]["city"]["type"] == "string"
        assert config["toolChoice"] == sent

    async def test_a_request_that_may_use_no_tool_brings_none(self, bench: Bench) -> None:
        await bench.answer(tools=[get_weather], tool_choice="none")
        assert "toolConfig" not in bench.requests[0].body

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"latency": "fast"}, "standard"),
            ({"extra_body": "top_k=3"}, "JSON"),
            ({"temperature": 2}, "less than or equal"),
        ],
    )
    def test_an_impossible_option_is_refused(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            bedrock_converse.Options(**options)


class TestAnswer:
    async def test_cached_tokens_belong_to_the_prompt(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        usage = {
            "inputTokens": 10,
            "outputTokens": 4,
            "totalTokens": 44,
            "cacheReadInputTokens": 20,
            "cacheWriteInputTokens": 10,
        }
        server.reply = lambda body: text_events("Hi.", usage=usage)
        answer = await bench.answer()
        assert answer.usage is not None
        assert answer.usage.prompt_tokens == 40
        assert answer.usage.prompt_cached_tokens == 20
        assert answer.usage.cache_creation_tokens == 10
        assert answer.usage.total_tokens == 44

    async def test_reasoning_is_not_spoken(self, server: BedrockStandIn, bench: Bench) -> None:
        server.reply = lambda body: text_events("Fine.", reasoning="They greet me.")
        assert (await bench.answer()).text == "Fine."

    async def test_reasoning_in_the_text_is_not_spoken(self, bench: Bench) -> None:
        bench.say("<thinking>They greet me.</thinking> Fine <3 you.")
        assert (await bench.answer()).text.strip() == "Fine <3 you."

    async def test_text_before_a_tool_call_is_spoken(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        server.reply = lambda body: tool_events(
            ("get_weather", {"city": "Ghent"}), say="Let me look."
        )
        answer = await bench.answer(tools=[get_weather])
        assert answer.text == "Let me look."
        assert len(answer.tool_calls) == 1

    async def test_a_tool_call_cut_at_the_token_limit_is_not_guessed(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        def cut(body: dict[str, Any]) -> list[Any]:
            events = tool_events(("get_weather", {"city": "Ghent"}), stop_reason="max_tokens")
            return [e for e in events if '"Ghent' not in json.dumps(e).replace("\\", "")]

        server.reply = cut
        assert (await bench.answer(tools=[get_weather])).tool_calls == []

    async def test_an_answer_cut_at_the_token_limit_is_kept_and_logged(
        self, server: BedrockStandIn, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.reply = lambda body: text_events("one two", stop_reason="max_tokens")
        assert (await bench.answer()).text == "one two"
        assert "LLM_MAX_TOKENS" in caplog.text

    async def test_what_a_guardrail_says_instead_is_spoken(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        server.reply = lambda body: text_events("I may not.", stop_reason="guardrail_intervened")
        assert (await bench.answer()).text == "I may not."

    @pytest.mark.parametrize(
        ("reason", "requests"),
        [
            ("content_filtered", 1),
            ("model_context_window_exceeded", 1),
            ("malformed_model_output", 2),
        ],
    )
    async def test_an_answer_without_words_is_an_error(
        self, server: BedrockStandIn, bench: Bench, reason: str, requests: int
    ) -> None:
        server.reply = lambda body: text_events("", stop_reason=reason)
        with pytest.raises((APIStatusError, APIConnectionError)):
            await bench.answer(conn_options=RETRYING)
        assert len(server.requests) == requests


class TestFraming:
    async def test_frames_split_over_writes_are_joined(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        server.llm.split = 33
        bench.say("one two three")
        assert (await bench.answer()).text == "one two three"

    async def test_frames_in_one_write_are_parted(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        server.llm.joined = True
        bench.say("one two three")
        assert len(await spoken(bench.ask())) == 3

    async def test_a_truncated_frame_is_an_error(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        server.llm.truncate = True
        server.llm.fault_after = 2
        bench.say("one two three")
        with pytest.raises(APIConnectionError, match="broke off") as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable

    async def test_an_end_without_message_stop_is_an_error(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        server.llm.end = True
        server.llm.fault_after = 3
        bench.say("one two three")
        with pytest.raises(APIConnectionError, match="broke off"):
            await bench.answer()

    async def test_a_wrong_checksum_is_an_error(self, server: BedrockStandIn, bench: Bench) -> None:
        server.llm.bad_crc = True
        server.llm.fault_after = 2
        bench.say("one two three")
        with pytest.raises(APIConnectionError, match="malformed"):
            await bench.answer()


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
        self, server: BedrockStandIn, bench: Bench, code: str, status: int, requests: int
    ) -> None:
        server.llm.exception = code
        with pytest.raises((APIStatusError, APIConnectionError)) as caught:
            await bench.answer(conn_options=RETRYING)
        cause = caught.value if requests == 1 else caught.value.__cause__
        assert isinstance(cause, APIStatusError)
        assert cause.status_code == status
        assert len(server.requests) == requests

    async def test_a_model_that_fails_before_its_first_token_is_asked_again(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        bench.fail_in_stream(1)
        with pytest.raises(APIConnectionError):
            await bench.answer(conn_options=RETRYING)
        assert len(server.requests) == 2

    async def test_boto3_itself_does_not_retry(self, server: BedrockStandIn, bench: Bench) -> None:
        server.llm.status = 503
        with pytest.raises(APIStatusError):
            await bench.answer()
        assert len(server.requests) == 1

    async def test_refused_access_says_what_to_allow(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        server.llm.status = 403
        with pytest.raises(APIStatusError, match="bedrock:InvokeModelWithResponseStream"):
            await bench.answer()

    async def test_missing_credentials_are_named(
        self, server: BedrockStandIn, bench: Bench, aws: pytest.MonkeyPatch
    ) -> None:
        aws.delenv("AWS_ACCESS_KEY_ID")
        with pytest.raises(APIConnectionError, match="AWS_PROFILE") as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable
        assert server.requests == []

    async def test_a_missing_region_is_named(
        self, server: BedrockStandIn, bench: Bench, aws: pytest.MonkeyPatch
    ) -> None:
        aws.delenv("AWS_DEFAULT_REGION")
        with pytest.raises(APIConnectionError, match="AWS_REGION") as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable


class TestLifeCycle:
    async def test_requests_share_one_connection(self, server: BedrockStandIn) -> None:
        first, second = bench_of(server), bench_of(server)
        await first.answer()
        await second.answer()
        await second.answer()
        assert len({request.peer for request in server.requests}) == 1

    async def test_prewarming_leaves_a_client_and_asks_for_nothing(
        self, server: BedrockStandIn, bench: Bench
    ) -> None:
        bench.engine.prewarm()
        await asyncio.sleep(0.05)
        await bench.answer()
        assert len(server.requests) == 1

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
    async def test_it_names_the_model_and_the_time(self, server: BedrockStandIn) -> None:
        line = await bedrock_converse.probe(bedrock_converse.Options(model="m.one"))
        assert line.startswith("m.one: first token after")
        assert server.requests[0].body["inferenceConfig"] == {"maxTokens": 5}

    @pytest.mark.parametrize(("status", "advice"), [(403, "access"), (404, "LLM_MODEL")])
    async def test_it_says_what_to_do_about_a_refusal(
        self, server: BedrockStandIn, status: int, advice: str
    ) -> None:
        server.llm.status = status
        with pytest.raises(EngineUnavailable, match=advice):
            await bedrock_converse.probe(bedrock_converse.Options())
