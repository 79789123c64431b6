"""Histories in the form that Bedrock's Converse API accepts."""

from typing import Any

import pytest
from livekit.agents import llm

from agent.llm.alternation import OPENING, SILENCE
from agent.llm.bedrock.converse_request import NO_OUTPUT, converse_messages, tool_config

Item = llm.ChatMessage | llm.FunctionCall | llm.FunctionCallOutput


def user(text: str) -> llm.ChatMessage:
    return llm.ChatMessage(role="user", content=[text])


def agent(text: str) -> llm.ChatMessage:
    return llm.ChatMessage(role="assistant", content=[text])


def system(text: str) -> llm.ChatMessage:
    return llm.ChatMessage(role="system", content=[text])


def called(call_id: str, arguments: str = "{}") -> llm.FunctionCall:
    return llm.FunctionCall(call_id=call_id, name="look_up", arguments=arguments)


def returned(call_id: str, output: str, *, is_error: bool = False) -> llm.FunctionCallOutput:
    return llm.FunctionCallOutput(call_id=call_id, name="look_up", output=output, is_error=is_error)


def messages(*items: Item, with_tools: bool = True) -> list[dict[str, Any]]:
    return converse_messages(llm.ChatContext(list(items)), with_tools=with_tools)[0]


def said(*items: Item) -> list[tuple[str, list[str]]]:
    return [(m["role"], [b.get("text", "") for b in m["content"]]) for m in messages(*items)]


def test_neighbours_of_one_role_are_merged() -> None:
    assert said(user("a"), user("b"), agent("c"), agent("d"), user("e")) == [
        ("user", ["a", "b"]),
        ("assistant", ["c", "d"]),
        ("user", ["e"]),
    ]


def test_blank_texts_vanish_and_their_neighbours_are_merged() -> None:
    assert said(user("a"), agent("b"), user(" \n"), agent("c"), user("d")) == [
        ("user", ["a"]),
        ("assistant", ["b", "c"]),
        ("user", ["d"]),
    ]


def test_a_greeting_is_preceded_by_the_callers_side() -> None:
    assert said(agent("Hello!"), user("hi")) == [
        ("user", [OPENING]),
        ("assistant", ["Hello!"]),
        ("user", ["hi"]),
    ]


def test_the_callers_side_is_last() -> None:
    assert said(user("hi"), agent("Hello!"))[-1] == ("user", [SILENCE])


def test_an_empty_history_is_still_a_request() -> None:
    assert said() == [("user", [OPENING])]


def test_the_system_prompt_is_apart_and_later_instructions_keep_their_place() -> None:
    chat_ctx = llm.ChatContext([system("Be brief."), user("hi"), agent("yes?"), system("Say bye.")])
    got, prompt = converse_messages(chat_ctx, with_tools=False)
    assert prompt == [{"text": "Be brief."}]
    assert got[-1]["role"] == "user"
    assert "Say bye." in got[-1]["content"][0]["text"]


def test_results_directly_follow_the_calls_of_one_turn() -> None:
    items: list[Item] = [
        user("two things"),
        called("a", '{"x": 1}'),
        called("b", ""),
        returned("a", "one"),
        returned("b", "two"),
        user("thanks"),
    ]
    for item in items[1:3]:
        assert isinstance(item, llm.FunctionCall)
        item.group_id = "g"
    got = messages(*items)
    assert [m["role"] for m in got] == ["user", "assistant", "user"]
    uses = [b["toolUse"] for b in got[1]["content"]]
    assert [(u["toolUseId"], u["input"]) for u in uses] == [("a", {"x": 1}), ("b", {})]
    results = [b["toolResult"]["toolUseId"] for b in got[2]["content"][:2]]
    assert results == ["a", "b"]
    assert got[2]["content"][2] == {"text": "thanks"}


def test_a_failed_tool_is_marked() -> None:
    got = messages(user("q"), called("a"), returned("a", "no such city", is_error=True))
    assert got[2]["content"][0]["toolResult"]["status"] == "error"


def test_an_empty_result_is_not_blank() -> None:
    got = messages(user("q"), called("a"), returned("a", ""))
    result = got[2]["content"][0]["toolResult"]
    assert result["content"] == [{"text": NO_OUTPUT}]
    assert result["status"] == "success"


def test_a_call_without_a_result_is_left_out() -> None:
    got = messages(user("q"), called("a"), agent("sorry"), user("go on"))
    assert [m["role"] for m in got] == ["user", "assistant", "user"]
    assert not any("toolUse" in b for m in got for b in m["content"])


def test_without_tools_past_results_are_told_as_text() -> None:
    got = messages(
        user("weather?"), called("a", '{"city": "Ghent"}'), returned("a", "rain"), with_tools=False
    )
    assert [m["role"] for m in got] == ["user"]
    assert got[0]["content"][1] == {"text": '[look_up({"city": "Ghent"}) returned: rain]'}


def test_the_history_is_not_changed() -> None:
    chat_ctx = llm.ChatContext([agent("Hello!"), user(" ")])
    before = chat_ctx.to_dict()
    converse_messages(chat_ctx, with_tools=True)
    assert chat_ctx.to_dict() == before


def test_an_image_by_address_is_refused() -> None:
    message = llm.ChatMessage(
        role="user", content=[llm.ImageContent(image="https://example.com/a.png")]
    )
    with pytest.raises(ValueError, match="external_url"):
        messages(message)


def test_no_tools_and_forbidden_tools_need_no_configuration() -> None:
    assert tool_config([], "auto") is None
    assert tool_config([_raw({"name": "f", "parameters": {}})], "none") is None


def test_what_bedrock_refuses_in_a_tool_is_completed() -> None:
    config = tool_config([_raw({"name": "f", "description": " ", "parameters": {}})], None)
    assert config == {
        "tools": [
            {
                "toolSpec": {
                    "name": "f",
                    "inputSchema": {"json": {"type": "object", "properties": {}}},
                }
            }
        ]
    }


def _raw(schema: dict[str, Any]) -> llm.Tool:
    async def f(raw_arguments: dict[str, object]) -> str:
        return ""

    return llm.function_tool(f, raw_schema=schema)
