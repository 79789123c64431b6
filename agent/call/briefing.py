"""Where the model is told something beside the history: right after its instructions.

What stands there is the same in each turn, and cached by models.
"""

from livekit.agents import llm


def tell(history: llm.ChatContext, text: str) -> None:
    """Tell the model `text` with this history, which is a copy."""
    after = next(
        (at for at, item in enumerate(history.items) if not _is_system(item)), len(history.items)
    )
    history.items.insert(after, llm.ChatMessage(role="system", content=[text]))


def _is_system(item: llm.ChatItem) -> bool:
    return isinstance(item, llm.ChatMessage) and item.role in ("system", "developer")
