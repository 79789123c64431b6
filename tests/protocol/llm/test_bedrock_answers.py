"""What the engine `bedrock` asks for, and what it makes of the event stream."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIStatusError
from pydantic import ValidationError

from agent.llm.bedrock import engine as bedrock_engine
from tests.fakes.bedrock_server import BedrockStandIn, text_events, tool_events
from tests.protocol.llm.bedrock_bench import bench_of
from tests.protocol.llm.contract import RETRYING, Bench, get_weather, spoken


@pytest.fixture
async def bench(bedrock: BedrockStandIn) -> AsyncIterator[Bench]:
    bench = bench_of(bedrock)
    yield bench
    await bench.engine.aclose()


class TestRequest:
    async def test_the_model_the_words_and_the_signature_are_sent(
        self, bedrock: BedrockStandIn
    ) -> None:
        await bench_of(bedrock, model="us.amazon.nova-2-lite-v1:0", region="us-west-2").answer()
        [request] = bedrock.requests
        assert request.model == "us.amazon.nova-2-lite-v1:0"
        assert "/us-west-2/bedrock/aws4_request" in request.authorization
        assert request.body == {
            "messages": [{"role": "user", "content": [{"text": "How are you?"}]}],
            "system": [{"text": "Be brief."}],
        }

    async def test_every_option_has_its_place(self, bedrock: BedrockStandIn) -> None:
        bench = bench_of(
            bedrock,
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
        body = bedrock.requests[0].body
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
            bedrock_engine.Options(**options)


class TestAnswer:
    async def test_cached_tokens_belong_to_the_prompt(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        usage = {
            "inputTokens": 10,
            "outputTokens": 4,
            "totalTokens": 44,
            "cacheReadInputTokens": 20,
            "cacheWriteInputTokens": 10,
        }
        bedrock.reply = lambda body: text_events("Hi.", usage=usage)
        answer = await bench.answer()
        assert answer.usage is not None
        assert answer.usage.prompt_tokens == 40
        assert answer.usage.prompt_cached_tokens == 20
        assert answer.usage.cache_creation_tokens == 10
        assert answer.usage.total_tokens == 44

    async def test_reasoning_is_not_spoken(self, bedrock: BedrockStandIn, bench: Bench) -> None:
        bedrock.reply = lambda body: text_events("Fine.", reasoning="They greet me.")
        assert (await bench.answer()).text == "Fine."

    async def test_an_answer_of_reasoning_alone_is_an_error_of_the_reply(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bedrock.reply = lambda body: text_events(
            "", reasoning="They greet me.", stop_reason="max_tokens"
        )
        with pytest.raises(APIConnectionError, match="without a word"):
            await bench.reply()

    async def test_reasoning_in_blocks_of_its_own_holds_the_answer_back_by_nothing(
        self, bedrock: BedrockStandIn
    ) -> None:
        bedrock.reply = lambda body: text_events("Fine. I am.", reasoning="They greet me.")
        bench = bench_of(bedrock, model="us.deepseek.r1-v1:0")
        assert await bench.reply() == "Fine. I am."

    async def test_reasoning_in_the_text_is_not_spoken(self, bench: Bench) -> None:
        bench.say("<thinking>They greet me.</thinking> Fine <3 you.")
        assert await bench.reply() == "Fine <3 you."

    async def test_text_before_a_tool_call_is_spoken(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bedrock.reply = lambda body: tool_events(
            ("get_weather", {"city": "Ghent"}), say="Let me look."
        )
        answer = await bench.answer(tools=[get_weather])
        assert answer.text == "Let me look."
        assert len(answer.tool_calls) == 1

    async def test_a_tool_call_cut_at_the_token_limit_is_not_guessed(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        def cut(body: dict[str, Any]) -> list[Any]:
            events = tool_events(("get_weather", {"city": "Ghent"}), stop_reason="max_tokens")
            return [e for e in events if '"Ghent' not in json.dumps(e).replace("\\", "")]

        bedrock.reply = cut
        assert (await bench.answer(tools=[get_weather])).tool_calls == []

    async def test_an_answer_cut_at_the_token_limit_is_kept_and_logged(
        self, bedrock: BedrockStandIn, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bedrock.reply = lambda body: text_events("one two", stop_reason="max_tokens")
        assert (await bench.answer()).text == "one two"
        assert "LLM_MAX_TOKENS" in caplog.text

    async def test_what_a_guardrail_says_instead_is_spoken(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bedrock.reply = lambda body: text_events("I may not.", stop_reason="guardrail_intervened")
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
        self, bedrock: BedrockStandIn, bench: Bench, reason: str, requests: int
    ) -> None:
        bedrock.reply = lambda body: text_events("", stop_reason=reason)
        with pytest.raises((APIStatusError, APIConnectionError)):
            await bench.answer(conn_options=RETRYING)
        assert len(bedrock.requests) == requests


class TestFraming:
    async def test_frames_split_over_writes_are_joined(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bedrock.llm.split = 33
        bench.say("one two three")
        assert (await bench.answer()).text == "one two three"

    async def test_frames_in_one_write_are_parted(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bedrock.llm.joined = True
        bench.say("one two three")
        assert len(await spoken(bench.ask())) == 3

    async def test_a_truncated_frame_is_an_error(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bedrock.llm.truncate = True
        bedrock.llm.fault_after = 2
        bench.say("one two three")
        with pytest.raises(APIConnectionError, match="broke off") as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable

    async def test_an_end_without_message_stop_is_an_error(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bedrock.llm.end = True
        bedrock.llm.fault_after = 3
        bench.say("one two three")
        with pytest.raises(APIConnectionError, match="broke off"):
            await bench.answer()

    async def test_a_wrong_checksum_is_an_error(
        self, bedrock: BedrockStandIn, bench: Bench
    ) -> None:
        bedrock.llm.bad_crc = True
        bedrock.llm.fault_after = 2
        bench.say("one two three")
        with pytest.raises(APIConnectionError, match="malformed"):
            await bench.answer()
