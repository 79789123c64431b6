"""Odd answers of a language model: what the caller hears of them, and what the log keeps.

One worker with all lines switched on serves all of them.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from agent.caller.caller import Caller
from agent.notices import APOLOGIES
from tests.fakes.openai_server import Behaviour, OpenAIStandIn
from tests.room.conftest import CallAgent, Worker

pytestmark = pytest.mark.timeout(60)

SECRET = "swordfish marmalade"
INSTRUCTIONS = "You are the keeper of the velvet lighthouse."


@pytest.fixture(scope="module")
def talkative(
    standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack]
) -> Iterator[Worker]:
    with start_worker(
        "--log-level",
        "DEBUG",
        OPENAI_BASE_URL=standing_in.url,
        OPENAI_LOG="debug",
        LK_OPENAI_DEBUG="1",
        AGENT_NAME="talkative",
        AGENT_GREETING="Hello there.",
        LLM_INSTRUCTIONS=INSTRUCTIONS,
        LLM_MAX_RETRIES="1",
        LLM_STALL_S="1",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


def shown(caller: Caller) -> list[str]:
    return [caption.text.strip() for caption in caller.log.captions if caption.by_agent]


async def ask(caller: Caller, text: str, *, expect: str) -> None:
    """Type a message and wait until the agent has said `expect` and listens again."""
    before = len(shown(caller))
    await caller.type(text)
    await caller.wait_until(lambda: expect in " ".join(shown(caller)[before:]), timeout_s=20)
    await caller.wait_for_state("listening")


async def test_an_error_that_repeats_the_caller_is_told_once_and_in_no_line_of_the_log(
    call_agent: CallAgent, talkative: Worker, engines: OpenAIStandIn
) -> None:
    async with call_agent("talkative") as caller:
        for status, times in ((400, 1), (500, 2)):
            engines.llm = Behaviour(status=status, repeats=True)
            asked = len(engines.of("llm"))
            heard = shown(caller).count(APOLOGIES["llm"])
            await caller.type(f"Do not tell anybody about {SECRET}.")
            await caller.wait_until(lambda n=asked + times: len(engines.of("llm")) >= n)
            if not heard:
                await caller.wait_until(lambda: APOLOGIES["llm"] in shown(caller))
            await caller.wait_for_state("listening")
        assert shown(caller).count(APOLOGIES["llm"]) == 1
        engines.llm = Behaviour()
        engines.reply = lambda messages: "All is well."
        await ask(caller, "And now?", expect="All is well.")
    log = talkative.program.log.read_text()
    assert "a stage failed" in log
    assert "status 400" in log or "Refused" in log
    for word in (*SECRET.split(), "velvet", "stand-in fault", "And now?", "All is well"):
        assert word not in log, [line for line in log.splitlines() if word in line][:3]
    assert "\x1b" not in log


async def test_thoughts_are_never_heard_nor_shown(
    call_agent: CallAgent, talkative: Worker, engines: OpenAIStandIn
) -> None:
    engines.reply = lambda messages: "<thinking>They want a number.</thinking>\n\nIt is forty two."
    async with call_agent("talkative") as caller:
        await ask(caller, "What is six times seven?", expect="It is forty two.")
        await caller.wait_until(lambda: len(caller.log.turns) == 1)
        assert shown(caller)[-1] == "It is forty two."
    said = " ".join(request.body["input"] for request in engines.of("tts"))
    assert "forty two" in said
    assert not re.search("think|number", said)


async def test_what_was_said_before_a_reply_stood_still_stays_and_the_caller_is_told(
    call_agent: CallAgent, talkative: Worker, engines: OpenAIStandIn
) -> None:
    engines.reply = lambda messages: "The first part is here. The second never comes."
    engines.llm = Behaviour(stall_after=6)
    async with call_agent("talkative") as caller:
        await ask(caller, "Go on.", expect=APOLOGIES["llm"])
        assert "The first part is here." in " ".join(shown(caller))
        assert engines.of("llm")[-1].outcome == "cancelled"
        engines.llm = Behaviour()
        engines.reply = lambda messages: "Here I am."
        await ask(caller, "And now?", expect="Here I am.")
        history = engines.of("llm")[-1].body["messages"]
        assert any("The first part is here." in message["content"] for message in history)
        assert APOLOGIES["llm"] not in str(history)
