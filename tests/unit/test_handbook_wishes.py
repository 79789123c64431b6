"""What callers wish for in words, where no model calls the tools."""

import json

import pytest
from livekit.agents import llm

from agent.llm.handbook.wishes import wished

KNOWN = """Let the caller talk to somebody else. Who there is:
- career-adviser: Career adviser. Helps you to find work.
- interpreter: Interpreter. Says in Mandarin what you say in English.
- mentor: 人生导师. 倾听您的困惑。
- receptionist: Receptionist. Answers the phone."""


def tools(*names: str) -> list[llm.Tool]:
    async def nothing(raw_arguments: dict[str, object]) -> None:
        pass

    return [
        llm.function_tool(
            nothing, raw_schema={"name": name, "description": KNOWN, "parameters": {}}
        )
        for name in names
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Let me talk to the career adviser.", "career-adviser"),
        ("Can I please speak with a career advisor?", "career-adviser"),
        ("Could you put me through to the receptionist, please?", "receptionist"),
        ("switch to the interpreter", "interpreter"),
        ("我想和人生导师聊聊。", "mentor"),
        ("请帮我转接人生导师。", "mentor"),
        ("I want to talk to the mentor.", "mentor"),
    ],
)
def test_another_persona_is_wished_for(text: str, name: str) -> None:
    call = wished(text, tools("switch_persona", "end_call"))
    assert call is not None
    assert (call.name, json.loads(call.arguments)) == ("switch_persona", {"name": name})


@pytest.mark.parametrize(
    "text",
    [
        "How do I switch on the interpreter?",
        "What does the receptionist do?",
        "Is the career adviser a person who talks?",
        "I was a receptionist for years.",
        "Let me talk to a human.",
        "人生导师是什么?",
        "That is all, thank you.",
        "Thanks, have a nice day.",
        "Goodbye, Lenin is a film, is it not?",
        "Thanks, how do I say goodbye?",
        "",
    ],
)
def test_what_is_no_wish_is_answered(text: str) -> None:
    assert wished(text, tools("switch_persona", "end_call")) is None


@pytest.mark.parametrize(
    "text",
    [
        "Goodbye!",
        "Okay, thanks, bye.",
        "Good night.",
        "再见。",
        "Thank you very much, goodbye.",
        "No, that was all. Thanks a lot, bye!",
        "Goodbye and thank you.",
        "I have to go now, goodbye.",
        "谢谢，再见！",
    ],
)
def test_who_says_goodbye_wants_to_leave(text: str) -> None:
    call = wished(text, tools("end_call"))
    assert call is not None
    assert (call.name, call.arguments) == ("end_call", "{}")


def test_without_the_tools_nothing_is_wished_for() -> None:
    assert wished("Let me talk to the receptionist.", tools("end_call")) is None
    assert wished("Goodbye!", tools("switch_persona")) is None
