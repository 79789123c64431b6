"""A conversation whose sides take turns, in livekit-agents' own form: what plug-ins are given.

Each plug-in puts it into the words of its service; few see to it that the service takes it.
"""

from typing import Any

from livekit.agents import llm

from agent.llm.alternation import Message, alternating


def in_turns(chat_ctx: llm.ChatContext) -> llm.ChatContext:
    """The same conversation, the caller's side first and last.

    What stands for the system later than at the beginning is said by the caller's side. The
    history that was given is not changed, its items may be shared.
    """
    system: list[llm.ChatMessage] = []
    spoken: list[Message] = []
    for item in chat_ctx.items:
        if item.type == "message":
            if not _blank(item):
                _place(item, system, spoken)
        elif item.type == "function_call":
            spoken.append({"role": "assistant", "items": [item]})
        elif item.type == "function_call_output":
            spoken.append({"role": "tool", "items": [item]})
    turns = alternating(spoken, join=_join, say=str)
    items = [item for turn in turns for item in turn.get("items") or [_said(turn)]]
    return llm.ChatContext([*system, *items])


def _place(message: llm.ChatMessage, system: list[llm.ChatMessage], spoken: list[Message]) -> None:
    is_system = message.role in ("system", "developer")
    if is_system and not spoken:
        system.append(message)
        return
    role = "user" if is_system else message.role
    same = message if role == message.role else message.model_copy(update={"role": role})
    spoken.append({"role": role, "items": [same]})


def _said(turn: Message) -> llm.ChatMessage:
    return llm.ChatMessage(role=turn["role"], content=[turn["content"]])


def _blank(message: llm.ChatMessage) -> bool:
    return all(isinstance(part, str) and not part.strip() for part in message.content)


def _join(first: Message, second: Message) -> bool:
    items: list[Any] = first["items"]
    last, added = items[-1], second["items"][0]
    if last.type == "message" and added.type == "message":
        parts = [*last.content, *added.content]
        # Calls of tools belong to the message with their id, which is the last one.
        items[-1] = last.model_copy(update={"content": parts, "id": added.id})
    else:
        items.extend(second["items"])
    return True
