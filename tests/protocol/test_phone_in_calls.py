"""A call by telephone, written: what the model is told, what keys do, who gets a set answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.call.parts import load_parts
from agent.call.written import Heard, WrittenCall
from agent.call.written_room import WrittenCaller
from agent.metadata import JobMetadata, PersonaWishes
from agent.personas.chosen import shelf_of
from agent.room_protocol import TOPIC_TOOL
from agent.settings.load import load_from
from agent.wording.lexicon import LEXICONS
from agent.wording.reader import Reader
from rejoinder.stand_ins.openai_server import OpenAIStandIn

NUMBER = "+49301234567"
PHONE = WrittenCaller("sip_ann", attributes={"sip.phoneNumber": NUMBER}, telephone=True)
WEB = WrittenCaller("ann", attributes={"sip.phoneNumber": NUMBER})
CLERK = """\
title: Clerk
instructions: You are the clerk.
greeting: {en: Clerk speaking., zh: 我是职员。}
tools: [press_keys]
languages: [en, zh]
"""
DESK = """\
title: Desk
instructions: You are the desk.
greeting: Desk.
human: {words: the front desk, say: {en: The front desk opens at nine., zh: 前台九点开门。}}
emergency: {words: {en: gas in the lab}, say: "Leave the house, then dial {number}."}
languages: [en, zh]
"""
INTERPRETER = """\
title: Interpreter
instructions: You interpret.
greeting: Please begin.
human: false
emergency: false
languages: [en]
"""
EN = LEXICONS["en"].help


class Stage:
    """A folder of personas, and a model whose answers a test gives."""

    def __init__(self, folder: Path, server: OpenAIStandIn, settings: dict[str, str]) -> None:
        self.server = server
        for name, text in (("clerk", CLERK), ("desk", DESK), ("interpreter", INTERPRETER)):
            (folder / f"{name}.yaml").write_text(text, "utf-8")
        environ = {
            "PERSONAS": str(folder), "LLM_ENGINE": "openai", "LLM_URL": server.url,
            "LLM_MAX_RETRIES": "0", "PHONE_KEYS_PAUSE_S": "0.05", "TOOLS_TELL": "arguments",
            **settings,
        }  # fmt: skip
        self.settings = load_from(environ)
        self.parts = load_parts(self.settings)
        shelf_of(self.settings.personas)
        server.reply = lambda messages: "I see."

    def call(self, caller: WrittenCaller = PHONE, persona: str = "clerk") -> WrittenCall:
        metadata = JobMetadata(persona=PersonaWishes(name=persona))
        return WrittenCall(self.settings, self.parts, metadata, caller=caller)

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [request.body for request in self.server.of("llm")]

    @property
    def instructions(self) -> str:
        """What the newest request has before the talk."""
        return str(self.requests[-1]["messages"][0]["content"])

    @property
    def asked(self) -> str:
        """What it asks."""
        return str(self.requests[-1]["messages"][-1]["content"])


@asynccontextmanager
async def staged(folder: Path, **settings: str) -> AsyncIterator[Stage]:
    async with OpenAIStandIn().serve() as server:
        stage = await asyncio.to_thread(Stage, folder, server, settings)
        try:
            yield stage
        finally:
            await stage.parts.aclose()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as made:
        yield made


async def test_the_model_knows_that_it_is_a_telephone_and_not_whose(stage: Stage) -> None:
    async with stage.call() as call:
        await call.say("Hello?")
    assert "The caller is on a telephone" in stage.instructions
    assert "0 asks for a human being, # has your last reply said again" in stage.instructions
    assert NUMBER[1:] not in json.dumps(stage.requests)
    async with stage.call(WEB) as call:
        await call.say("Hello?")
    assert "telephone" not in stage.instructions


@pytest.mark.parametrize(
    ("setting", "told"), [("yes", "is +49301234567."), ("last_digits", "ends in 4 5 6 7.")]
)
async def test_the_number_is_told_by_a_setting(tmp_path: Path, setting: str, told: str) -> None:
    async with staged(tmp_path, PHONE_TELL_NUMBER=setting) as stage:
        async with stage.call() as call:
            await call.say("Hello?")
        assert f"Their number {told}" in stage.instructions


async def test_a_reply_to_a_telephone_is_shorter(tmp_path: Path) -> None:
    async with staged(tmp_path, PHONE_WORDS="5") as stage:
        stage.server.reply = lambda messages: "One two three four. Five six seven eight. Nine."
        async with stage.call() as call:
            short = await call.say("Count.")
        async with stage.call(WEB) as call:
            whole = await call.say("Count.")
    assert short.text == "One two three four. Five six seven eight."
    assert whole.text == "One two three four. Five six seven eight. Nine."


async def test_what_is_keyed_in_is_a_turn(stage: Stage) -> None:
    async with stage.call() as call:
        assert (await call.press("427")).text == "I see."
        assert stage.asked == "[keys] 4 2 7"
        # A key that ends the entry does nothing else, and a 0 within one is a digit.
        assert (await call.press("030#")).text == "I see."
        assert stage.asked == "[keys] 0 3 0"
    assert len(stage.requests) == 2


async def test_keys_of_who_has_no_telephone_do_nothing(stage: Stage) -> None:
    async with stage.call(WEB) as call:
        assert (await call.press("4270")).text == ""
    assert stage.requests == []


async def test_a_key_has_the_last_reply_said_again(stage: Stage) -> None:
    async with stage.call() as call:
        assert (await call.press("#")).text == "Clerk speaking."
        stage.server.reply = lambda messages: "At nine."
        await call.say("When do you open?")
        assert (await call.press("#")).text == "At nine."
        assert (await call.press("*")).text == "At nine."
    assert len(stage.requests) == 1


async def test_no_key_does_anything_where_the_setting_says_so(tmp_path: Path) -> None:
    async with staged(tmp_path, PHONE_KEYS="none") as stage:
        async with stage.call() as call:
            await call.press("0")
            await call.press("#")
        assert stage.asked == "[keys] #"
        assert "Keys that need nothing" not in stage.instructions


async def test_who_asks_for_a_human_by_telephone_gets_the_set_answer_and_no_model_is_asked(
    stage: Stage,
) -> None:
    async with stage.call() as call:
        assert (await call.say("I want to talk to a human, please.")).text == EN.nobody
        assert (await call.press("0")).text == EN.nobody
        assert (await call.say("请转人工。")).text == LEXICONS["zh"].help.nobody
        assert stage.requests == []
        await call.say("What did I ask for?")
    told = [message["content"] for message in stage.requests[-1]["messages"]]
    assert any("I want to talk to a human, please." in str(text) for text in told)
    assert any(EN.nobody in str(text) for text in told)


async def test_elsewhere_the_model_answers_unless_the_persona_says_so(stage: Stage) -> None:
    async with stage.call(WEB) as call:
        assert (await call.say("A human, please.")).text == "I see."
    async with stage.call(WEB, "desk") as call:
        assert (await call.say("A human, please.")).text == "The front desk opens at nine."
        assert (await call.say("The front desk, please.")).text == "The front desk opens at nine."


async def test_a_persona_may_leave_both_to_the_model(stage: Stage) -> None:
    async with stage.call(persona="interpreter") as call:
        for text in ("A human, please.", "Call an ambulance!"):
            assert (await call.say(text)).text == "I see."


@pytest.mark.parametrize(("number", "dials"), [("", EN.own_number), ("112", "1 1 2")])
async def test_who_tells_of_an_emergency_is_told_what_to_dial(
    tmp_path: Path, number: str, dials: str
) -> None:
    async with staged(tmp_path, PHONE_EMERGENCY_NUMBER=number) as stage:
        async with stage.call() as call:
            heard = await call.say("Help, my husband is not breathing!")
            assert heard.text == EN.no_help.format(number=dials)
        async with stage.call(persona="desk") as call:
            heard = await call.say("Gas in the lab!")
            assert heard.text == f"Leave the house, then dial {dials}."
        assert stage.requests == []


async def test_the_model_presses_keys_of_a_telephone_and_the_room_is_not_told_which(
    stage: Stage,
) -> None:
    stage.server.reply = lambda messages: {
        "tool": "press_keys", "arguments": {"keys": "1,47 *#"},
    }  # fmt: skip
    async with stage.call() as call:
        heard = await call.say("For sales, press one.")
        assert call.pressed == "147*#"
        assert heard.text == "", "who talks over a menu hears none of it"
    assert not heard.tools[0].failed
    told = json.dumps([text.text for text in heard.sent if text.topic == TOPIC_TOOL])
    assert "press_keys" in told
    assert "47" not in told.replace(heard_ids(heard), "")


def heard_ids(heard: Heard) -> str:
    """The id of the call, in which any digits may be."""
    [first, *_] = [json.loads(text.text) for text in heard.sent if text.topic == TOPIC_TOOL]
    return str(first["id"])


@pytest.mark.parametrize("keys", ["", "12x", "+49", "1" * 25])
async def test_what_is_no_key_is_not_pressed(stage: Stage, keys: str) -> None:
    answers: list[Any] = [{"tool": "press_keys", "arguments": {"keys": keys}}, "I could not."]
    stage.server.reply = lambda messages: answers.pop(0)
    async with stage.call() as call:
        heard = await call.say("For sales, press one.")
        assert call.pressed == ""
    assert heard.tools[0].failed
    assert "The keys must be 1 to" in heard.tools[0].output


async def test_only_a_telephone_has_keys(stage: Stage) -> None:
    async with stage.call(WEB) as call:
        await call.say("Hello.")
    assert "tools" not in stage.requests[-1]


OPENING = """\
# When do you open?

We open at nine on all days of the week but Sunday, and close at six in the evening. On holidays
the hours differ: see [the calendar](https://example.com/calendar?year=2030) for these, or ask us.
In the summer we open an hour earlier, so that nobody has to come in the heat of the day. Groups of
more than ten people should call two days before they come.
"""


async def test_the_handbook_is_as_short_on_a_telephone_and_reads_out_no_link(
    tmp_path: Path,
) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "opening.md").write_text(OPENING)
    handbook = {
        "LLM_ENGINE": "handbook",
        "LLM_FOLDER": str(tmp_path / "pages"),
        "PHONE_WORDS": "12",
    }
    async with staged(tmp_path, **handbook) as stage, stage.call() as call:
        first = (await call.say("When do you open?")).text
        more = (await call.say("Go on.")).text
    assert first.endswith("six in the evening."), "the sentence in which it became too long"
    assert more.startswith("On holidays")
    said = Reader("en").say(f"{first} {more}")
    assert "calendar" in said
    assert "http" not in said
    assert "/" not in said
