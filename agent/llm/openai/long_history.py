"""A conversation that has grown longer than its model reads: the oldest turns are left out.

`LLM_HISTORY_CHARS` bounds it in characters, but how many of them a token stands for depends on
language and model, and how many tokens a model reads on how its server was started.
"""

import logging
import re

from livekit.agents import llm

from agent.remote.openai_errors import Refused

logger = logging.getLogger(__name__)

_STATUS = (400, 413, 422)
_TOO_LONG = re.compile(
    r"context_length_exceeded"  # OpenAI, ours
    r"|exceed_context_size|exceeds? the (available )?context"  # llama.cpp
    r"|maximum context length"  # vLLM, DeepSeek, OpenRouter
    r"|greater than the context length"  # LM Studio
    r"|too large for model with",  # Mistral
    re.IGNORECASE,
)


def is_too_long(refused: Refused, said: str) -> bool:
    """Whether a server refuses a conversation for its length.

    Args:
        refused: the refusal.
        said: all that the server says.
    """
    return refused.status_code in _STATUS and _TOO_LONG.search(said) is not None


class LongHistory:
    """From where on a conversation is sent; one that was cut stays cut at the same place.

    What a server keeps of the last request serves the next one only if both begin alike.
    """

    def __init__(self) -> None:
        """Nothing has been left out yet."""
        self._since = ""
        """Item of the history."""

    def kept(self, history: llm.ChatContext) -> llm.ChatContext:
        """A history without what has been left out before."""
        for number, item in enumerate(history.items):
            if item.id == self._since:
                return _without_first(history, number)
        return history

    def shorter(self, history: llm.ChatContext) -> llm.ChatContext | None:
        """A history without the older half of its turns; None when the newest is all there is."""
        begins = [
            number
            for number, item in enumerate(history.items)
            if isinstance(item, llm.ChatMessage) and item.role == "user"
        ]
        if len(begins) < 2:
            return None
        begin = begins[(len(begins) + 1) // 2]
        self._since = history.items[begin].id
        logger.warning("the conversation is longer than the model reads; old turns are left out")
        return _without_first(history, begin)


def _without_first(history: llm.ChatContext, count: int) -> llm.ChatContext:
    """Instructions stay."""
    system = [
        item
        for item in history.items[:count]
        if isinstance(item, llm.ChatMessage) and item.role in ("system", "developer")
    ]
    return llm.ChatContext([*system, *history.items[count:]])
