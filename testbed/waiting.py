"""Waiting until something has happened that announces itself to nobody."""

import asyncio
from collections.abc import Callable

import pytest

PATIENCE_S = 30.0
"""A process on a busy machine may stand still for seconds; only what never comes may fail."""
_LOOKS_S = 0.01


async def until(
    holds: Callable[[], object], what: str = "what was waited for", *, within_s: float = PATIENCE_S
) -> None:
    """Return once `holds()` is true; the test fails where that takes more than `within_s`."""
    try:
        async with asyncio.timeout(within_s):
            while not holds():  # noqa: ASYNC110 - nothing sets an event
                await asyncio.sleep(_LOOKS_S)
    except TimeoutError:
        pytest.fail(f"not within {within_s:g} s: {what}")
