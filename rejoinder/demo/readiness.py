"""How to see that a child process is ready to serve."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

_ANSWER_S = 2.0
_PROGRESS_FIELDS = ("step", "detail", "message", "status")
"""Where a 503 answer may say what it waits for; the first text found is shown."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not ready yet."""

    text: str
    """What it waits for, as far as it says."""
    fraction: float | None = None
    """How much of that is done, 0 to 1."""


Look = Callable[[Path], Awaitable[Waiting | None]]
"""Looks once, given the child's log file; None means ready."""


def http_ok(url: str) -> Look:
    """Ready when a GET is answered with 200; other answers may say in JSON how far it is."""

    async def look(log: Path) -> Waiting | None:
        limits = aiohttp.ClientTimeout(total=_ANSWER_S)
        try:
            async with aiohttp.ClientSession(timeout=limits) as http, http.get(url) as answer:
                if answer.status == 200:
                    return None
                return _progress(await answer.text(errors="replace"), answer.status)
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return Waiting("starting")

    return look


def log_says(pattern: str) -> Look:
    """Ready when a line of the log matches a regular expression."""
    compiled = re.compile(pattern)

    async def look(log: Path) -> Waiting | None:
        text = await asyncio.to_thread(log.read_text, encoding="utf-8", errors="replace")
        return None if compiled.search(text) else Waiting("starting")

    return look


def both(first: Look, second: Look) -> Look:
    """Ready when two looks say so; the second is asked once the first is satisfied."""

    async def look(log: Path) -> Waiting | None:
        return await first(log) or await second(log)

    return look


def _progress(body: str, status: int) -> Waiting:
    try:
        answer = json.loads(body)
    except ValueError:
        return Waiting(f"answers {status}")
    if not isinstance(answer, dict):
        return Waiting(f"answers {status}")
    fraction = next(
        (
            float(answer[name])
            for name in ("fraction", "progress")
            if isinstance(answer.get(name), int | float)
        ),
        None,
    )
    text = next(
        (answer[name] for name in _PROGRESS_FIELDS if isinstance(answer.get(name), str)), ""
    )
    return Waiting(text or f"answers {status}", fraction)
