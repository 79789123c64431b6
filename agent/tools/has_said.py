"""Whether the model has spoken beside a call of a tool."""

from livekit.agents import llm
from livekit.agents.voice import SpeechHandle


def has_said(reply: SpeechHandle, *, since: llm.FunctionCall) -> bool:
    """Whether words stand beside this call in a reply that was played out."""
    items = reply.chat_items
    at = next((n for n, item in enumerate(items) if item.id == since.id), 0)
    return any(isinstance(item, llm.ChatMessage) for item in items[at:])
