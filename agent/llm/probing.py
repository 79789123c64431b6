"""The smallest request that proves a language model answers, for `rejoinder check`."""

import asyncio
import time
from typing import Any

from livekit.agents import APIConnectOptions, llm

PROBE_TIMEOUT_S = 20.0
"""A local server may still be loading the model when it is asked for the first time."""


async def first_answer(engine: llm.LLM[Any], **request: Any) -> float:
    """Ask for a word, in a conversation like a call's, and leave as soon as anything came back.

    Args:
        engine: what to ask; it is closed afterwards.
        request: further arguments of `chat`, to keep the answer short.

    Returns:
        Seconds from the request to the first piece of the answer.

    Raises:
        APIError: as the engine raised it.
    """
    chat_ctx = llm.ChatContext.empty()
    # The agent greets first: some servers take only conversations that the other side begins.
    chat_ctx.add_message(role="system", content="Answer in one word.")
    chat_ctx.add_message(role="assistant", content="Hello!")
    chat_ctx.add_message(role="user", content="Say yes.")
    conn_options = APIConnectOptions(max_retry=0, timeout=PROBE_TIMEOUT_S)
    began = time.perf_counter()
    try:
        async with engine.chat(chat_ctx=chat_ctx, conn_options=conn_options, **request) as stream:
            async with asyncio.timeout(2 * PROBE_TIMEOUT_S):
                async for _ in stream:
                    break
            return time.perf_counter() - began
    finally:
        await engine.aclose()
