"""Tools in a real call: rounds, a slow one that is bridged and spoken over, texts, hanging up."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc

from agent.room_protocol import TOPIC_CHAT
from rejoinder.scripted_caller.caller import Caller, CallLost
from rejoinder.scripted_caller.hearing import RATE_HZ
from rejoinder.stand_ins.aws_server import AwsStandIn, text_events, tool_events
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.programs import Background
from testbed.speech import say
from tests.room.conftest import CallAgent, Worker

pytestmark = pytest.mark.timeout(120)

NOTES = Path(__file__).parents[2] / "examples" / "mcp_notes.py"
OWN = {"weather", "search", "end_call", "send_text"}
SERVED = {"take_note", "read_notes"}


@pytest.fixture(scope="module")
def worker(standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack]) -> Iterator[Worker]:
    notes = {"command": sys.executable, "args": [str(NOTES)]}
    with start_worker(
        OPENAI_BASE_URL=standing_in.url,
        AGENT_NAME="tools",
        AGENT_ISOLATION="thread",
        AGENT_GREETING="",
        TOOLS="tests.fakes.room_tools",
        TOOLS_BUILT_IN="end_call,send_text",
        TOOLS_TIMEOUT_S="30",
        MCP_SERVERS=json.dumps({"dead": {"command": "/nowhere/at-all"}, "notes": notes}),
        TURN_EAGERNESS="patient",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def amazon(background: Background) -> Iterator[AwsStandIn]:
    stack = AsyncExitStack()
    yield background.run(stack.enter_async_context(AwsStandIn().serve()))
    background.run(stack.aclose())


@pytest.fixture
def on_bedrock(
    amazon: AwsStandIn, standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack]
) -> Iterator[None]:
    with start_worker(
        OPENAI_BASE_URL=standing_in.url,
        AGENT_NAME="bedrock-tools",
        AGENT_ISOLATION="thread",
        AGENT_GREETING="",
        AGENT_GOODBYE_S="0.5",
        LLM_ENGINE="bedrock",
        AWS_ENDPOINT_URL=amazon.url,
        AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
        AWS_SECRET_ACCESS_KEY="nothing",
        AWS_DEFAULT_REGION="eu-west-1",
        TOOLS="tests.fakes.room_tools",
    ):
        yield


@pytest.fixture
def call(
    call_agent: CallAgent, worker: Worker
) -> Callable[[], AbstractAsyncContextManager[Caller]]:
    return partial(call_agent, "tools")


def said(caller: Caller) -> str:
    return " ".join(c.text.strip() for c in caller.log.captions if c.by_agent)


def heard_by(caller: Caller, engines: OpenAIStandIn) -> list[str]:
    """Words; one that stuttered on its way is one."""
    words = [word for word, _, _ in engines.heard_words(caller.hearing.pcm(), rate_hz=RATE_HZ)]
    return [word for word, _ in groupby(words)]


def offered(engines: OpenAIStandIn) -> set[str]:
    body = engines.of("llm")[-1].body
    return {tool["function"]["name"] for tool in body.get("tools", ())}


def results(messages: list[dict[str, Any]]) -> list[str]:
    """What tools gave since the caller's last words."""
    last = max(n for n, message in enumerate(messages) if message["role"] == "user")
    return [message["content"] for message in messages[last:] if message["role"] == "tool"]


@pytest.mark.patient
async def test_two_tools_at_once_and_one_of_a_server_lead_to_one_answer(
    call: Callable[[], AbstractAsyncContextManager[Caller]],
    engines: OpenAIStandIn,
    worker: Worker,
) -> None:
    def reply(messages: list[dict[str, Any]]) -> Any:
        if "ready" in messages[-1]["content"]:
            return "Not yet."
        match results(messages):
            case []:
                cities = ("Ghent", "Lima")
                return [{"tool": "weather", "arguments": {"city": city}} for city in cities]
            case [_, _]:
                return {"tool": "take_note", "arguments": {"text": "Sunny."}}
            case _:
                return "It is sunny in both."

    engines.reply = reply
    async with call() as caller:
        # The server's tools are there once its program has started: nobody has waited for it.
        while not engines.of("llm") or not offered(engines) >= SERVED:
            before = len(engines.of("llm"))
            await caller.type("Are you ready?")
            await caller.wait_until(lambda n=before: len(engines.of("llm")) > n)  # type: ignore[misc]
            await asyncio.sleep(0.5)
        assert offered(engines) == OWN | SERVED
        before = len(engines.of("llm"))
        await caller.type("What is the weather in Ghent and Lima?")
        await caller.wait_until(lambda: "It is sunny in both." in said(caller))
        assert len(engines.of("llm")) - before == 3
        messages = engines.of("llm")[-1].body["messages"]
        given = results(messages)
        assert sorted(given[:2]) == ["sunny in Ghent", "sunny in Lima"]
        assert given[2].startswith("Noted, number")
        await caller.wait_until(lambda: len(caller.log.tools) == 6)
    states = sorted((told["name"], told["state"]) for told in caller.log.tools)
    assert states == sorted(
        [("weather", "running"), ("weather", "done")] * 2
        + [("take_note", "running"), ("take_note", "done")]
    )
    assert all(told["took_ms"] >= 0 for told in caller.log.tools if told["state"] == "done")
    log = worker.program.log.read_text()
    assert '"server": "dead"' in log
    assert "Ghent" not in log
    assert "Sunny" not in log


@pytest.mark.patient
async def test_two_tools_at_once_and_a_further_round_on_bedrock(
    call_agent: CallAgent, on_bedrock: None, amazon: AwsStandIn, engines: OpenAIStandIn
) -> None:
    def given(body: dict[str, Any]) -> list[str]:
        blocks = [block for message in body["messages"] for block in message["content"]]
        found = [block["toolResult"]["content"] for block in blocks if "toolResult" in block]
        return [text for content in found for text in content[0].values()]

    def reply(body: dict[str, Any]) -> Any:
        match given(body):
            case []:
                return tool_events(("weather", {"city": "Ghent"}), ("weather", {"city": "Lima"}))
            case [_, _]:
                return tool_events(("weather", {"city": "Turin"}), say="One more.")
            case _:
                return text_events("It is sunny in all.")

    amazon.reply = reply
    async with call_agent("bedrock-tools") as caller:
        await caller.type("What is the weather in Ghent, Lima and Turin?")
        await caller.wait_until(lambda: "It is sunny in all." in said(caller))
        await caller.wait_until(lambda: len(caller.log.tools) == 6)
    assert "One more." in said(caller)
    bodies = [request.body for request in amazon.requests if "messages" in request.body]
    assert sorted(given(bodies[-1])) == ["sunny in Ghent", "sunny in Lima", "sunny in Turin"]


@pytest.mark.heard
async def test_a_slow_tool_is_bridged_and_speaking_over_it_ends_it(
    call: Callable[[], AbstractAsyncContextManager[Caller]], engines: OpenAIStandIn
) -> None:
    first = {"tool": "search", "arguments": {"text": "tables"}}
    engines.transcribe = lambda request: (
        "Never mind, what time is it?" if engines.of("llm") else "Search for tables."
    )
    engines.reply = lambda messages: first if len(engines.of("llm")) == 1 else "It is noon."
    question = say("Search for tables.", rate_hz=RATE_HZ)
    over = say("Never mind, what time is it?", rate_hz=RATE_HZ)
    async with call() as caller:
        await caller.wait_for_answer(await caller.say(question))
        await caller.wait_until(lambda: bool(caller.log.tools))
        await caller.hearing.wait_for_silence(lasting_s=0.8)
        assert [told["state"] for told in caller.log.tools] == ["running"]
        await caller.wait_for_reply(await caller.say(over))
        await caller.wait_until(lambda: len(caller.log.tools) == 2)
        heard = heard_by(caller, engines)
    assert heard == ["one", "moment", "it", "is", "noon"]
    assert [told["state"] for told in caller.log.tools] == ["running", "failed"]
    asked = engines.of("llm")[-1].body["messages"]
    [result] = [message["content"] for message in asked if message["role"] == "tool"]
    assert "not been done" in result
    assert "One moment" not in str(asked)


@pytest.mark.patient
async def test_a_text_is_shown_in_the_callers_chat_and_the_agent_hangs_up_after_its_goodbye(
    call: Callable[[], AbstractAsyncContextManager[Caller]], engines: OpenAIStandIn
) -> None:
    chat: list[str] = []

    def reply(messages: list[dict[str, Any]]) -> Any:
        match results(messages):
            case []:
                return {"tool": "send_text", "arguments": {"text": "Main Street 5"}}
            case [_]:
                return {"tool": "end_call", "arguments": {}}
            case _:
                return "Good bye and thank you."

    async def read(reader: rtc.TextStreamReader) -> None:
        chat.append(await reader.read_all())

    engines.reply = reply
    with pytest.RaisesGroup(CallLost, flatten_subgroups=True):  # who hangs up closes the room
        async with call() as caller, asyncio.TaskGroup() as group:
            caller.room.register_text_stream_handler(
                TOPIC_CHAT, lambda reader, _: group.create_task(read(reader)) and None
            )
            await caller.type("Send me your address and hang up.")
            await asyncio.Event().wait()
    assert chat == ["Main Street 5"]
    assert heard_by(caller, engines) == ["good", "bye", "and", "thank", "you"]
