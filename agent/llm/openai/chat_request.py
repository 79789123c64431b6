"""A conversation in the form of OpenAI's chat completions, as the strictest servers take it.

Chat templates refuse what the format allows: two messages of one side in a row, the assistant's
side first, a system message anywhere but at the beginning or, Gemma's, a system message at all;
the caller's word right after a tool's and, Mistral's, a tool call whose id has not nine letters
and digits. A model that knows no tools is told what they gave.

Source: https://platform.openai.com/docs/api-reference/chat/create;
mistralai/mistral-common, protocol/instruct/validator.py.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from livekit.agents import llm

from agent.llm.alternation import Message, alternating
from agent.llm.call_ids import CALL_ID_LENGTH


def chat_messages(
    chat_ctx: llm.ChatContext,
    *,
    with_system: bool = True,
    with_tools: bool = True,
    short_ids: bool = False,
) -> list[Message]:
    """Turn a history into messages.

    Args:
        chat_ctx: the history. It is not changed.
        with_system: whether the server takes a system message; else the caller's first message
            begins with it.
        with_tools: whether it takes tool calls and their results; else the caller's side tells
            them.
        short_ids: whether ids of tool calls must be of nine letters and digits.
    """
    raw, _ = chat_ctx.to_provider_format("openai")
    messages: Iterable[Message] = raw if with_tools else _told(raw)
    if short_ids:
        messages = map(_with_short_ids, messages)
    system: list[str] = []
    spoken: list[Message] = []
    for message in messages:
        is_system = message["role"] in ("system", "developer")
        if not message.get("tool_calls") and message["role"] != "tool" and _blank(message):
            continue
        if is_system and not spoken and isinstance(message["content"], str):
            system.append(message["content"])
        elif is_system:
            # In the midst of a conversation only the caller's side may say it.
            spoken.append(message | {"role": "user"})
        else:
            spoken.append(dict(message))
    turns = alternating(spoken, join=_join, say=str)
    if system and with_system:
        turns.insert(0, {"role": "system", "content": "\n\n".join(system)})
    elif system:
        instructions = {"role": "user", "content": "\n\n".join(system)}
        _join(instructions, turns[0])
        turns[0] = instructions
    return turns


def _told(messages: Iterable[Message]) -> Iterator[Message]:
    """The same without tool calls; what they gave is told by the caller's side."""
    called: dict[str, Message] = {}
    for message in messages:
        if message["role"] == "tool":
            call = called.get(message["tool_call_id"], {"name": "", "arguments": ""})
            told = f"[{call['name']}({call['arguments']}) returned: {message['content']}]"
            yield {"role": "user", "content": told}
            continue
        for call in message.get("tool_calls") or ():
            called[call["id"]] = call["function"]
        yield {name: value for name, value in message.items() if name != "tool_calls"}


def _with_short_ids(message: Message) -> Message:
    if message["role"] == "tool":
        return message | {"tool_call_id": _short(message["tool_call_id"])}
    if message.get("tool_calls"):
        calls = [call | {"id": _short(call["id"])} for call in message["tool_calls"]]
        return message | {"tool_calls": calls}
    return message


def _short(call_id: str) -> str:
    if len(call_id) == CALL_ID_LENGTH and call_id.isascii() and call_id.isalnum():
        return call_id
    return hashlib.sha256(call_id.encode()).hexdigest()[:CALL_ID_LENGTH]


def _blank(message: Message) -> bool:
    content = message.get("content")
    return not content or (isinstance(content, str) and not content.strip())


def _join(first: Message, second: Message) -> bool:
    if first["role"] == "tool" or first.get("tool_calls"):
        return False
    one, other = first.get("content"), second.get("content")
    if isinstance(one, str) and isinstance(other, str):
        first["content"] = f"{one}\n{other}"
    elif other:
        first["content"] = [*_parts(one), *_parts(other)]
    if second.get("tool_calls"):
        first["tool_calls"] = second["tool_calls"]
    return True


def _parts(content: Any) -> list[Any]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []
