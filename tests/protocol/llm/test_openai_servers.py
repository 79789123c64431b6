"""Engine `openai` against servers as people run them, with what each does in its own way.

Sources: Ollama, docs/openai.md and issues; ggml-org/llama.cpp, tools/server; vLLM,
entrypoints/openai; DeepSeek's and Mistral's API references; mistralai/mistral-common,
protocol/instruct/validator.py; ymcui/Chinese-LLaMA-Alpaca-3, scripts/oai_api_demo.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from livekit.agents import APIConnectionError, APIError, APIStatusError, llm

from agent.errors import EngineUnavailable
from agent.llm.openai import engine as openai
from rejoinder.stand_ins.openai_server import OpenAIStandIn, strict_template
from tests.protocol.llm.contract import PATIENT, RETRYING, Bench, get_time, get_weather
from tests.protocol.llm.test_openai_chat import bench_of, make

STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
GHENT = '{"city": "Ghent"}'


@pytest.fixture
async def bench(openai_server: OpenAIStandIn) -> AsyncIterator[Bench]:
    engine = await make(openai_server)
    yield bench_of(openai_server, engine)
    await engine.aclose()


def delta(**fields: Any) -> dict[str, Any]:
    """One event of a stream."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def call(name: str, arguments: Any = "", **fields: Any) -> dict[str, Any]:
    """One tool call of a delta."""
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **fields}


def after_a_tool(*said: tuple[Any, str], call_id: str = "call_abcdefghijk") -> llm.ChatContext:
    """A history in which a tool was asked, and what was said since."""
    chat_ctx = llm.ChatContext.empty()
    chat_ctx.add_message(role="user", content="Weather in Ghent?")
    chat_ctx.items += [
        llm.FunctionCall(call_id=call_id, name="get_weather", arguments=GHENT),
        llm.FunctionCallOutput(call_id=call_id, name="get_weather", output="rain", is_error=False),
    ]
    for role, text in said:
        chat_ctx.add_message(role=role, content=text)
    return chat_ctx


async def text_of(bench: Bench, chat_ctx: llm.ChatContext) -> str:
    async with bench.engine.chat(
        chat_ctx=chat_ctx, tools=[get_weather], conn_options=PATIENT
    ) as stream:
        return (await stream.collect()).text


class TestOllama:
    async def test_whole_tool_calls_with_the_reason_stop_are_made(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        calls = [call("get_weather", GHENT, id="call_1"), call("get_time", "{}", id="call_2")]
        openai_server.deltas = [{"role": "assistant", "content": "", "tool_calls": calls}]
        made = (await bench.answer(tools=[get_weather, get_time])).tool_calls
        assert [(c.name, c.call_id) for c in made] == [
            ("get_weather", "call_1"),
            ("get_time", "call_2"),
        ]

    async def test_calls_that_are_all_counted_as_the_first_are_told_apart(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.deltas = [
            {"tool_calls": [call("get_weather", GHENT, id="call_1", index=0)]},
            {"tool_calls": [call("get_time", "{}", id="call_2", index=0)]},
        ]
        made = (await bench.answer(tools=[get_weather, get_time])).tool_calls
        assert [(c.name, c.arguments) for c in made] == [("get_weather", GHENT), ("get_time", "{}")]

    async def test_a_model_without_tools_talks_on_without_them(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.refuse = lambda body: (
            "registry.ollama.ai/library/gemma:2b does not support tools"
            if "tools" in body
            else None
        )
        for _ in range(2):
            assert (await bench.answer(tools=[get_weather], tool_choice="auto")).text == "Hello."
        assert [r.outcome for r in bench.requests] == ["refused", "completed", "completed"]
        assert "tool_choice" not in bench.requests[-1].body

    async def test_what_a_tool_gave_is_told_to_a_model_without_tools(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.refuse = lambda body: (
            "this model does not support tools" if "tools" in body else strict_template(body)
        )
        assert await text_of(bench, after_a_tool()) == "Hello."
        [told] = bench.requests[-1].body["messages"]
        assert told["content"] == f"Weather in Ghent?\n[get_weather({GHENT}) returned: rain]"

    async def test_its_model_is_loaded_before_the_first_word_is_wanted(self) -> None:
        loaded: list[Any] = []

        async def generate(request: web.Request) -> web.Response:
            loaded.append(await request.json())
            return web.json_response({"model": "qwen3:8b", "done": True, "done_reason": "load"})

        ollama = OpenAIStandIn(
            models=["nomic-embed-text", "qwen3:8b"],
            listed={"owned_by": "library"},
            extra_routes=[("POST", "/api/generate", generate)],
        )
        async with ollama.serve(), await make(ollama, model=None) as engine:
            engine.prewarm()
            async with asyncio.timeout(3):
                while not loaded:
                    await asyncio.sleep(0.01)  # noqa: ASYNC110 - nothing tells when it is done
        assert loaded == [{"model": "qwen3:8b"}]
        assert ollama.requests == []

    async def test_an_address_without_v1_is_explained(self, openai_server: OpenAIStandIn) -> None:
        url = openai_server.url.removesuffix("/v1")
        with pytest.raises(EngineUnavailable, match="LLM_URL to end in /v1"):
            await openai.probe(openai.Options(url=url, model="m"))


class TestLlamaCpp:
    @pytest.mark.parametrize(
        "why", ["tools param requires --jinja flag", "Unsupported param: tools"]
    )
    async def test_a_server_without_templates_is_asked_without_tools(
        self, openai_server: OpenAIStandIn, bench: Bench, why: str
    ) -> None:
        openai_server.refuse_status = 500
        openai_server.refuse = lambda body: (
            {"error": {"code": 500, "message": why, "type": "server_error"}}
            if "tools" in body
            else None
        )
        assert (await bench.answer(tools=[get_weather])).text == "Hello."

    async def test_a_template_without_a_system_role_hears_it_from_the_caller(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.refuse_status = 500
        openai_server.refuse = lambda body: (
            "System role not supported" if body["messages"][0]["role"] == "system" else None
        )
        assert (await bench.answer()).text == "Hello."

    async def test_a_failure_that_names_other_fields_costs_none_of_them(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.refuse_status = 500
        openai_server.refuse = lambda body: "Traceback: stream_options, tools=[...], temperature"
        with pytest.raises(APIStatusError):
            await bench.answer(tools=[get_weather])
        assert len(bench.requests) == 1

    async def test_a_model_that_is_still_loading_is_waited_for(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        bench.how.status, bench.how.failures = 503, 1
        assert (await bench.answer(conn_options=RETRYING)).text == "Hello."
        bench.how.status, bench.how.failures = 503, None
        with pytest.raises(EngineUnavailable, match="still loading its model"):
            await openai.probe(openai.Options(url=openai_server.url, model="m"))

    async def test_fields_of_its_own_do_no_harm(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        timings = {"prompt_n": 12, "predicted_per_second": 40.1}
        openai_server.events = [
            delta(role="assistant", content=None),
            delta(reasoning_content="They greet me."),
            delta(content="Good day."),
            STOP | {"timings": timings, "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
            None,
        ]
        assert await bench.reply() == "Good day."


class TestVLLM:
    async def test_a_server_that_was_started_without_a_tool_parser_is_asked_without_tools(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        why = (
            '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
        )
        openai_server.refuse = lambda body: why if "tools" in body else None
        assert (await bench.answer(tools=[get_weather])).text == "Hello."

    async def test_a_conversation_that_has_become_too_long_is_told_and_not_asked_again(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        await bench.introduce()
        why = "This model's maximum context length is 4096 tokens. However, you requested 5000"
        openai_server.refuse = lambda body: why
        with pytest.raises(APIStatusError) as caught:
            await bench.answer(text="word " * 20_000, conn_options=RETRYING)
        assert not caught.value.retryable
        assert len(bench.requests) == 2

    async def test_usage_that_is_told_with_every_word_is_taken_once(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        counts = [
            {"prompt_tokens": 5, "completion_tokens": n, "total_tokens": 5 + n} for n in (1, 2)
        ]
        openai_server.events = [
            delta(content="Good ") | {"usage": counts[0]},
            delta(content="day.") | {"usage": counts[1]},
            STOP,
            None,
        ]
        answer = await bench.answer()
        assert (answer.text, answer.usage.completion_tokens) == ("Good day.", 2)  # type: ignore[union-attr]


class TestDeepSeek:
    async def test_what_it_read_from_its_cache_is_counted(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        usage = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 8}
        openai_server.events = [delta(content="Yes."), STOP | {"usage": usage}, None]
        answer = await bench.answer()
        assert answer.usage is not None
        assert answer.usage.prompt_cached_tokens == 8

    async def test_an_empty_account_is_explained(self, openai_server: OpenAIStandIn) -> None:
        openai_server.llm.status = 402
        with pytest.raises(EngineUnavailable, match="no credit left"):
            await openai.probe(openai.Options(url=openai_server.url, model="m"))


class TestMistral:
    async def test_a_caller_who_breaks_in_after_a_tool_does_not_end_the_talk(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.refuse = strict_template
        assert await text_of(bench, after_a_tool(("user", "Wait!"))) == "Hello."
        roles = [m["role"] for m in bench.requests[0].body["messages"]]
        assert roles == ["user", "assistant", "tool", "assistant", "user"]

    async def test_ids_that_another_server_made_are_made_short(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        def refuse(body: dict[str, Any]) -> str | None:
            ids = re.findall(r'"(?:id|tool_call_id)": "([^"]*)"', json.dumps(body["messages"]))
            wrong = [one for one in ids if not re.fullmatch(r"[a-zA-Z0-9]{9}", one)]
            if not wrong:
                return None
            return f"Tool call id was {wrong[0]} but must be a-z, A-Z, 0-9, with a length of 9."

        openai_server.refuse = refuse
        assert await text_of(bench, after_a_tool()) == "Hello."
        assert await text_of(bench, after_a_tool()) == "Hello."
        assert [r.outcome for r in bench.requests] == ["refused", "completed", "completed"]
        asked, told = bench.requests[-1].body["messages"][1:3]
        assert asked["tool_calls"][0]["id"] == told["tool_call_id"]

    async def test_calls_without_an_id_get_one_that_it_takes_back(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.deltas = [
            {"tool_calls": [call("get_time", "{}"), call("get_weather", GHENT)]}
        ]
        made = (await bench.answer(tools=[get_weather, get_time])).tool_calls
        assert len({c.call_id for c in made}) == 2
        assert all(re.fullmatch(r"[a-z0-9]{9}", c.call_id) for c in made)

    async def test_extra_fields_are_left_out_for_a_server_that_allows_none(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        def refuse(body: dict[str, Any]) -> dict[str, Any] | None:
            for name in ("stream_options", "tools"):
                if name in body:
                    what = {"type": "extra_forbidden", "loc": ["body", name]}
                    said = {"msg": "Extra inputs are not permitted", "input": body[name]}
                    return {"object": "error", "message": {"detail": [what | said]}}
            return None

        openai_server.refuse, openai_server.refuse_status = refuse, 422
        assert (await bench.answer(tools=[get_weather])).text == "Hello."

    async def test_a_tool_that_is_wrong_is_told_and_the_others_stay(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        await bench.introduce()
        openai_server.refuse = lambda body: (
            {"detail": [{"loc": ["body", "tools", 0, "function"], "msg": "Extra inputs forbidden"}]}
            if "tools" in body
            else None
        )
        with pytest.raises(APIStatusError):
            await bench.answer(tools=[get_weather])


class TestLongConversations:
    """More than the model reads: in the words of OpenAI, llama.cpp and vLLM."""

    REFUSALS = (
        {"error": {"message": "no room", "code": "context_length_exceeded"}},
        {"error": {"message": "request (9 tokens)", "type": "exceed_context_size_error"}},
        "This model's maximum context length is 9 tokens. However, you requested 11 tokens",
    )

    @staticmethod
    def turns(count: int) -> llm.ChatContext:
        chat_ctx = llm.ChatContext.empty()
        chat_ctx.add_message(role="system", content="Be brief.")
        for number in range(count):
            chat_ctx.add_message(role="user", content=f"question {number}")
            chat_ctx.add_message(role="assistant", content=f"answer {number}")
        chat_ctx.add_message(role="user", content="And now?")
        return chat_ctx

    @pytest.mark.parametrize("refusal", REFUSALS)
    async def test_its_oldest_turns_are_left_out_and_stay_so(
        self, openai_server: OpenAIStandIn, bench: Bench, refusal: Any
    ) -> None:
        openai_server.refuse = lambda body: refusal if len(body["messages"]) > 8 else None
        long = self.turns(9)
        assert await text_of(bench, long) == "Hello."
        sent = bench.requests[-1].body["messages"]
        assert sent[0] == {"role": "system", "content": "Be brief."}
        assert (sent[1]["role"], sent[-1]["content"]) == ("user", "And now?")
        long.add_message(role="assistant", content="Hello.")
        long.add_message(role="user", content="And then?")
        asked = len(bench.requests)
        assert await text_of(bench, long) == "Hello."
        assert len(bench.requests) == asked + 1, "it is not refused again"
        assert bench.requests[-1].body["messages"][: len(sent)] == sent, "it begins as before"

    async def test_a_single_turn_that_is_too_long_is_refused_once(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.refuse = lambda body: self.REFUSALS[0]
        with pytest.raises(APIStatusError) as error:
            await text_of(bench, self.turns(0))
        assert not error.value.retryable
        assert len(bench.requests) == 1


class TestOthers:
    async def test_a_router_that_finds_no_server_with_tools_is_asked_without(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.refuse_status = 404
        openai_server.refuse = lambda body: (
            "No endpoints found that support tool use." if "tools" in body else None
        )
        assert (await bench.answer(tools=[get_weather])).text == "Hello."

    async def test_an_error_that_is_called_200_is_an_error(self) -> None:
        async def chat(request: web.Request) -> web.Response:
            return web.json_response({"error": {"message": "stand-in fault", "code": 502}})

        server = OpenAIStandIn(extra_routes=[("POST", "/odd/chat/completions", chat)])
        async with server.serve():
            url = server.url.removesuffix("/v1") + "/odd"
            options = openai.Options(url=url, model="m")
            with pytest.raises(EngineUnavailable, match="stand-in fault"):
                await openai.probe(options)

    async def test_the_plainest_server_of_all_is_understood(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        """Alpaca-3's: no list of models, no usage, texts alone, unset fields left out."""

        def refuse(body: dict[str, Any]) -> dict[str, Any] | None:
            texts = [value for message in body["messages"] for value in message.values()]
            wrong = not all(isinstance(text, str) for text in texts)
            return (
                {"detail": [{"loc": ["body", "messages"], "msg": "str expected"}]}
                if wrong
                else None
            )

        openai_server.models, openai_server.refuse, openai_server.refuse_status = None, refuse, 422
        openai_server.events = [
            {"choices": [{"index": 0, "delta": {"role": "assistant"}}]},
            {"choices": [{"index": 0, "delta": {"content": "Good day."}}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            None,
        ]
        async with await make(openai_server, model=None) as engine:
            assert await bench_of(openai_server, engine).reply() == "Good day."

    @pytest.mark.parametrize("choices", [[], None])
    async def test_an_event_without_a_choice_says_nothing(
        self, openai_server: OpenAIStandIn, bench: Bench, choices: Any
    ) -> None:
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        openai_server.events = [
            {"choices": choices, "usage": None},
            delta(content="Good day."),
            STOP,
            {"choices": choices, "usage": usage},
            None,
        ]
        answer = await bench.answer()
        assert (answer.text, answer.usage is not None) == ("Good day.", True)

    async def test_calls_before_an_end_without_a_reason_are_made_unless_they_were_cut(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        whole, cut = call("get_weather", GHENT, index=0), call("get_time", '{"zo', index=1)
        openai_server.events = [delta(tool_calls=[whole]), delta(tool_calls=[cut]), None]
        [made] = (await bench.answer(tools=[get_weather, get_time])).tool_calls
        assert (made.name, made.arguments) == ("get_weather", GHENT)

    async def test_arguments_that_are_an_object_are_understood(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.deltas = [{"tool_calls": [call("get_weather", {"city": "Ghent"})]}]
        [made] = (await bench.answer(tools=[get_weather])).tool_calls
        assert json.loads(made.arguments) == {"city": "Ghent"}

    async def test_without_a_key_none_is_sent(self, bench: Bench) -> None:
        await bench.answer()
        assert "Authorization" not in bench.requests[0].headers

    async def test_an_answer_that_ends_without_its_end_has_broken_off(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.events = [delta(content="Good ")]
        with pytest.raises(APIConnectionError, match="broke off"):
            await bench.answer(conn_options=RETRYING)
        assert len(bench.requests) == 1


class TestThoughts:
    @pytest.mark.parametrize(
        "thought",
        [
            {"reasoning_content": "hm"},
            {"reasoning": "hm"},
            {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
            {"thinking": "hm"},
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
            {"content": [{"type": "reasoning", "text": "hm"}]},
            {"content": [{"type": "reasoning", "reasoning": "hm"}]},
        ],
    )
    async def test_no_field_that_has_them_is_spoken(
        self, openai_server: OpenAIStandIn, bench: Bench, thought: Any
    ) -> None:
        openai_server.deltas = [thought, {"content": "Good day."}]
        assert await bench.reply() == "Good day."

    @pytest.mark.parametrize("length", [1, 2, 3, 7])
    @pytest.mark.parametrize(
        "text",
        [
            "<think>\nhm, they greet\n</think>\n\nGood day.",
            "<thought>hm</thought>Good day.",
            "<reasoning>hm</reasoning>Good day.",
            "<seed:think>hm</seed:think>Good day.",
            "[THINK]hm[/THINK]Good day.",
            "◁think▷hm◁/think▷Good day.",
            "<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Good day.<|END_RESPONSE|>",
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>"
            "Good day.<|return|>",
            "<think></think>Good day.",
        ],
    )
    async def test_no_mark_is_spoken_wherever_the_stream_is_cut(
        self, openai_server: OpenAIStandIn, bench: Bench, text: str, length: int
    ) -> None:
        openai_server.pieces = lambda whole: re.findall(rf"(?s).{{1,{length}}}", whole)
        bench.say(text)
        assert (await bench.reply()).strip() == "Good day."

    async def test_thoughts_alone_are_no_answer(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.events = [delta(reasoning_content="hm"), STOP, None]
        with pytest.raises(APIError, match="without a word"):
            await bench.reply()
