"""A list of language models, of which the first refuses, hangs, dies and comes back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APITimeoutError, llm

from agent.llm.failover import GO_ON, FailoverLLM
from agent.llm.openai import engine as openai
from agent.llm.openai.options import Options
from agent.remote.failover import LineUp, Member
from tests.fakes.line_up import Servers, two_servers

NEAR = "Near one two three."
FAR = "Far one two three."


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    async with two_servers() as servers:
        servers.near.reply = lambda messages: NEAR
        servers.far.reply = lambda messages: FAR
        yield servers


@pytest.fixture
async def engine(servers: Servers) -> AsyncIterator[FailoverLLM]:
    engine = FailoverLLM(servers.line_up(openai), stall_s=0.8)
    yield engine
    await engine.aclose()


async def said(engine: FailoverLLM) -> tuple[str, APIError | None]:
    """What a reply was, and how it failed."""
    chat = llm.ChatContext.empty()
    chat.add_message(role="user", content="Well?")
    text = ""
    try:
        async with engine.chat(chat_ctx=chat) as stream:
            async for chunk in stream:
                text += (chunk.delta.content or "") if chunk.delta else ""
    except APIError as error:
        return text, error
    return text, None


async def test_the_first_choice_answers_and_the_other_is_left_alone(
    servers: Servers, engine: FailoverLLM
) -> None:
    assert [await said(engine) for _ in range(2)] == [(NEAR, None)] * 2
    assert servers.far.of("llm") == []
    assert engine.provider == servers.proxy.url.split("/")[2]


async def test_one_that_refuses_connections_is_asked_once_and_again_when_it_is_back(
    servers: Servers, engine: FailoverLLM
) -> None:
    await servers.proxy.die()
    assert [await said(engine) for _ in range(3)] == [(FAR, None)] * 3
    assert engine.provider == servers.far.url.split("/")[2]
    await servers.proxy.come_back()
    async with asyncio.timeout(5):
        while (await said(engine))[0] != NEAR:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("fault", ["hangs", "503", "says nothing"])
async def test_what_it_does_not_begin_is_begun_by_the_next(
    servers: Servers, engine: FailoverLLM, fault: str
) -> None:
    if fault == "hangs":
        servers.near.llm.first_byte_s = 60.0
    elif fault == "503":
        servers.near.llm.status = 503
    else:
        servers.near.reply = lambda messages: ""
    assert await said(engine) == (FAR, None)
    async with asyncio.timeout(5):
        while servers.near.requests[0].outcome == "open":
            await asyncio.sleep(0.01)


def break_near(servers: Servers, fault: str) -> None:
    how = servers.near.llm
    match fault:
        case "breaks off":
            how.cut_after = 3
        case "stands still":
            how.stall_after = 3
        case _:
            how.error_after = 3


@pytest.mark.parametrize("fault", ["breaks off", "stands still", "tells an error"])
async def test_a_reply_that_was_begun_is_gone_on_with_by_the_next(
    servers: Servers, engine: FailoverLLM, fault: str
) -> None:
    break_near(servers, fault)
    servers.far.reply = lambda messages: "two three."
    assert await said(engine) == ("Near one two three.", None)
    asked = servers.far.of("llm")[0].body["messages"]
    assert [message["role"] for message in asked] == ["user", "assistant", "user"]
    assert asked[1]["content"].strip() == "Near one"
    assert asked[2]["content"] == GO_ON
    assert engine.provider == servers.far.url.split("/")[2]
    assert await said(engine) == ("two three.", None), "the next reply is the other's at once"


@pytest.mark.parametrize("fault", ["breaks off", "stands still", "tells an error"])
async def test_a_reply_with_which_nobody_goes_on_ends_where_it_broke(
    servers: Servers, engine: FailoverLLM, fault: str
) -> None:
    break_near(servers, fault)
    servers.far.llm.status = 503
    text, error = await said(engine)
    assert text == "Near one "
    assert error is not None
    assert not error.retryable
    assert isinstance(error, APITimeoutError) == (fault == "stands still")


class CallsAndBreaks(llm.LLM[str]):
    """Calls a tool, and breaks off."""

    def chat(self, **asked: Any) -> llm.LLMStream:
        limits = asked["conn_options"]
        return _CallAndBreak(self, chat_ctx=asked["chat_ctx"], tools=[], conn_options=limits)


class _CallAndBreak(llm.LLMStream):
    async def _run(self) -> None:
        call = llm.FunctionToolCall(name="ring", arguments="{}", call_id="1")
        delta = llm.ChoiceDelta(role="assistant", tool_calls=[call])
        self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))
        raise APIConnectionError("gone", retryable=False)


async def test_a_reply_that_has_called_a_tool_is_not_gone_on_with(servers: Servers) -> None:
    once = APIConnectOptions(max_retry=0)
    far = openai.build(Options(url=servers.far.url))
    members: list[Member[llm.LLM[Any]]] = [
        Member("near", CallsAndBreaks(), once), Member("far", far, once),
    ]  # fmt: skip
    engine = FailoverLLM(LineUp(members), stall_s=0.8)
    text, error = await said(engine)
    assert (text, servers.far.requests) == ("", [])
    assert error is not None
    await engine.aclose()


async def test_when_none_answers_the_reply_fails(servers: Servers, engine: FailoverLLM) -> None:
    await servers.proxy.die()
    servers.far.llm.status = 503
    text, error = await said(engine)
    assert text == ""
    assert isinstance(error, APIConnectionError)


async def test_a_reply_that_is_closed_is_ended_at_the_server_and_tells_nothing(
    servers: Servers, engine: FailoverLLM
) -> None:
    servers.near.llm.between_s = 0.1
    chat = llm.ChatContext.empty()
    chat.add_message(role="user", content="Well?")
    async with engine.chat(chat_ctx=chat) as stream:
        await anext(stream)
    async with asyncio.timeout(5):
        while servers.near.of("llm")[0].outcome != "cancelled":
            await asyncio.sleep(0.01)
    servers.near.llm.between_s = 0.0
    assert await said(engine) == (NEAR, None)


async def test_tools_are_offered_to_whoever_answers(servers: Servers, engine: FailoverLLM) -> None:
    @llm.function_tool
    async def look(place: str) -> str:
        """Look somewhere."""
        return place

    servers.near.llm.status = 503
    servers.far.reply = lambda messages: {"tool": "look", "arguments": {"place": "here"}}
    chat = llm.ChatContext.empty()
    chat.add_message(role="user", content="Look!")
    calls = []
    async with engine.chat(chat_ctx=chat, tools=[look]) as stream:
        async for chunk in stream:
            calls += chunk.delta.tool_calls if chunk.delta else []
    assert [(call.name, call.arguments) for call in calls] == [("look", '{"place": "here"}')]
