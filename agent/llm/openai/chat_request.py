"""A conversation in the form of OpenAI's chat completions, as the strictest servers take it.

Chat templates refuse what the format allows: two messages of one side in a row, the assistant's
side first, a system message anywhere but at the beginning or, Gemma's, a system message at all.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from typing import Any

from livekit.agents import llm

from agent.llm.alternation import Message, alternating


def chat_messages(chat_ctx: llm.ChatContext, *, with_system: bool = True) -> list[Message]:
    """Turn a history into messages.

    Args:
        chat_ctx: the history. It is not changed.
        with_system: whether the server takes a system message; else the caller's first message
            begins with it.
    """
    raw, _ = chat_ctx.to_provider_format("openai")
    system: list[str] = []
    spoken: list[Message] = []
    for message in raw:
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
