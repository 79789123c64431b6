"""Odd answers of a language model: what the caller hears and sees of them."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from agent.wording.lexicon import ENGLISH
from rejoinder.scripted_caller.caller import Caller
from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.openai_server import OpenAIStandIn

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

Call = Callable[[], AbstractAsyncContextManager[Caller]]


def shown(caller: Caller) -> list[str]:
    """The agent's captions."""
    return [caption.text.strip() for caption in caller.log.captions if caption.by_agent]


async def ask(caller: Caller, text: str, *, expect: str) -> None:
    """Type a message and wait until the agent has said `expect` and listens again."""
    before = len(shown(caller))
    await caller.type(text)
    await caller.wait_until(lambda: expect in " ".join(shown(caller)[before:]), timeout_s=20)
    await caller.wait_for_state("listening")


async def test_thoughts_are_never_heard_nor_shown(call: Call, engines: OpenAIStandIn) -> None:
    engines.reply = lambda messages: "<thinking>They want a number.</thinking>\n\nIt is forty two."
    async with call() as caller:
        await ask(caller, "What is six times seven?", expect="It is forty two.")
        await caller.wait_until(lambda: len(caller.log.turns) == 1)
        assert shown(caller)[-1] == "It is forty two."
    said = " ".join(request.body["input"] for request in engines.of("tts"))
    assert "forty two" in said
    assert not re.search("think|number", said)


async def test_what_was_said_before_a_reply_stood_still_stays_and_the_caller_is_told(
    call: Call, engines: OpenAIStandIn
) -> None:
    engines.reply = lambda messages: "The first part is here. The second never comes."
    engines.llm = Behaviour(stall_after=6)
    async with call() as caller:
        await ask(caller, "Go on.", expect=ENGLISH.apologies["llm"])
        assert "The first part is here." in " ".join(shown(caller))
        assert engines.of("llm")[-1].outcome == "cancelled"
        engines.llm = Behaviour()
        engines.reply = lambda messages: "Here I am."
        await ask(caller, "And now?", expect="Here I am.")
        history = engines.of("llm")[-1].body["messages"]
        assert any("The first part is here." in message["content"] for message in history)
        assert ENGLISH.apologies["llm"] not in str(history)
