"""Tools of your own: `PYTHONPATH=examples TOOLS=office_tools rejoinder start` (docs/tools.md)."""

from typing import Literal

from livekit.agents import llm

HOURS = {"Monday": "nine to five", "Friday": "nine to one", "Sunday": "closed"}
VISITS: list[tuple[str, int]] = []


@llm.function_tool(flags=llm.ToolFlag.CANCELLABLE)
async def opening_hours(day: Literal["Monday", "Friday", "Sunday"]) -> str:
    """When the office is open. It only looks something up, so it may be cut off.

    Args:
        day: the day of the week.
    """
    return HOURS[day]


@llm.function_tool
async def book_visit(day: Literal["Monday", "Friday"], hour: int) -> str:
    """Book a visit to the office.

    Args:
        day: the day of the week.
        hour: full hour, 9 to 16.
    """
    if not 9 <= hour <= 16:
        raise llm.ToolError("The office is open from 9 to 17: ask for another hour.")
    VISITS.append((day, hour))
    return f"Booked: {day} at {hour}."
