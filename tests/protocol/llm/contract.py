"""What every language-model engine must do, whatever its wire.

A test class inherits `LLMContract` and gives a `bench` fixture.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    llm,
)

from agent.costs.meter import Meter
from agent.llm.reply_filter import Chunk, Habit, filtered_reply
from agent.remote.openai_errors import reason_of
from rejoinder.stand_ins.answering import Behaviour
from testbed.waiting import PATIENCE_S
from tests.fakes.metering import line_of, metered

PATIENT = APIConnectOptions(max_retry=0, timeout=5.0)
RETRYING = APIConnectOptions(max_retry=1, retry_interval=0.01, timeout=5.0)
HASTY = APIConnectOptions(max_retry=0, timeout=1.0)
"""What it limits is to happen; a busy machine needs more than half of it to begin a request."""


@llm.function_tool
async def get_weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: where
    """
    return f"sunny in {city}"


@llm.function_tool
async def get_time() -> str:
    """Tell the time."""
    return "noon"


@dataclass
class Bench:
    """One engine and the stand-in that it talks to."""

    engine: llm.LLM[Any]
    how: Behaviour
    """Faults and delays of the stand-in."""
    requests: Sequence[Any]
    """What it saw: records with `outcome`, `chunks`, `ended`."""
    say: Callable[[str], None]
    """Set the answer to a text, streamed word by word."""
    call: Callable[..., None]
    """Set the answer to tool calls: (name, arguments), …."""
    fail_in_stream: Callable[[int], None]
    """Put an error into the stream after this many pieces."""

    def ask(
        self,
        text: str = "How are you?",
        *,
        conn_options: APIConnectOptions = PATIENT,
        **request: Any,
    ) -> llm.LLMStream:
        chat_ctx = llm.ChatContext.empty()
        chat_ctx.add_message(role="system", content="Be brief.")
        chat_ctx.add_message(role="user", content=text)
        return self.engine.chat(chat_ctx=chat_ctx, conn_options=conn_options, **request)

    async def answer(self, **request: Any) -> llm.CollectedResponse:
        async with self.ask(**request) as stream:
            return await stream.collect()

    async def introduce(self) -> None:
        """Let the server answer once, so that the engine knows that they understand each other."""
        await self.answer()

    async def reply(self, **request: Any) -> str:
        """What of an answer reaches the voice."""
        habit = request.pop("habit", None) or Habit()
        stall_s = request.pop("stall_s", 5.0)
        async with self.ask(**request) as stream:
            pieces = filtered_reply(
                _pieces(stream),
                tools=request.get("tools", []),
                model=self.engine.model,
                habit=habit,
                stall_s=stall_s,
            )
            return "".join([_text(piece) async for piece in pieces])

    async def outcome(self, index: int = 0) -> str:
        """How a request ended at the server; waits for the end."""
        deadline = time.perf_counter() + PATIENCE_S
        while len(self.requests) <= index or self.requests[index].ended is None:
            if time.perf_counter() > deadline:
                return "open"
            await asyncio.sleep(0.01)
        return str(self.requests[index].outcome)


async def _pieces(stream: llm.LLMStream) -> AsyncGenerator[Chunk, None]:
    async for chunk in stream:
        yield chunk


def _text(piece: Chunk) -> str:
    if isinstance(piece, llm.ChatChunk):
        return (piece.delta.content or "") if piece.delta is not None else ""
    return piece if isinstance(piece, str) else ""


async def spoken(stream: llm.LLMStream) -> list[str]:
    """The pieces of text of an answer."""
    return [c.delta.content async for c in stream if c.delta and c.delta.content]


class LLMContract:
    """Inherited by each engine's test class."""

    async def test_text_arrives_piece_by_piece(self, bench: Bench) -> None:
        bench.say("one two three four")
        assert "".join(await spoken(bench.ask())) == "one two three four"

    async def test_the_first_piece_arrives_before_the_last_is_sent(self, bench: Bench) -> None:
        bench.say("one two three four five six")
        bench.how.between_s = 0.05
        async with bench.ask() as stream:
            async for chunk in stream:
                if chunk.delta and chunk.delta.content:
                    break
            seen_at_first_piece = bench.requests[0].chunks
            rest = await spoken(stream)
        assert len(rest) >= 4
        assert seen_at_first_piece < bench.requests[0].chunks

    async def test_usage_is_reported(self, bench: Bench) -> None:
        answer = await bench.answer()
        assert answer.usage is not None
        assert answer.usage.prompt_tokens > 0
        assert answer.usage.completion_tokens > 0

    async def test_its_tokens_are_counted_and_estimated_of_a_reply_that_is_closed_early(
        self, bench: Bench
    ) -> None:
        meter = Meter()
        bench.engine = metered("llm", bench.engine, meter)
        bench.say("one two three four five six")
        usage = (await bench.answer()).usage
        line = line_of(meter)
        assert usage is not None
        assert line.used.prompt_tokens == usage.prompt_tokens
        assert line.used.completion_tokens == usage.completion_tokens
        assert line.estimated == 0
        bench.how.between_s = 0.05
        async with bench.ask() as stream:
            async for chunk in stream:
                if chunk.delta and chunk.delta.content:
                    break
        line = line_of(meter)
        assert (line.used.requests, line.estimated) == (2, 1)
        assert line.used.prompt_tokens == 2 * usage.prompt_tokens
        assert line.thrown.requests == 0, "something of it was used"

    async def test_a_tool_call_is_given_with_its_arguments(self, bench: Bench) -> None:
        bench.call(("get_weather", {"city": "Ghent"}))
        answer = await bench.answer(tools=[get_weather, get_time])
        [call] = answer.tool_calls
        assert call.name == "get_weather"
        assert json.loads(call.arguments) == {"city": "Ghent"}
        assert call.call_id

    async def test_several_tool_calls_in_one_answer_are_all_given(self, bench: Bench) -> None:
        bench.call(("get_weather", {"city": "Ghent"}), ("get_time", {}), ("get_time", {}))
        answer = await bench.answer(tools=[get_weather, get_time])
        assert [c.name for c in answer.tool_calls] == ["get_weather", "get_time", "get_time"]
        assert json.loads(answer.tool_calls[1].arguments) == {}
        assert len({c.call_id for c in answer.tool_calls}) == 3

    async def test_a_tool_result_is_answered(self, bench: Bench) -> None:
        chat_ctx = llm.ChatContext.empty()
        chat_ctx.add_message(role="user", content="Weather in Ghent?")
        chat_ctx.items += [
            llm.FunctionCall(call_id="c1", name="get_weather", arguments='{"city": "Ghent"}'),
            llm.FunctionCallOutput(call_id="c1", name="get_weather", output="rain", is_error=False),
        ]
        bench.say("It rains.")
        stream = bench.engine.chat(chat_ctx=chat_ctx, tools=[get_weather], conn_options=PATIENT)
        async with stream:
            assert "".join(await spoken(stream)) == "It rains."
        sent = json.dumps(bench.requests[0].body)
        assert "c1" in sent
        assert "rain" in sent

    async def test_closing_a_stream_midway_cancels_the_request_at_the_server(
        self, bench: Bench
    ) -> None:
        bench.say("word " * 200)
        bench.how.between_s = 0.02
        async with bench.ask() as stream:
            async for chunk in stream:
                if chunk.delta and chunk.delta.content:
                    break
        assert await bench.outcome() == "cancelled"
        assert bench.requests[0].chunks < 50

    async def test_cancelling_the_reader_cancels_the_request_at_the_server(
        self, bench: Bench
    ) -> None:
        bench.say("word " * 200)
        bench.how.between_s = 0.02
        started = asyncio.Event()

        async def read() -> None:
            async with bench.ask() as stream:
                async for _ in stream:
                    started.set()

        reader = asyncio.create_task(read())
        await started.wait()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert await bench.outcome() == "cancelled"

    async def test_a_request_closed_before_its_first_byte_ends_at_the_server(
        self, bench: Bench
    ) -> None:
        bench.say("word " * 200)
        bench.how.first_byte_s = 1.0
        bench.how.between_s = 0.02
        stream = bench.ask()
        async with asyncio.timeout(5):
            while not bench.requests:
                await asyncio.sleep(0.01)
        began = time.perf_counter()
        await stream.aclose()
        assert time.perf_counter() - began < 4, "the whole answer takes five seconds"
        assert await bench.outcome() == "cancelled"
        assert bench.requests[0].chunks < 50

    async def test_a_stream_is_closed_twice_without_harm(self, bench: Bench) -> None:
        stream = bench.ask()
        await spoken(stream)
        await stream.aclose()
        await stream.aclose()

    async def test_the_engine_is_closed_twice_without_harm(self, bench: Bench) -> None:
        await bench.answer()
        await bench.engine.aclose()
        await bench.engine.aclose()

    async def test_two_streams_at_once_do_not_mix(self, bench: Bench) -> None:
        bench.say("alpha beta gamma delta")
        bench.how.between_s = 0.01
        first, second = await asyncio.gather(spoken(bench.ask()), spoken(bench.ask()))
        assert "".join(first) == "".join(second) == "alpha beta gamma delta"

    async def test_ten_streams_at_once_are_all_answered(self, bench: Bench) -> None:
        bench.say("alpha beta gamma delta")
        answers = await asyncio.gather(*(spoken(bench.ask()) for _ in range(10)))
        assert ["".join(answer) for answer in answers] == ["alpha beta gamma delta"] * 10

    @pytest.mark.timeout(60)
    async def test_very_long_words_go_and_come_whole(self, bench: Bench) -> None:
        asked, answered = "question " * 20_000, "answer " * 2_000
        bench.say(answered)
        assert "".join(await spoken(bench.ask(asked))).split() == answered.split()
        assert json.dumps(bench.requests[0].body).count("question") == 20_000

    @pytest.mark.parametrize("text", ["你好，今天天气怎么样？", "Привет 😀", "ありがとう", "سلام"])
    async def test_words_of_any_language_go_and_come_unharmed(
        self, bench: Bench, text: str
    ) -> None:
        bench.say(text)
        assert "".join(await spoken(bench.ask(text))) == text
        assert text in json.dumps(bench.requests[0].body, ensure_ascii=False)

    async def test_a_cut_midway_is_an_error_that_is_not_retried(self, bench: Bench) -> None:
        bench.say("one two three four five")
        bench.how.cut_after = 4
        stream = bench.ask(conn_options=RETRYING)
        heard = await anext(stream)
        while not (heard.delta and heard.delta.content):
            heard = await anext(stream)
        with pytest.raises(APIConnectionError) as caught:
            await spoken(stream)
        await stream.aclose()
        assert not caught.value.retryable
        assert len(bench.requests) == 1

    async def test_a_cut_before_the_first_token_is_retried(self, bench: Bench) -> None:
        bench.how.cut_after = 0
        with pytest.raises(APIConnectionError):
            await bench.answer(conn_options=RETRYING)
        assert len(bench.requests) == 2

    async def test_an_error_in_the_stream_is_raised_and_not_retried(self, bench: Bench) -> None:
        bench.say("one two three four five")
        bench.fail_in_stream(4)
        with pytest.raises(APIError) as caught:
            await bench.answer(conn_options=RETRYING)
        assert "stand-in fault" in reason_of(caught.value)
        assert "stand-in fault" not in str(caught.value)
        assert len(bench.requests) == 1

    async def test_a_stall_midway_is_a_time_out(self, bench: Bench) -> None:
        bench.say("one two three four five")
        bench.how.stall_after = 4
        with pytest.raises(APITimeoutError):
            await bench.answer(conn_options=HASTY)
        assert await bench.outcome() == "cancelled"

    async def test_a_slow_first_token_is_a_time_out(self, bench: Bench) -> None:
        bench.how.first_byte_s = 60.0
        began = time.perf_counter()
        with pytest.raises(APITimeoutError):
            await bench.answer(conn_options=HASTY)
        assert time.perf_counter() - began < PATIENCE_S

    async def test_headers_without_a_first_token_are_a_time_out(self, bench: Bench) -> None:
        bench.say("one two")
        bench.how.stall_after = 1
        began = time.perf_counter()
        with pytest.raises(APITimeoutError):
            await bench.answer(conn_options=HASTY)
        assert HASTY.timeout * 0.9 < time.perf_counter() - began < PATIENCE_S

    @pytest.mark.parametrize("status", [429, 500, 503])
    async def test_a_passing_refusal_is_retried(self, bench: Bench, status: int) -> None:
        bench.say("fine now")
        bench.how.status = status
        bench.how.failures = 1
        assert (await bench.answer(conn_options=RETRYING)).text == "fine now"
        assert len(bench.requests) == 2

    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    async def test_a_lasting_refusal_is_not_retried(self, bench: Bench, status: int) -> None:
        await bench.introduce()
        bench.how.status = status
        with pytest.raises(APIStatusError) as caught:
            await bench.answer(conn_options=RETRYING)
        assert "stand-in fault" in reason_of(caught.value)
        assert caught.value.status_code == status
        assert not caught.value.retryable
        assert len(bench.requests) == 2

    async def test_something_that_is_not_the_protocol_is_an_error(self, bench: Bench) -> None:
        bench.how.malformed = True
        with pytest.raises(APIConnectionError):
            await bench.answer()

    async def test_a_server_that_is_not_there_is_a_connection_error(
        self, unreachable: llm.LLM[Any]
    ) -> None:
        chat_ctx = llm.ChatContext.empty()
        chat_ctx.add_message(role="user", content="Hello?")
        with pytest.raises(APIConnectionError):
            await unreachable.chat(chat_ctx=chat_ctx, conn_options=PATIENT).collect()
        await unreachable.aclose()

    async def test_an_error_is_told_to_listeners_without_the_words_of_the_caller(
        self, bench: Bench
    ) -> None:
        errors: list[llm.LLMError] = []
        bench.engine.on("error", errors.append)
        bench.how.status = 400
        bench.how.repeats = True
        with pytest.raises(APIStatusError) as caught:
            await bench.answer(text="my secret is swordfish")
        assert "swordfish" in reason_of(caught.value)
        assert len(errors) == 1
        assert "swordfish" not in f"{errors[0].error} {errors[0].error!r}"

    @pytest.mark.parametrize(
        "text",
        [
            "<think> they greet me </think> Good day.",
            "<thinking>They greet\nme.</thinking>\nGood day.",
            "[THINK]They greet me.[/THINK]Good day.",
            "<|channel|>analysis<|message|>We greet.<|end|><|start|>assistant"
            "<|channel|>final<|message|>Good day.",
        ],
    )
    async def test_thoughts_in_the_text_are_not_spoken(self, bench: Bench, text: str) -> None:
        bench.say(text)
        assert await bench.reply() == "Good day."

    async def test_thoughts_that_a_template_began_are_withheld_from_the_second_answer_on(
        self, bench: Bench
    ) -> None:
        bench.say("I should be short. </think> Good day.")
        habit = Habit()
        assert (await bench.reply(habit=habit)).endswith("Good day.")
        assert await bench.reply(habit=habit) == "Good day."

    async def test_an_answer_without_words_is_an_error_of_the_reply(self, bench: Bench) -> None:
        for text in ("", " ", "<think>hm</think>", '{"name": "get_weather", "arguments": {}}'):
            bench.say(text)
            with pytest.raises(APIError):
                await bench.reply()

    async def test_a_written_tool_call_is_made_if_the_tool_exists(self, bench: Bench) -> None:
        bench.say('<tool_call>{"name": "get_weather", "arguments": {"city": "Ghent"}}</tool_call>')
        assert await bench.reply(tools=[get_weather]) == ""
        with pytest.raises(APIError):
            await bench.reply(tools=[get_time])

    async def test_words_that_stop_coming_are_an_error_after_the_set_wait(
        self, bench: Bench
    ) -> None:
        bench.say("one two three four five")
        bench.how.stall_after = 4
        began = time.perf_counter()
        with pytest.raises(APITimeoutError):
            await bench.reply(stall_s=0.3)
        assert time.perf_counter() - began < PATIENT.timeout
        assert await bench.outcome() == "cancelled"

    async def test_a_greeting_and_double_messages_go_out_as_turns(self, bench: Bench) -> None:
        chat_ctx = llm.ChatContext.empty()
        for role, text in (
            ("system", "Be brief."), ("assistant", "Hello!"), ("user", "a"), ("user", "b"),
            ("assistant", " "), ("user", "c"), ("assistant", "d"), ("assistant", "e"),
            ("user", "f"),
        ):  # fmt: skip
            chat_ctx.add_message(role=role, content=text)
        async with bench.engine.chat(chat_ctx=chat_ctx, conn_options=PATIENT) as stream:
            await stream.collect()
        roles = [m["role"] for m in bench.requests[0].body["messages"] if m["role"] != "system"]
        assert roles == ["user", "assistant", "user", "assistant", "user"]
