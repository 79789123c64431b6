"""What is done about a slow answer: a second, equal request, and a word to the caller.

Hosted engines have a long tail: one answer in twenty takes several times as long as the others,
and the same question asked again is mostly answered at once. The first answer is taken, the
other request is cancelled. Idea: J. Dean, L. A. Barroso, "The Tail at Scale", 2013.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")

_KEPT = 60
_LEAST = 8
"""Readings without which nothing is known of an engine's tail."""
_SHARE = 0.95
_MARGIN = 1.1
"""Of requests that all take the same time none is repeated."""


class Pace:
    """How long an engine takes until its first answer, seconds. One per engine and process."""

    def __init__(self) -> None:
        self._readings: deque[float] = deque(maxlen=_KEPT)

    def took(self, seconds: float) -> None:
        """An answer came after this time."""
        self._readings.append(seconds)

    @property
    def late_s(self) -> float | None:
        """What only one answer in twenty takes longer than; None: too few are known."""
        if len(self._readings) < _LEAST:
            return None
        ordered = sorted(self._readings)
        return ordered[min(len(ordered) - 1, int(_SHARE * len(ordered)))] * _MARGIN


async def hedged(ask: Callable[[], Awaitable[T]], *, after_s: float | None) -> T:
    """Ask, and ask again if there is no answer after `after_s`; None: never again.

    Returns:
        The first answer. The slower request is cancelled before this returns.

    Raises:
        Exception: what the request raised that failed last, when all have failed.
    """
    if after_s is None:
        return await ask()
    waiting = {asyncio.ensure_future(ask())}
    try:
        done, _ = await asyncio.wait(waiting, timeout=after_s)
        if not done:
            waiting.add(asyncio.ensure_future(ask()))
        while True:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not waiting or task.exception() is None:
                    return task.result()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def hedged_stream(
    begin: Callable[[], AsyncGenerator[T, None]], *, after_s: float | None, pace: Pace | None = None
) -> AsyncGenerator[T, None]:
    """Items of a stream, or of a second one like it that was faster to begin.

    `pace` learns how long the first item took. The other stream is closed at once.
    """
    end: Any = object()
    streams: list[AsyncGenerator[T, None]] = []

    async def opened() -> tuple[Any, AsyncGenerator[T, None]]:
        stream = begin()
        streams.append(stream)
        return await anext(stream, end), stream

    began = time.perf_counter()
    try:
        item, chosen = await hedged(opened, after_s=after_s)
        if pace is not None:
            pace.took(time.perf_counter() - began)
        for stream in streams:
            if stream is not chosen:
                await stream.aclose()
        while item is not end:
            yield item
            item = await anext(chosen, end)
    finally:
        for stream in streams:
            await stream.aclose()


async def with_filler(
    stream: AsyncGenerator[T, None], filler: T, *, after_s: float
) -> AsyncGenerator[T, None]:
    """The stream, led by `filler` if its first item takes longer than `after_s`."""
    end: Any = object()
    first = asyncio.ensure_future(anext(stream, end))
    try:
        done, _ = await asyncio.wait({first}, timeout=after_s)
        if not done:
            yield filler
        item = await first
        while item is not end:
            yield item
            item = await anext(stream, end)
    finally:
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await stream.aclose()
