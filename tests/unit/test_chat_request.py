"""Histories in the form that the strictest chat templates accept."""

from typing import Any

from livekit.agents import llm

from agent.llm.alternation import BROKEN_IN, OPENING, SILENCE
from agent.llm.openai.chat_request import chat_messages


def said(role: Any, text: str) -> llm.ChatMessage:
    return llm.ChatMessage(role=role, content=[text])


def sent(*items: Any, **how: bool) -> list[tuple[str, Any]]:
    messages = chat_messages(llm.ChatContext(list(items)), **how)
    return [(m["role"], m.get("content")) for m in messages]


def test_a_greeting_is_preceded_by_the_callers_side() -> None:
    assert sent(said("system", "Be brief."), said("assistant", "Hello!"), said("user", "hi")) == [
        ("system", "Be brief."),
        ("user", OPENING),
        ("assistant", "Hello!"),
        ("user", "hi"),
    ]


def test_two_of_one_side_are_joined_and_blank_ones_vanish() -> None:
    history = [said("user", "a"), said("assistant", " "), said("user", "b"), said("assistant", "c")]
    assert sent(*history, said("assistant", "d"), said("user", "e")) == [
        ("user", "a\nb"),
        ("assistant", "c\nd"),
        ("user", "e"),
    ]


def test_the_callers_side_is_last() -> None:
    assert sent(said("user", "hi"), said("assistant", "Yes?"))[-1] == ("user", SILENCE)
    assert sent() == [("user", OPENING)]


def test_later_instructions_stand_where_they_were_given() -> None:
    history = [said("system", "Be brief."), said("user", "hi"), said("assistant", "Yes?")]
    assert sent(*history, said("system", "Say bye."))[-1] == ("user", "Say bye.")
    assert sent(*history)[0] == ("system", "Be brief.")


def test_a_server_that_takes_no_system_message_hears_it_from_the_caller() -> None:
    history = [said("system", "Be brief."), said("assistant", "Hello!"), said("user", "hi")]
    assert sent(*history, with_system=False) == [
        ("user", f"Be brief.\n{OPENING}"),
        ("assistant", "Hello!"),
        ("user", "hi"),
    ]


def test_a_tools_result_follows_its_call() -> None:
    history = [
        said("user", "Weather?"),
        llm.FunctionCall(call_id="a", name="look_up", arguments="{}"),
        llm.FunctionCallOutput(call_id="a", name="look_up", output="", is_error=False),
    ]
    assert sent(*history) == [("user", "Weather?"), ("assistant", None), ("tool", "")]


def test_pictures_and_words_of_one_side_are_joined() -> None:
    picture = llm.ImageContent(image="https://example.com/a.png")
    [(role, content)] = sent(said("user", "a"), llm.ChatMessage(role="user", content=[picture]))
    assert role == "user"
    assert [part["type"] for part in content] == ["text", "image_url"]


def test_the_history_is_not_changed() -> None:
    chat_ctx = llm.ChatContext([said("assistant", "Hello!"), said("user", "a"), said("user", "b")])
    before = chat_ctx.to_dict()
    chat_messages(chat_ctx)
    assert chat_ctx.to_dict() == before


def test_a_caller_who_breaks_in_after_a_tool_is_answered_first() -> None:
    history = [
        said("user", "Weather?"),
        llm.FunctionCall(call_id="a", name="look_up", arguments="{}"),
        llm.FunctionCallOutput(call_id="a", name="look_up", output="rain", is_error=False),
        said("user", "Wait!"),
    ]
    assert sent(*history)[2:] == [("tool", "rain"), ("assistant", BROKEN_IN), ("user", "Wait!")]


def test_a_model_without_tools_is_told_what_they_gave() -> None:
    history = [
        said("user", "Weather?"),
        llm.FunctionCall(call_id="a", name="look_up", arguments='{"at": 1}'),
        llm.FunctionCallOutput(call_id="a", name="look_up", output="rain", is_error=False),
        said("assistant", "It rains."),
        said("user", "And now?"),
    ]
    assert sent(*history, with_tools=False) == [
        ("user", 'Weather?\n[look_up({"at": 1}) returned: rain]'),
        ("assistant", "It rains."),
        ("user", "And now?"),
    ]


def test_ids_of_calls_are_made_short_where_a_server_wants_it() -> None:
    history = [
        said("user", "Weather?"),
        llm.FunctionCall(call_id="abcDEF123", name="look_up", arguments="{}"),
        llm.FunctionCallOutput(call_id="abcDEF123", name="look_up", output="a", is_error=False),
        llm.FunctionCall(call_id="call_1", name="look_up", arguments="{}"),
        llm.FunctionCallOutput(call_id="call_1", name="look_up", output="b", is_error=False),
    ]
    messages = chat_messages(llm.ChatContext(history), short_ids=True)
    asked = [call["id"] for m in messages for call in m.get("tool_calls", ())]
    told = [m["tool_call_id"] for m in messages if m["role"] == "tool"]
    assert asked == told
    assert asked[0] == "abcDEF123"
    assert len(asked[1]) == 9
    assert asked[1].isalnum()
