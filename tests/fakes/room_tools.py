"""Tools of a worker under test, as a person writes them."""

import asyncio

from livekit.agents import llm

SLOW_S = 12.0


@llm.function_tool(flags=llm.ToolFlag.CANCELLABLE)
async def weather(city: str) -> str:
    """The weather.

    Args:
        city: where.
    """
    return f"sunny in {city}"


@llm.function_tool(flags=llm.ToolFlag.CANCELLABLE)
async def search(text: str) -> str:
    """Search for a long time."""
    await asyncio.sleep(SLOW_S)
    return "found"
