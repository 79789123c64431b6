"""Engine `openai` against servers that differ from OpenAI's in one thing each."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit.agents import APIConnectionError, APIError, APITimeoutError, llm

from agent.errors import EngineUnavailable
from agent.llm.openai import engine as openai
from rejoinder.stand_ins.openai_server import OpenAIStandIn, strict_template
from tests.protocol.llm.contract import HASTY, PATIENT, RETRYING, Bench, get_weather
from tests.protocol.llm.test_openai_chat import bench_of, make


@pytest.fixture
async def bench(openai_server: OpenAIStandIn) -> AsyncIterator[Bench]:
    engine = await make(openai_server)
    yield bench_of(openai_server, engine)
    await engine.aclose()


class TestFields:
    @pytest.mark.parametrize(
        "reason",
        [
            "Unknown field: stream_options",
            {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs forbidden"}]},
            "invalid request",
        ],
    )
    async def test_a_server_that_refuses_an_optional_field_is_answered_by_from_then_on(
        self, openai_server: OpenAIStandIn, bench: Bench, reason: Any
    ) -> None:
        openai_server.refuse = lambda body: reason if "stream_options" in body else None
        assert (await bench.answer()).text == "Hello."
        assert (await bench.answer()).text == "Hello."
        assert [r.outcome for r in bench.requests] == ["refused", "completed", "completed"]

    async def test_what_has_nothing_to_do_with_fields_is_tried_twice_at_most(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.refuse = lambda body: "no"
        for _ in range(2):
            with pytest.raises(APIError):
                await bench.answer(conn_options=RETRYING)
        assert len(bench.requests) == 4

    async def test_a_refusal_that_repeats_the_request_names_none_of_its_fields(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        await bench.introduce()
        openai_server.refuse = lambda body: f"too long: {body}"
        with pytest.raises(APIError):
            await bench.answer()
        openai_server.refuse = lambda body: {"error": {"message": "no", "input": body}}
        with pytest.raises(APIError):
            await bench.answer()
        assert len(bench.requests) == 3

    async def test_a_token_limit_that_has_a_newer_name_is_sent_under_it(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.refuse = lambda body: (
            "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            if "max_tokens" in body
            else None
        )
        async with await make(openai_server, max_tokens=40) as engine:
            assert (await bench_of(openai_server, engine).answer()).text == "Hello."
        assert openai_server.requests[-1].body["max_completion_tokens"] == 40

    async def test_instructions_reach_a_template_without_a_system_role(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.refuse = lambda body: (
            "System role not supported" if body["messages"][0]["role"] == "system" else None
        )
        assert (await bench.answer()).text == "Hello."
        assert openai_server.requests[-1].body["messages"] == [
            {"role": "user", "content": "Be brief.\nHow are you?"}
        ]

    async def test_the_check_names_what_is_left_out_and_else_the_servers_reason(
        self, openai_server: OpenAIStandIn
    ) -> None:
        options = openai.Options(url=openai_server.url)
        openai_server.refuse = lambda body: (
            "no stream_options here" if "stream_options" in body else None
        )
        assert "it refuses stream_options" in await openai.probe(options)
        openai_server.refuse = lambda body: "the moon is not full"
        with pytest.raises(EngineUnavailable, match="the moon is not full"):
            await openai.probe(options)

    async def test_no_header_of_the_framework_goes_to_the_models_server(self, bench: Bench) -> None:
        await bench.answer()
        assert not [name for name in bench.requests[0].headers if "livekit" in name.lower()]


class TestTemplates:
    async def test_a_template_that_demands_turns_is_content_with_a_calls_history(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        openai_server.refuse = strict_template
        chat_ctx = llm.ChatContext.empty()
        told: list[tuple[Any, str]] = [
            ("system", "Be brief."), ("assistant", "Hello!"), ("user", "a"), ("user", "b"),
            ("assistant", ""), ("user", "c"), ("assistant", "d"), ("system", "Say bye."),
        ]  # fmt: skip
        for end in range(1, len(told) + 1):
            role, text = told[end - 1]
            chat_ctx.add_message(role=role, content=text)
            async with bench.engine.chat(chat_ctx=chat_ctx, conn_options=PATIENT) as stream:
                assert (await stream.collect()).text == "Hello."

    async def test_the_check_sends_what_a_call_sends(self, openai_server: OpenAIStandIn) -> None:
        openai_server.refuse = strict_template
        await openai.probe(openai.Options(url=openai_server.url))
        roles = [m["role"] for m in openai_server.requests[0].body["messages"]]
        assert roles == ["system", "user", "assistant", "user"]


class TestAnswers:
    async def test_an_answer_that_is_no_stream_is_spoken(self, bench: Bench) -> None:
        bench.how.whole = True
        bench.say("one two three")
        assert await bench.reply() == "one two three"
        bench.call(("get_weather", {"city": "Ghent"}))
        [call] = (await bench.answer(tools=[get_weather])).tool_calls
        assert call.arguments == '{"city": "Ghent"}'

    @pytest.mark.parametrize(
        ("deltas", "finish"),
        [
            ([{"role": "assistant", "content": ""}], "stop"),
            ([{"content": None}], "stop"),
            ([{"content": " "}], "stop"),
            ([{"reasoning_content": "They greet me."}], "length"),
            ([{"reasoning": "They greet me.", "content": ""}], "stop"),
            ([{"content": "<think>They gr"}], "length"),
            ([{"content": None}], "content_filter"),
            ([{"refusal": "I may not."}], "stop"),
            ([], "stop"),
        ],
    )
    async def test_an_answer_without_words_is_an_error(
        self, openai_server: OpenAIStandIn, bench: Bench, deltas: Any, finish: str
    ) -> None:
        openai_server.deltas, openai_server.finish = deltas, finish
        with pytest.raises(APIError, match="without a word"):
            await bench.reply()

    @pytest.mark.parametrize(
        "delta",
        [
            "words",
            {"tool_calls": ["get_weather"]},
            {"tool_calls": 1},
            {"tool_calls": [{"index": [0]}]},
            {"tool_calls": [{"function": {"name": 1}}]},
        ],
    )
    async def test_an_answer_of_another_form_is_asked_for_again(
        self, openai_server: OpenAIStandIn, bench: Bench, delta: Any
    ) -> None:
        openai_server.deltas, openai_server.finish = [delta], "stop"
        with pytest.raises(APIConnectionError, match="Malformed"):
            await bench.answer(conn_options=RETRYING)
        assert len(bench.requests) == 2

    @pytest.mark.parametrize("finish", ["length", "content_filter"])
    async def test_the_words_before_an_early_end_are_spoken(
        self, openai_server: OpenAIStandIn, bench: Bench, finish: str
    ) -> None:
        openai_server.finish = finish
        bench.say("one two")
        assert await bench.reply() == "one two"

    @pytest.mark.parametrize(
        "thought",
        [
            {"reasoning_content": "hm"},
            {"reasoning": "hm", "content": ""},
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        ],
    )
    async def test_thoughts_in_a_field_of_their_own_hold_the_answer_back_by_nothing(
        self, openai_server: OpenAIStandIn, thought: Any
    ) -> None:
        answer = {"content": [{"type": "text", "text": "Good day."}]}
        openai_server.deltas = [thought, answer]
        async with await make(openai_server, model="deepseek-r1:8b") as engine:
            assert await bench_of(openai_server, engine).reply() == "Good day."

    async def test_separators_within_a_text_do_not_break_the_stream(
        self, openai_server: OpenAIStandIn
    ) -> None:
        async def chat(request: web.Request) -> web.Response:
            event = (
                '{"choices": [{"delta": {"content": "a\u2028b\x85c"}, "finish_reason": "stop"}]}'
            )
            body = f"event: message\r\nid: 1\r\ndata:{event}\r\n\r\ndata: [DONE]\r\n\r\n"
            return web.Response(text=body, content_type="text/event-stream")

        async with await _served(chat) as server, await _engine(server) as engine:
            bench = bench_of(openai_server, engine)
            assert await bench.reply() == "a\u2028b\x85c"

    @pytest.mark.parametrize("start", ["data: ", '{"choices": ['])
    async def test_an_event_without_end_is_given_up(
        self, openai_server: OpenAIStandIn, start: str
    ) -> None:
        async def chat(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            await response.write(start.encode())
            for _ in range(40):
                await response.write(b"1" * 2**16)
            await asyncio.sleep(3600)
            return response

        async with await _served(chat) as server, await _engine(server) as engine:
            with pytest.raises(APIConnectionError, match="not a completion"):
                await bench_of(openai_server, engine).answer()

    async def test_comments_do_not_hide_that_the_words_have_stopped(
        self, openai_server: OpenAIStandIn, bench: Bench
    ) -> None:
        bench.say("one two three")
        bench.how.stall_after, bench.how.comments = 3, True
        with pytest.raises(APITimeoutError, match="nothing more"):
            await bench.answer(conn_options=HASTY)
        with pytest.raises(APITimeoutError, match="stands still"):
            await bench.reply(stall_s=0.3)
        assert await bench.outcome(1) == "cancelled"


class TestRedirects:
    async def test_a_request_is_followed_to_the_same_host(
        self, openai_server: OpenAIStandIn
    ) -> None:
        async def onward(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(f"{openai_server.url}/chat/completions")

        async with await _served(onward) as server, await _engine(server) as engine:
            assert (await bench_of(openai_server, engine).answer()).text == "Hello."

    async def test_the_address_of_another_host_is_named(self) -> None:
        async def onward(request: web.Request) -> web.Response:
            raise web.HTTPPermanentRedirect("http://elsewhere.example/v1/chat/completions?key=k")

        async with await _served(onward) as server:
            options = openai.Options(url=str(server.make_url("/v1")), model="m")
            with pytest.raises(EngineUnavailable, match="elsewhere.example/v1/chat") as caught:
                await openai.probe(options)
        assert "key=k" not in str(caught.value)


async def _served(chat: Any) -> TestServer:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    return TestServer(app)


async def _engine(server: TestServer) -> llm.LLM[Any]:
    options = openai.Options(url=str(server.make_url("/v1")), model="m")
    return await asyncio.to_thread(openai.build, options)
