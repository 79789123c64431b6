"""What the engine `bedrock` asks for, and what it makes of the event stream."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIStatusError, llm
from pydantic import ValidationError

from agent.llm.bedrock import engine as bedrock_engine
from rejoinder.stand_ins.aws_server import AwsStandIn, text_events, tool_events
from tests.protocol.llm.bedrock_bench import bench_of
from tests.protocol.llm.contract import PATIENT, RETRYING, Bench, get_weather, spoken

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
"""One pixel."""


@pytest.fixture
async def bench(amazon: AwsStandIn) -> AsyncIterator[Bench]:
    bench = bench_of(amazon)
    yield bench
    await bench.engine.aclose()


class TestRequest:
    async def test_the_model_the_words_and_the_signature_are_sent(self, amazon: AwsStandIn) -> None:
        await bench_of(amazon, model="us.amazon.nova-2-lite-v1:0", region="us-west-2").answer()
        [request] = amazon.requests
        assert request.model == "us.amazon.nova-2-lite-v1:0"
        assert "/us-west-2/bedrock/aws4_request" in request.authorization
        assert request.body == {
            "messages": [{"role": "user", "content": [{"text": "How are you?"}]}],
            "system": [{"text": "Be brief."}],
        }

    async def test_every_option_has_its_place(self, amazon: AwsStandIn) -> None:
        bench = bench_of(
            amazon,
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
        body = amazon.requests[0].body
        assert body["inferenceConfig"] == {
            "temperature": 0.2,
            "topP": 0.9,
            "maxTokens": 50,
            "stopSequences": ["END", "###"],
        }
        assert body["additionalModelRequestFields"] == {"top_k": 20}
        assert body["performanceConfig"] == {"latency": "optimized"}
        assert body["guardrailConfig"] == {
            "guardrailIdentifier": "gr1",
            "guardrailVersion": "2",
            "streamProcessingMode": "sync",
        }

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

    @pytest.mark.parametrize(("kept", "ttl"), [("5m", {}), ("1h", {"ttl": "1h"})])
    async def test_what_the_next_request_begins_with_too_is_marked(
        self, amazon: AwsStandIn, kept: str, ttl: dict[str, str]
    ) -> None:
        bench = bench_of(amazon, model="us.anthropic.claude-x", prompt_cache=kept)
        await bench.answer(tools=[get_weather])
        body = amazon.requests[0].body
        point = {"cachePoint": {"type": "default", **ttl}}
        assert body["system"] == [{"text": "Be brief."}, point]
        assert body["toolConfig"]["tools"][1:] == [point]
        assert body["messages"][-1]["content"] == [{"text": "How are you?"}, point]

    async def test_models_of_amazon_take_no_mark_among_their_tools(
        self, amazon: AwsStandIn
    ) -> None:
        bench = bench_of(amazon, model="eu.amazon.nova-lite-v1:0", prompt_cache="5m")
        await bench.answer(tools=[get_weather])
        body = amazon.requests[0].body
        assert len(body["toolConfig"]["tools"]) == 1
        assert "cachePoint" in body["system"][-1]

    async def test_a_picture_is_sent_as_bytes(self, amazon: AwsStandIn, bench: Bench) -> None:
        pixel = base64.b64encode(PNG).decode()
        chat_ctx = llm.ChatContext.empty()
        image = llm.ImageContent(image=f"data:image/png;base64,{pixel}")
        chat_ctx.add_message(role="user", content=["What is this?", image])
        async with bench.engine.chat(chat_ctx=chat_ctx, conn_options=PATIENT) as stream:
            await stream.collect()
        [words, picture] = amazon.requests[0].body["messages"][0]["content"]
        assert words == {"text": "What is this?"}
        assert picture["image"]["format"] == "png"
        assert base64.b64decode(picture["image"]["source"]["bytes"])[:8] == PNG[:8]

    async def test_a_picture_by_address_is_refused_before_anything_is_sent(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        chat_ctx = llm.ChatContext.empty()
        image = llm.ImageContent(image="https://example.com/a.png")
        chat_ctx.add_message(role="user", content=["What is this?", image])
        with pytest.raises(APIStatusError, match="external_url"):
            await bench.engine.chat(chat_ctx=chat_ctx, conn_options=PATIENT).collect()
        assert amazon.requests == []

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"prompt_cache": "2h"}, "5m"),
            ({"guardrail_mode": "fast"}, "sync"),
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
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        usage = {
            "inputTokens": 10,
            "outputTokens": 4,
            "totalTokens": 44,
            "cacheReadInputTokens": 20,
            "cacheWriteInputTokens": 10,
        }
        amazon.reply = lambda body: text_events("Hi.", usage=usage)
        answer = await bench.answer()
        assert answer.usage is not None
        assert answer.usage.prompt_tokens == 40
        assert answer.usage.prompt_cached_tokens == 20
        assert answer.usage.cache_creation_tokens == 10
        assert answer.usage.total_tokens == 44

    async def test_reasoning_is_not_spoken(self, amazon: AwsStandIn, bench: Bench) -> None:
        amazon.reply = lambda body: text_events("Fine.", reasoning="They greet me.")
        assert (await bench.answer()).text == "Fine."

    async def test_an_answer_of_reasoning_alone_is_an_error_of_the_reply(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        amazon.reply = lambda body: text_events(
            "", reasoning="They greet me.", stop_reason="max_tokens"
        )
        with pytest.raises(APIConnectionError, match="without a word"):
            await bench.reply()

    async def test_reasoning_in_blocks_of_its_own_holds_the_answer_back_by_nothing(
        self, amazon: AwsStandIn
    ) -> None:
        amazon.reply = lambda body: text_events("Fine. I am.", reasoning="They greet me.")
        bench = bench_of(amazon, model="us.deepseek.r1-v1:0")
        assert await bench.reply() == "Fine. I am."

    async def test_reasoning_in_the_text_is_not_spoken(self, bench: Bench) -> None:
        bench.say("<thinking>They greet me.</thinking> Fine <3 you.")
        assert await bench.reply() == "Fine <3 you."

    async def test_text_before_a_tool_call_is_spoken(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        amazon.reply = lambda body: tool_events(
            ("get_weather", {"city": "Ghent"}), say="Let me look."
        )
        answer = await bench.answer(tools=[get_weather])
        assert answer.text == "Let me look."
        assert len(answer.tool_calls) == 1

    async def test_a_tool_call_cut_at_the_token_limit_is_not_guessed(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        def cut(body: dict[str, Any]) -> list[Any]:
            events = tool_events(("get_weather", {"city": "Ghent"}), stop_reason="max_tokens")
            return [e for e in events if '"Ghent' not in json.dumps(e).replace("\\", "")]

        amazon.reply = cut
        assert (await bench.answer(tools=[get_weather])).tool_calls == []

    async def test_an_answer_cut_at_the_token_limit_is_kept_and_logged(
        self, amazon: AwsStandIn, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        amazon.reply = lambda body: text_events("one two", stop_reason="max_tokens")
        assert (await bench.answer()).text == "one two"
        assert "LLM_MAX_TOKENS" in caplog.text

    async def test_an_answer_that_a_guardrail_took_away_is_told_as_such(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        amazon.reply = lambda body: text_events("", stop_reason="guardrail_intervened")
        with pytest.raises(APIStatusError, match="guardrail blocked the answer") as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable
        assert len(amazon.requests) == 1

    async def test_what_a_guardrail_says_instead_is_spoken(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        amazon.reply = lambda body: text_events("I may not.", stop_reason="guardrail_intervened")
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
        self, amazon: AwsStandIn, bench: Bench, reason: str, requests: int
    ) -> None:
        amazon.reply = lambda body: text_events("", stop_reason=reason)
        with pytest.raises((APIStatusError, APIConnectionError)):
            await bench.answer(conn_options=RETRYING)
        assert len(amazon.requests) == requests


class TestRounds:
    """Tools over several rounds, as livekit-agents' session holds them."""

    async def rounds(self, amazon: AwsStandIn, bench: Bench, **changed: Any) -> str:
        """Answer each call of a tool until the model speaks; what it said."""
        chat_ctx = llm.ChatContext.empty()
        chat_ctx.add_message(role="user", content="Weather in Ghent and Lyon?")
        for number in range(4):
            stream = bench.engine.chat(chat_ctx=chat_ctx, tools=[get_weather], conn_options=PATIENT)
            async with stream:
                answer = await stream.collect()
            if not answer.tool_calls:
                return answer.text
            for call in answer.tool_calls:
                made = llm.FunctionCall(
                    call_id=call.call_id,
                    name=call.name,
                    arguments=call.arguments,
                    extra=call.extra or {},
                    group_id=f"round {number}",
                )
                city = json.loads(call.arguments)["city"]
                given = llm.FunctionCallOutput(
                    call_id=call.call_id, name=call.name, output=f"rain in {city}", is_error=False
                )
                chat_ctx.items += [made, given]
        pytest.fail("it never speaks")

    async def test_each_result_stands_behind_its_call_and_the_last_answer_is_spoken(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        def reply(body: dict[str, Any]) -> list[Any]:
            results = json.dumps(body["messages"]).count("toolResult")
            city = ("Ghent", "Lyon", "")[results]
            if not city:
                return text_events("Rain in both.")
            events = tool_events(("get_weather", {"city": city}))
            return json.loads(json.dumps(events).replace("tool_0", f"tool_{results}"))

        amazon.reply = reply
        assert await self.rounds(amazon, bench) == "Rain in both."
        told = amazon.requests[-1].body["messages"]
        assert [message["role"] for message in told] == [
            "user", "assistant", "user", "assistant", "user",
        ]  # fmt: skip
        for used, result, city in ((told[1], told[2], "Ghent"), (told[3], told[4], "Lyon")):
            [use], [given] = used["content"], result["content"]
            assert use["toolUse"]["input"] == {"city": city}
            assert given["toolResult"]["toolUseId"] == use["toolUse"]["toolUseId"]
            assert given["toolResult"]["content"] == [{"text": f"rain in {city}"}]

    async def test_signed_thoughts_go_back_with_the_result_and_are_never_spoken(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        amazon.reply = lambda body: (
            text_events("It rains.", reasoning="Done.")
            if "toolResult" in json.dumps(body)
            else tool_events(
                ("get_weather", {"city": "Ghent"}), reasoning="Look it up.", signature="signed"
            )
        )
        assert await self.rounds(amazon, bench) == "It rains."
        thought, use = amazon.requests[1].body["messages"][1]["content"]
        assert thought == {
            "reasoningContent": {"reasoningText": {"text": "Look it up.", "signature": "signed"}}
        }
        assert "toolUse" in use

    async def test_another_model_is_not_given_them(self, amazon: AwsStandIn, bench: Bench) -> None:
        chat_ctx = llm.ChatContext.empty()
        chat_ctx.add_message(role="user", content="Weather?")
        thoughts = {"model": "another", "thoughts": [{"text": "Hm.", "signature": "s"}]}
        chat_ctx.items += [
            llm.FunctionCall(
                call_id="c", name="get_weather", arguments="{}", extra={"bedrock": thoughts}
            ),
            llm.FunctionCallOutput(call_id="c", name="get_weather", output="rain", is_error=False),
        ]
        stream = bench.engine.chat(chat_ctx=chat_ctx, tools=[get_weather], conn_options=PATIENT)
        async with stream:
            await stream.collect()
        assert "reasoningContent" not in json.dumps(amazon.requests[0].body)


class TestFraming:
    async def test_frames_split_over_writes_are_joined(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        amazon.llm.split = 33
        bench.say("one two three")
        assert (await bench.answer()).text == "one two three"

    async def test_frames_in_one_write_are_parted(self, amazon: AwsStandIn, bench: Bench) -> None:
        amazon.llm.joined = True
        bench.say("one two three")
        assert len(await spoken(bench.ask())) == 3

    async def test_a_truncated_frame_is_an_error(self, amazon: AwsStandIn, bench: Bench) -> None:
        amazon.llm.truncate = True
        amazon.llm.fault_after = 2
        bench.say("one two three")
        with pytest.raises(APIConnectionError, match="broke off") as caught:
            await bench.answer(conn_options=RETRYING)
        assert not caught.value.retryable

    async def test_an_end_without_message_stop_is_an_error(
        self, amazon: AwsStandIn, bench: Bench
    ) -> None:
        amazon.llm.end = True
        amazon.llm.fault_after = 3
        bench.say("one two three")
        with pytest.raises(APIConnectionError, match="broke off"):
            await bench.answer()

    async def test_a_wrong_checksum_is_an_error(self, amazon: AwsStandIn, bench: Bench) -> None:
        amazon.llm.bad_crc = True
        amazon.llm.fault_after = 2
        bench.say("one two three")
        with pytest.raises(APIConnectionError, match="malformed"):
            await bench.answer()
