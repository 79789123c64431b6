"""Engine `openai` against a chat completions server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError, llm
from pydantic import SecretStr, ValidationError

from agent.errors import EngineUnavailable
from agent.llm.openai import engine as openai
from agent.llm.openai.options import OPENAI_MODEL
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from tests.protocol.llm.contract import HASTY, RETRYING, Bench, LLMContract, get_weather


async def make(server: OpenAIStandIn, **options: Any) -> llm.LLM[Any]:
    fields = {"url": server.url, "model": "stand-in"} | options
    return await asyncio.to_thread(openai.build, openai.Options(**fields))


def bench_of(server: OpenAIStandIn, engine: llm.LLM[Any]) -> Bench:
    def say(text: str) -> None:
        server.reply = lambda messages: text

    def call(*calls: tuple[str, dict[str, Any]]) -> None:
        tools = [{"tool": name, "arguments": arguments} for name, arguments in calls]
        server.reply = lambda messages: tools

    def fail(after: int) -> None:
        server.llm.error_after = after

    return Bench(engine, server.llm, server.requests, say, call, fail)


@pytest.fixture
async def bench(openai_server: OpenAIStandIn) -> AsyncIterator[Bench]:
    engine = await make(openai_server)
    yield bench_of(openai_server, engine)
    await engine.aclose()


@pytest.fixture
def unreachable(closed_port: int) -> llm.LLM[Any]:
    url = f"http://127.0.0.1:{closed_port}/v1"
    return openai.build(openai.Options(url=url, model="stand-in"))


class TestContract(LLMContract):
    pass


async def test_options_reach_the_wire_under_the_names_that_local_servers_know(
    openai_server: OpenAIStandIn,
) -> None:
    async with await make(
        openai_server, temperature=0.5, max_tokens=40, extra_body='{"top_k": 7}'
    ) as engine:
        await bench_of(openai_server, engine).answer()
    body = openai_server.requests[0].body
    assert body["model"] == "stand-in"
    assert body["temperature"] == 0.5
    assert body["max_tokens"] == 40
    assert body["top_k"] == 7
    assert "max_completion_tokens" not in body
    assert "tools" not in body


async def test_an_unset_option_is_left_to_the_server(bench: Bench) -> None:
    await bench.answer()
    assert not {"temperature", "max_tokens", "top_p"} & set(bench.requests[0].body)


async def test_tools_are_sent_without_the_strict_field_that_some_servers_refuse(
    bench: Bench,
) -> None:
    await bench.answer(tools=[get_weather], tool_choice="required")
    body = bench.requests[0].body
    [tool] = body["tools"]
    assert tool["function"]["name"] == "get_weather"
    assert "strict" not in tool["function"]
    assert body["tool_choice"] == "required"


def test_openai_itself_gets_the_names_that_its_newer_models_demand() -> None:
    at_openai = openai.OpenAIChat(openai.Options(api_key=SecretStr("k")))
    elsewhere = openai.OpenAIChat(openai.Options(url="http://127.0.0.1:1/v1"))
    assert at_openai.server.token_limit_field == "max_completion_tokens"
    assert elsewhere.server.token_limit_field == "max_tokens"
    assert at_openai.model == OPENAI_MODEL
    assert at_openai.provider == "api.openai.com"


async def test_without_a_model_the_first_chat_model_of_the_server_is_used(
    openai_server: OpenAIStandIn,
) -> None:
    openai_server.models = ["nomic-embed-text", "llama3.2:3b", "qwen3:8b"]
    async with await make(openai_server, model=None) as engine:
        assert engine.model == "auto"
        await bench_of(openai_server, engine).answer()
        assert engine.model == "llama3.2:3b"
    assert openai_server.requests[0].body["model"] == "llama3.2:3b"


async def test_without_a_model_a_server_without_a_list_gets_the_usual_name(
    openai_server: OpenAIStandIn,
) -> None:
    openai_server.models = None
    async with await make(openai_server, model=None) as engine:
        await bench_of(openai_server, engine).answer()
    assert openai_server.requests[0].body["model"] == OPENAI_MODEL


async def test_a_refused_key_is_told_and_not_retried(openai_server: OpenAIStandIn) -> None:
    openai_server.api_key = "right"
    async with await make(openai_server, api_key="wrong") as engine:
        with pytest.raises(APIStatusError) as caught:
            await bench_of(openai_server, engine).answer(conn_options=RETRYING)
    assert caught.value.status_code == 401
    assert "wrong" not in str(caught.value)
    assert len(openai_server.requests) == 1


async def test_the_key_is_sent(openai_server: OpenAIStandIn) -> None:
    openai_server.api_key = "right"
    async with await make(openai_server, api_key="right") as engine:
        assert (await bench_of(openai_server, engine).answer()).text == "Hello."


async def test_prewarming_contacts_the_server_without_asking_for_tokens(
    openai_server: OpenAIStandIn,
) -> None:
    async with await make(openai_server, model=None) as engine:
        engine.prewarm()
        async with asyncio.timeout(3):
            while engine.model == "auto":
                await asyncio.sleep(0.01)  # noqa: ASYNC110 - nothing tells when it is done
        assert engine.model == "stand-in"
    assert openai_server.requests == []


@pytest.mark.parametrize("body", ["<html>hello</html>", '{"models": []}', '{"data": [1]}'])
async def test_a_model_list_that_is_not_one_is_an_error(body: str) -> None:
    async def models(request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/v1/models", models)
    async with TestServer(app) as server:
        options = openai.Options(url=str(server.make_url("/v1")))
        engine = await asyncio.to_thread(openai.OpenAIChat, options)
        async with engine:
            with pytest.raises(APIConnectionError, match="list of models"):
                await engine.server.served_model()


async def test_the_probe_names_the_model_the_server_and_the_time(
    openai_server: OpenAIStandIn,
) -> None:
    line = await openai.probe(openai.Options(url=openai_server.url))
    assert line.startswith("stand-in at 127.0.0.1:")
    assert "first token after" in line
    assert openai_server.requests[0].body["max_tokens"] == 16


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "LLM_API_KEY"), (404, "LLM_MODEL"), (500, "log"), (429, "quota")]
)
async def test_the_probe_says_what_to_do_about_a_refusal(
    openai_server: OpenAIStandIn, status: int, advice: str
) -> None:
    openai_server.llm.status = status
    options = openai.Options(url=openai_server.url, model="stand-in")
    with pytest.raises(EngineUnavailable, match=advice):
        await openai.probe(options)


async def test_the_probe_says_that_nothing_listens(closed_port: int) -> None:
    options = openai.Options(url=f"http://127.0.0.1:{closed_port}/v1", model="m")
    with pytest.raises(EngineUnavailable, match="is the server running"):
        await openai.probe(options)


@pytest.mark.parametrize("text", ["{not json", "[1, 2]"])
def test_extra_fields_that_are_no_json_object_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="JSON"):
        openai.Options(extra_body=text)


async def test_keep_alive_comments_do_not_put_off_the_time_out() -> None:
    """OpenRouter and others send comments while the model thinks; they are no token."""

    async def comment(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(b": still here\n\n")
            await asyncio.sleep(0.02)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", comment)
    async with TestServer(app) as server:
        options = openai.Options(url=str(server.make_url("/v1")), model="m")
        async with await asyncio.to_thread(openai.build, options) as engine:
            chat_ctx = llm.ChatContext.empty()
            chat_ctx.add_message(role="user", content="Hello?")
            with pytest.raises(APITimeoutError, match="no first token"):
                await engine.chat(chat_ctx=chat_ctx, conn_options=HASTY).collect()
