"""Callers are put through to whom the operator has listed, and to nobody else."""

import asyncio
from pathlib import Path

import pytest
from livekit.agents import llm

from agent.call.refer import Outcome
from agent.errors import ConfigError
from agent.personas.shelf import read_shelf
from agent.settings.load import load
from agent.wording.lexicon import ENGLISH
from tests.fakes.phone_talk import THEM, Does, Line, PhoneTalk, hold
from tests.fakes.scripted_engines import Reply

NUMBER = "+49 30 123456"
ASKED = "Can I talk to sales?"
QUESTION = Line(ASKED, 0.5, 2.0)
TELLS = "I put you through to sales."
CLERK = f"""\
title: Clerk
instructions: You are a clerk.
greeting: ''
tools: [transfer_call]
transfer: {{sales: "{NUMBER}", "night watch": "sip:watch@example.com"}}
"""


@pytest.fixture
def clerk(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "clerk.yaml").write_text(CLERK)
    return {"PERSONAS": str(tmp_path), "PERSONAS_DEFAULT": "clerk"}


def transfers(text: str = TELLS, to: str = "sales") -> dict[str, Reply | str]:
    return {ASKED: Reply(text, calls=[("transfer_call", {"to": to})])}


def outputs(call: PhoneTalk) -> list[str]:
    assert call.session is not None
    items = call.session.history.items
    return [item.output for item in items if isinstance(item, llm.FunctionCallOutput)]


def test_a_caller_is_put_through_once_the_last_sentence_was_heard(clerk: dict[str, str]) -> None:
    call = hold(QUESTION, replies=transfers(), settings=clerk)
    assert call.heard == TELLS
    [(at, where)] = call.sent
    assert where == "tel:+4930123456"
    assert at >= call.said[0][0]
    assert call.ended == pytest.approx(at + 2.0, abs=0.1)
    assert call.failures == 0


def test_a_model_that_says_nothing_about_it_is_helped_out(clerk: dict[str, str]) -> None:
    call = hold(QUESTION, replies=transfers("", "night watch"), settings=clerk)
    assert call.texts == [ENGLISH.line.putting_through]
    [(at, where)] = call.sent
    assert where == "sip:watch@example.com"
    assert at >= call.said[0][0]


@pytest.mark.parametrize(
    "meanwhile",
    [
        Line("Hello? Is anybody there?", 6.0, 8.0),
        Line("A human, please.", 6.0, 8.0),
        Does(lambda call: call.room.press(THEM, "#"), 7.0),
    ],
)
def test_while_it_rings_there_the_agent_is_silent(
    clerk: dict[str, str], meanwhile: Line | Does
) -> None:
    call = hold(
        QUESTION,
        meanwhile,
        replies=transfers(),
        features=["agent.features.telephone"],
        settings=clerk,
        rings_s=10.0,
    )
    assert call.texts == [TELLS]
    assert call.sent[0][0] < 6.0
    assert call.ended is not None


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("busy", ENGLISH.line.busy),
        ("unanswered", ENGLISH.line.unanswered),
        ("failed", ENGLISH.line.not_through),
    ],
)
def test_who_was_not_put_through_is_told_and_the_talk_goes_on(
    clerk: dict[str, str], outcome: Outcome, told: str
) -> None:
    call = hold(
        QUESTION,
        Line("Then tell me the time.", 20.0, 22.0),
        replies={**transfers(), "Then tell me the time.": "It is noon."},
        settings=clerk,
        outcome=outcome,
        lasts_s=30.0,
    )
    assert call.texts == [TELLS, told, "It is noon."]
    assert call.ended is None


def test_who_speaks_over_the_last_sentence_stays(clerk: dict[str, str]) -> None:
    call = hold(
        QUESTION,
        Line("No, no, not to sales.", 3.1, 4.6),
        replies=transfers("I put you through to sales now, who know all about it."),
        settings=clerk,
    )
    assert call.sent == []
    assert call.ended is None


def test_who_speaks_over_the_sentence_that_was_said_for_the_model_stays_too(
    clerk: dict[str, str],
) -> None:
    call = hold(
        QUESTION,
        Line("No, wait, not now.", 3.6, 5.0),
        replies=transfers(""),
        settings=clerk,
        lasts_s=20.0,
    )
    assert call.sent == []
    assert call.texts[-1] == "I see."
    assert ENGLISH.line.putting_through.startswith(call.texts[0][:4])


def test_who_hangs_up_meanwhile_is_not_sent(clerk: dict[str, str]) -> None:
    def hangs_up(call: PhoneTalk) -> None:
        assert call.features is not None
        call.features.left("sip_caller")

    call = hold(QUESTION, Does(hangs_up, 3.5), replies=transfers(), settings=clerk, lasts_s=20.0)
    assert call.sent == []
    assert call.ended is None


def test_no_number_reaches_the_model_and_none_but_the_listed_is_called(
    clerk: dict[str, str],
) -> None:
    call = hold(QUESTION, replies=transfers("", to="+1 900 555 0100"), settings=clerk, lasts_s=20.0)
    assert call.sent == []
    assert outputs(call) == ["There is nobody of this name; known: sales, night watch."]
    assert call.session is not None
    [tool] = call.session.current_agent.tools
    assert isinstance(tool, llm.RawFunctionTool)
    shown = str(tool.info.raw_schema)
    assert "'enum': ['sales', 'night watch']" in shown
    assert "123456" not in shown
    assert "example.com" not in shown


def test_a_caller_by_page_is_put_through_to_nobody(clerk: dict[str, str]) -> None:
    call = hold(QUESTION, replies=transfers(""), settings=clerk, telephone=False, lasts_s=20.0)
    assert call.sent == []
    assert "not come by telephone" in outputs(call)[0]
    assert call.texts == ["I see."]


def test_the_callers_yes_can_be_asked_for(tmp_path: Path) -> None:
    confirmed = CLERK.replace("[transfer_call]", "[{name: transfer_call, confirm: true}]")
    (tmp_path / "clerk.yaml").write_text(confirmed)
    ask = Reply("Shall I put you through to sales?")
    call = hold(
        QUESTION,
        Line("Yes, please.", 9.0, 10.0),
        replies={
            **transfers(""),
            "Yes, please.": Reply("", calls=[("transfer_call", {"to": "sales"})]),
        },
        otherwise=ask,
        settings={"PERSONAS": str(tmp_path), "PERSONAS_DEFAULT": "clerk"},
    )
    assert call.texts == ["Shall I put you through to sales?", ENGLISH.line.putting_through]
    assert [where for _, where in call.sent] == ["tel:+4930123456"]
    assert call.sent[0][0] > 10.0


@pytest.mark.parametrize("name", ["sales", "nobody"])
def test_a_feature_puts_through_to_a_name_of_the_list(clerk: dict[str, str], name: str) -> None:
    outcomes: list[Outcome] = []

    def begin(call: PhoneTalk) -> None:
        there = call.surroundings
        assert there is not None
        assert there.transfer is not None
        transfer = there.transfer

        async def put_through() -> None:
            outcomes.append(await transfer(name))

        there.tasks.need(put_through(), name="put-through")

    call = hold(Does(begin, 1.0), settings=clerk, lasts_s=15.0)
    if name == "sales":
        assert outcomes == ["through"]
        assert call.texts == [ENGLISH.line.putting_through]
    else:
        assert outcomes == ["failed"]
        assert call.texts == [ENGLISH.line.not_through]
        assert call.sent == []


@pytest.mark.parametrize("outcome", ["through", "busy"])
def test_who_asks_for_a_human_is_put_through_to_whom_the_persona_names(
    tmp_path: Path, outcome: Outcome
) -> None:
    (tmp_path / "clerk.yaml").write_text(f"{CLERK}human: {{transfer_to: sales}}\nlanguages: en\n")
    call = hold(
        Line("A human, please.", 1.0, 2.0),
        features=["agent.features.telephone"],
        settings={"PERSONAS": str(tmp_path), "PERSONAS_DEFAULT": "clerk"},
        outcome=outcome,
        lasts_s=30.0,
    )
    assert [where for _, where in call.sent] == ["tel:+4930123456"]
    told = [] if outcome == "through" else [ENGLISH.line.busy]
    assert call.texts == [ENGLISH.line.putting_through, *told]
    assert call.failures == 0


def test_two_at_once_are_one(clerk: dict[str, str]) -> None:
    outcomes: list[Outcome] = []

    def begin(call: PhoneTalk) -> None:
        there = call.surroundings
        assert there is not None
        assert there.transfer is not None
        transfer = there.transfer

        async def put_through() -> None:
            outcomes.extend(await asyncio.gather(transfer("sales"), transfer("sales")))

        there.tasks.need(put_through(), name="put-through")

    call = hold(Does(begin, 1.0), settings=clerk)
    assert sorted(outcomes) == ["failed", "through"]
    assert len(call.sent) == 1


def test_an_agent_of_no_file_has_the_list_of_the_settings() -> None:
    call = hold(
        QUESTION,
        replies=transfers(),
        settings={
            "PHONE_TRANSFER": "sales=+49 30 98-76, help=sip:help@example.com",
            "TOOLS_BUILT_IN": "transfer_call",
        },
    )
    assert [where for _, where in call.sent] == ["tel:+49309876"]


def test_settings_show_the_names_alone() -> None:
    settings = load(environ={"PHONE_TRANSFER": "sales=+4930123456"})
    [value] = [value for value in settings.values if value.name == "PHONE_TRANSFER"]
    assert value.shown == "sales"
    assert "4930" not in repr(settings)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("sales", "should be NAME=+NUMBER"),
        ("sales=my friend", 'should be a number such as "+4930123456"'),
        ("=+4930555777", "a name has letters"),
    ],
)
def test_a_wrong_list_is_refused_without_its_numbers(value: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(environ={"PHONE_TRANSFER": value})
    assert complaint in str(error.value)
    assert "555777" not in str(error.value)
    assert "friend" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("transfer: {sales: +4930123456}", ":3: transfer.sales"),
        ('transfer: {sales: "my friend"}', ":3: transfer.sales"),
        ('transfer: {"!": "+4930123456"}', ":3: transfer"),
    ],
)
def test_a_wrong_line_of_a_persona_is_told_by_its_place(
    tmp_path: Path, line: str, complaint: str
) -> None:
    (tmp_path / "clerk.yaml").write_text(f"title: A\ninstructions: B\n{line}\n")
    [mistake] = read_shelf(tmp_path).mistakes
    assert complaint in mistake
    assert "friend" not in mistake
