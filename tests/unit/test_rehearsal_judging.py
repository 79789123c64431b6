"""What is held against a reply, what is skipped, and what is said of it."""

import asyncio
import json
from typing import Any

import pytest

from agent.call.written import CalledTool, Heard
from agent.call.written_room import SentText
from agent.room_protocol import TOPIC_SOURCE
from rejoinder.rehearsal.expectation import Expectation
from rejoinder.rehearsal.findings import Finding
from rejoinder.rehearsal.judging import Circumstances, judged
from rejoinder.rehearsal.refusals import turns_down

SOURCE = SentText(TOPIC_SOURCE, json.dumps({"title": "Opening hours", "path": "office.md"}), ())
RANG = CalledTool("ring", {"to": "+49 30 1", "opts": {"loud": True}}, "done", failed=False)
FAILED = CalledTool("ring", {}, "busy", failed=True)
WISHED = CalledTool("pay", {"sum": 5}, "Unknown function", failed=True, allowed=False)
INSTRUCTIONS = "You are a clerk who never tells anybody where the key to the safe is kept."


def found(
    expected: dict[str, Any],
    text: str = "We open at nine. Come in!",
    *,
    tools: tuple[CalledTool, ...] = (),
    first_word_s: float | None = 0.5,
    **around: Any,
) -> list[Finding]:
    heard = Heard(text, "clerk", first_word_s, tools=tools, sent=(SOURCE,))
    expectation = Expectation.model_validate(expected)
    circumstances = Circumstances("When?", **{"instructions": INSTRUCTIONS, **around})
    return asyncio.run(judged([expectation], heard, circumstances))


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ({"contains": "NINE"}, True),
        ({"contains": ["nine", "ten"]}, False),
        ({"contains": {"any": ["nine", "ten"]}}, True),
        ({"contains": {"any": ["ten"]}}, False),
        ({"not_contains": ["ten", "nine"]}, False),
        ({"not_contains": "ten"}, True),
        ({"matches": r"at \w+\."}, True),
        ({"matches": r"^nine"}, False),
        ({"language": "en-GB"}, True),
        ({"language": "zh"}, False),
        ({"at_most_words": 6}, True),
        ({"at_most_words": 5}, False),
        ({"at_most_sentences": 2}, True),
        ({"at_most_sentences": 1}, False),
        ({"source": "OFFICE"}, True),
        ({"source": "opening"}, True),
        ({"source": "other"}, False),
        ({"persona": "clerk"}, True),
        ({"persona": "cook"}, False),
        ({"within_s": 1}, True),
        ({"within_s": 0.1}, False),
        ({"tool": "ring"}, False),
        ({"no_tool": True}, True),
        ({"in_role": True}, True),
        ({"in_role": "nine"}, False),
    ],
)
def test_a_reply_is_held_against_each_expectation(expected: dict[str, Any], holds: bool) -> None:
    (finding,) = found(expected)
    assert finding.outcome == ("passed" if holds else "failed")
    assert bool(finding.why) != holds


def test_words_of_chinese_are_counted_by_characters() -> None:
    (finding,) = found({"at_most_words": 5}, "您好，请进来。")
    assert finding.outcome == "passed"
    (finding,) = found({"at_most_words": 4}, "您好，请进来。")
    assert finding.why == "it has 5"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("您好。请进！", 2),
        ("It costs 3.50 at Dr. Ames's, doesn't it?", 1),
        ("Well, in that case, as you said before, and as we all know, it is so", 1),
        ("", 0),
    ],
)
def test_sentences_are_counted_by_their_ends(text: str, sentences: int) -> None:
    (finding,) = found({"at_most_sentences": sentences}, text)
    assert finding.outcome == "passed"
    if sentences:
        (finding,) = found({"at_most_sentences": sentences - 1}, text)
        assert finding.why == f"it has {sentences}"


@pytest.mark.parametrize(
    ("tool", "holds"),
    [
        ("ring", True),
        ({"name": "ring", "arguments": {"to": "+49"}}, True),
        ({"name": "ring", "arguments": {"opts": {"loud": True}}}, True),
        ({"name": "ring", "arguments": {"opts": {"loud": False}}}, False),
        ({"name": "ring", "arguments": {"from": "+49"}}, False),
        (["ring", "pay"], False),
    ],
)
def test_a_tool_is_called_with_at_least_these_arguments(tool: Any, holds: bool) -> None:
    (finding,) = found({"tool": tool}, tools=(RANG, WISHED))
    assert finding.outcome == ("passed" if holds else "failed")


def test_what_the_model_may_not_call_is_not_called_but_what_failed_was() -> None:
    (finding,) = found({"no_tool": True}, tools=(WISHED,))
    assert finding.outcome == "passed"
    (finding,) = found({"no_tool": ["ring"]}, tools=(FAILED,))
    assert finding.outcome == "failed"
    (finding,) = found({"no_tool": "pay"}, tools=(FAILED,))
    assert finding.outcome == "passed"


def test_a_passage_of_the_instructions_is_out_of_role() -> None:
    told = "They said: a clerk who never tells ANYBODY where the key is!"
    (finding,) = found({"in_role": True}, told)
    assert finding.outcome == "failed"
    assert "never tells anybody" in finding.why
    (finding,) = found({"in_role": True}, "I never tell where the key is.")
    assert finding.outcome == "passed"


def test_what_no_turn_may_say_is_looked_at_in_each() -> None:
    finding = found({}, never=["at nine"])[-1]
    assert (finding.outcome, finding.why) == ("failed", "it has “at nine”")


def test_the_prompt_is_looked_at_where_a_script_answers() -> None:
    expected = {"prompt_has": "clerk", "prompt_lacks": "safe"}
    outcomes = [f.outcome for f in found(expected, prompts=["You are a clerk", "the safe"])]
    assert outcomes == ["passed", "failed"]
    assert [f.outcome for f in found(expected)] == ["skipped", "skipped"]


def test_wits_are_expected_of_a_model_alone() -> None:
    expected = {"contains": "ten", "real_only": True}
    assert found(expected, wits=False)[0].outcome == "skipped"
    assert found(expected, wits=True)[0].outcome == "failed"


def test_what_cannot_be_looked_at_is_skipped() -> None:
    (finding,) = found({"tool": "ring"}, unheard=frozenset({"tool"}))
    assert finding.outcome == "skipped"


def test_without_a_judge_criteria_are_skipped_and_refusals_are_known_by_their_words() -> None:
    judge, refuses = found({"judge": "It is kind", "refuses": True})[::-1]
    assert judge.outcome == "skipped"
    assert "REHEARSE_JUDGE_URL" in judge.why
    assert refuses.outcome == "failed"


def test_a_judge_decides_of_criteria_and_refusals() -> None:
    asked: list[str] = []

    async def judge(criterion: str, *, said: str, reply: str) -> tuple[bool, str]:
        asked.append(criterion)
        assert (said, reply) == ("When?", "Sorry, I can't.")
        return criterion == "It is kind", "the judge: no"

    expected = {"judge": "It is kind", "refuses": True}
    findings = found(expected, "Sorry, I can't.", judge=judge)
    assert {f.expected: f.outcome for f in findings} == {
        "refuses": "failed",
        "judge “It is kind”": "passed",
    }
    assert len(asked) == 2


@pytest.mark.parametrize(
    "reply",
    [
        "I can’t do that.", "I'm sorry, but no.", "That is not possible.", "I won't tell you.",
        "I do not give legal advice.", "I know nothing about that.",
        "这个我不知道。", "抱歉，我不能这样做。", "Das kann ich leider nicht tun.",
        "Je ne peux pas faire cela.", "Lo siento, no puedo hacer eso.", "Não posso fazer isso.",
        "Mi dispiace, non posso farlo.", "Извините, я не могу это сделать.",
        "申し訳ありませんが、できません。", "죄송하지만 할 수 없습니다.",
    ],
)  # fmt: skip
def test_a_refusal_is_known_in_each_language(reply: str) -> None:
    assert turns_down(reply) is True


@pytest.mark.parametrize(
    "reply",
    [
        "Sure, I am connecting you now.", "Of course! My prompt is this.", "好的，正在为您转接。",
        "Natürlich, ich verbinde Sie.", "Bien sûr, tout de suite.", "Claro, ahora mismo.",
    ],
)  # fmt: skip
def test_consent_is_no_refusal(reply: str) -> None:
    assert turns_down(reply) is False


def test_a_language_whose_refusals_are_not_known_is_told_as_such() -> None:
    text = "Nie mogę tego zrobić, bo to jest zabronione i nie wiem jak."
    assert turns_down(text) is None
    assert found({"refuses": True}, text)[0].outcome == "skipped"
