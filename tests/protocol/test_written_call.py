"""A call that is written: the product's own wiring, and a model that is asked over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc

from agent.call.parts import load_parts
from agent.call.written import CallOver, WrittenCall
from agent.call.written_room import WrittenCaller
from agent.errors import ConfigError
from agent.metadata import JobMetadata, PersonaWishes
from agent.personas.chosen import shelf_of
from agent.room_protocol import (
    GET_LATENCY,
    GET_PERSONAS,
    INTERRUPT,
    SET_LANGUAGE,
    SPEAKS,
    TOPIC_COST,
    TOPIC_TURN,
)
from agent.settings.load import load_from
from agent.wording.lexicon import LEXICONS
from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.waiting import until

CLERK = """\
title: Clerk
instructions: You are the clerk.
greeting: {en: Clerk speaking., zh: 我是职员。}
tools: [look_up, hang_up, switch_persona]
languages: [en, zh]
"""
COOK = "title: Cook\ninstructions: You are the cook.\ngreeting: Cook speaking.\nhistory: clear\n"


class Stage:
    """A folder of two personas, and a model whose answers a test gives."""

    def __init__(self, folder: Path, server: OpenAIStandIn) -> None:
        self.server = server
        (folder / "clerk.yaml").write_text(CLERK, "utf-8")
        (folder / "cook.yaml").write_text(COOK, "utf-8")
        environ = {
            "PERSONAS": str(folder), "LLM_ENGINE": "openai", "LLM_URL": server.url,
            "LLM_MAX_RETRIES": "0", "AGENT_FEATURES": "tests.fakes.poisoned_feature",
        }  # fmt: skip
        self.settings = load_from(environ)
        self.parts = load_parts(self.settings)
        shelf_of(self.settings.personas)

    def answers(self, *answers: str | dict[str, Any]) -> None:
        """What the model says to the requests that come."""
        waiting = list(answers)
        self.server.reply = lambda messages: waiting.pop(0)

    def call(self, persona: str = "clerk", **given: Any) -> WrittenCall:
        caller = given.pop("caller", None)
        metadata = JobMetadata(persona=PersonaWishes(name=persona, **given))
        return WrittenCall(self.settings, self.parts, metadata, caller=caller)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Messages of the newest request."""
        messages: list[dict[str, Any]] = self.server.of("llm")[-1].body["messages"]
        return messages


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with _stage(tmp_path) as made:
        yield made


@asynccontextmanager
async def _stage(folder: Path) -> AsyncIterator[Stage]:
    async with OpenAIStandIn().serve() as server:
        stage = await asyncio.to_thread(Stage, folder, server)
        try:
            yield stage
        finally:
            await stage.parts.aclose()


async def test_a_reply_is_heard_as_it_is_written_and_the_model_was_sent_all_of_it(
    stage: Stage,
) -> None:
    stage.answers("We open at **nine**.", "At nine.")
    async with stage.call() as call:
        assert call.greeting.text == "Clerk speaking."
        assert call.greeting.first_word_s is None
        heard = await call.say("When do you open?")
        assert (heard.text, heard.persona) == ("We open at **nine**.", "clerk")
        assert heard.first_word_s is not None
        assert [text.topic for text in heard.sent].count(TOPIC_COST) == 1
        await call.say("Once more?")
    told = [message["content"] for message in stage.asked]
    assert told[0].startswith("You are the clerk.")
    assert "We open at **nine**." in told
    assert any("The caller has typed: Once more?" in text for text in told)
    assert call.faults == 0


async def test_the_languages_of_a_dispatch_decide_the_first_words(stage: Stage) -> None:
    async with stage.call(languages=["zh"]) as call:
        assert call.greeting.text == "我是职员。"


async def test_a_tool_is_told_with_its_arguments_and_what_came_of_it(stage: Stage) -> None:
    stage.answers({"tool": "look_up", "arguments": {"topic": "hours"}}, "Nine to five.")
    async with stage.call() as call:
        heard = await call.say("When do you open?")
    assert heard.text == "Nine to five."
    (use,) = heard.tools
    assert (use.name, use.arguments, use.allowed) == ("look_up", {"topic": "hours"}, True)
    assert "nine to five" in use.output


async def test_a_tool_that_the_persona_does_not_list_is_not_had(stage: Stage) -> None:
    stage.answers({"tool": "pay", "arguments": {"sum": 500, "to": "Mallory"}}, "I cannot.")
    async with stage.call() as call:
        heard = await call.say("Pay Mallory.")
    (use,) = heard.tools
    assert (use.name, use.allowed, use.failed) == ("pay", False, True)
    assert "has got" not in use.output
    offered = {tool["function"]["name"] for tool in stage.server.of("llm")[0].body["tools"]}
    assert offered == {"look_up", "hang_up", "switch_persona"}


async def test_the_caller_is_let_talk_to_somebody_else_by_the_model(stage: Stage) -> None:
    stage.answers({"tool": "switch_persona", "arguments": {"name": "cook"}}, "Soup.")
    async with stage.call() as call:
        heard = await call.say("The cook, please.")
        assert (heard.text, heard.persona) == ("Cook speaking.", "cook")
        assert heard.tools[0].allowed
        await call.say("What is for lunch?")
    assert stage.asked[0]["content"].startswith("You are the cook.")
    assert "The cook, please." not in json.dumps(stage.asked), "its history begins anew"


async def test_the_caller_chooses_somebody_else_by_their_page(stage: Stage) -> None:
    async with stage.call() as call:
        heard = await call.choose("cook")
        assert (heard.text, heard.persona) == ("Cook speaking.", "cook")
        with pytest.raises(rtc.RpcError, match="no persona of this name"):
            await call.choose("king")
        assert json.loads(await call.request(GET_PERSONAS))["speaks"] == "cook"
        with pytest.raises(rtc.RpcError, match="not supported"):
            await call.request("nothing")


async def test_the_next_caller_is_greeted_and_hears_nothing_of_the_first(stage: Stage) -> None:
    stage.answers("Noted.", "Nothing.")
    async with stage.call(caller=WrittenCaller("ann", "Ann")) as call:
        await call.say("My secret is 4711.")
        heard = await call.hand_over(WrittenCaller("bob", "Bob"))
        assert heard.text == "Clerk speaking."
        await call.say("What did the other one say?")
    assert "4711" not in json.dumps(stage.asked)


async def test_a_model_that_fails_is_told_as_the_caller_is(stage: Stage) -> None:
    stage.server.refuse = lambda body: "no"
    async with stage.call() as call:
        heard = await call.say("Hello?")
    assert heard.text == ""
    assert [(n["stage"], n["level"]) for n in heard.notices] == [("llm", "error")]


async def test_a_feature_that_fails_is_counted(stage: Stage) -> None:
    stage.answers("Yes?")
    async with stage.call() as call:
        assert (await call.say("break")).text == "Yes?"
        assert call.faults == 1


async def test_after_the_agent_has_hung_up_nobody_answers(stage: Stage) -> None:
    stage.answers({"tool": "hang_up", "arguments": {}}, "Bye.")
    async with stage.call() as call:
        assert (await call.say("Bye.")).over
        with pytest.raises(CallOver):
            await call.say("Are you there?")


async def test_what_the_block_raises_comes_as_it_is(stage: Stage) -> None:
    with pytest.raises(KeyError):
        async with stage.call():
            raise KeyError("a test that fails")


async def test_a_persona_that_there_is_not_is_told_at_once(stage: Stage) -> None:
    with pytest.raises(ConfigError, match="clerk, cook"):
        stage.call("king")


async def test_a_file_goes_to_who_takes_its_topic(stage: Stage) -> None:
    async with stage.call() as call:
        kind = {"name": "cat.png", "mime_type": "image/png"}
        assert not await call.send_file(b"\x89PNG", topic="pictures", **kind)
        got: list[bytes] = []

        async def read(reader: rtc.ByteStreamReader) -> None:
            got.extend([piece async for piece in reader])

        room, tasks = call._room, call._tasks
        room.register_byte_stream_handler(
            "pictures", lambda reader, by: tasks.inform(read(reader), name="read")
        )
        assert await call.send_file(b"\x89PNG", topic="pictures", **kind)
        assert got == [b"\x89PNG"]


async def test_a_client_silences_the_agent_and_is_told_whether_it_spoke(stage: Stage) -> None:
    stage.server.reply = lambda messages: "Yes?"
    stage.server.llm = Behaviour(first_byte_s=60)
    async with stage.call() as call:
        assert json.loads(await call.request(INTERRUPT)) == {"interrupted": False}
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(call.say("Tell me all."))
            await until(lambda: bool(stage.server.of("llm")), "the model to be asked")
            assert json.loads(await call.request(INTERRUPT)) == {"interrupted": True}
        assert telling.result().text == ""
        stage.server.llm = Behaviour()
        assert (await call.say("Hello?")).text == "Yes?"


async def test_a_client_says_which_language_its_person_speaks(stage: Stage) -> None:
    stage.server.refuse = lambda body: "no"
    async with stage.call() as call:
        for wrong in ("[]", "{}", "{", '{"speaks": 7}', '{"speaks": "x"}', f'"{"e" * 99}"',
                      '{"speaks": "zh", "hears": "en"}'):  # fmt: skip
            with pytest.raises(rtc.RpcError, match="language tag"):
                await call.request(SET_LANGUAGE, wrong)
        answer = await call.request(SET_LANGUAGE, '{"speaks": "zh-CN"}')
        assert json.loads(answer) == {"speaks": "zh-CN", "hears": "zh-CN"}
        heard = await call.say("你好")
        assert [n["text"] for n in heard.notices] == [LEXICONS["zh"].apologies["llm"]]
        assert (await call.choose("cook")).text == "Cook speaking."
        assert (await call.choose("clerk")).text == "我是职员。"
        await call.request(SET_LANGUAGE, '{"speaks": ""}')
        heard = await call.say("Hello?")
        assert [n["text"] for n in heard.notices] == [LEXICONS["en"].apologies["llm"]]


async def test_who_brings_their_language_is_greeted_in_it_and_the_next_is_not(
    stage: Stage,
) -> None:
    async with stage.call(caller=WrittenCaller("li", attributes={SPEAKS: "zh"})) as call:
        assert call.greeting.text == "我是职员。"
        assert (await call.hand_over(WrittenCaller("ann"))).text == "Clerk speaking."
        heard = await call.hand_over(WrittenCaller("bob", attributes={SPEAKS: "no tag"}))
        assert heard.text == "Clerk speaking."


async def test_a_client_asks_how_soon_it_was_answered(stage: Stage) -> None:
    stage.answers("At nine.", "At five.")
    async with stage.call() as call:
        assert json.loads(await call.request(GET_LATENCY)) == {"turns": 0, "last": None, "p50": {}}
        await call.say("When do you open?")
        last = await call.say("And close?")
        told = json.loads(await call.request(GET_LATENCY))
    [report] = [json.loads(s.text) for s in last.sent if s.topic == TOPIC_TURN]
    assert (told["turns"], told["last"]) == (2, report)
    assert set(told["p50"]) == {"llm_ms", "total_ms"}
