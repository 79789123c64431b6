"""A language model's answer as one text, for those who can use no part of it."""

import asyncio
from difflib import SequenceMatcher
from typing import Any

from livekit.agents import APIConnectionError, APIConnectOptions, llm

from agent.llm.spoken_text import SpokenText

_GRACE_S = 1.0
_REPEATED = 8
"""Words of its instructions in a row: a small model that does not follow them says them."""


async def whole_answer(model: llm.LLM[Any], context: llm.ChatContext, *, timeout_s: float) -> str:
    """What `model` says to `context`, without its thoughts. Cancelling ends the request.

    Raises:
        TimeoutError: it has not said all within `timeout_s`.
        APIError: as the model does, or it has repeated its instructions; it is not asked again.
    """
    # Two ends at the same moment would leave the request to itself.
    limits = APIConnectOptions(max_retry=0, timeout=timeout_s + _GRACE_S)
    spoken, text = SpokenText(), ""
    async with asyncio.timeout(timeout_s):
        async with model.chat(chat_ctx=context, conn_options=limits) as stream:
            async for chunk in stream:
                if chunk.delta is not None and chunk.delta.content:
                    text += spoken.feed(chunk.delta.content)
    text = (text + spoken.end()).strip()
    if _repeats(text, context):
        raise APIConnectionError("the model has repeated its instructions", retryable=False)
    return text


def _repeats(text: str, context: llm.ChatContext) -> bool:
    told = [m.text_content or "" for m in context.messages() if m.role == "system"]
    one, other = text.casefold().split(), " ".join(told).casefold().split()
    found = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
    return found.size >= _REPEATED
