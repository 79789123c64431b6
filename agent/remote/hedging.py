"""What is done about a slow answer: a second, equal request, and a word to the caller.

Hosted engines have a long tail: one answer in twenty takes several times as long as the others,
and the same question asked again is mostly answered at once. The first answer is taken, the
other request is cancelled. Idea: J. Dean, L. A. Barroso, "The Tail at Scale", 2013.
"""

import asyncio
import mmap
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

from agent.tasks import begin

T = TypeVar("T")

_KEPT = 60
_LEAST = 8
"""Readings without which nothing is known of an engine's tail."""
_SHARE = 0.95
_MARGIN = 1.1
"""Of requests that all take the same time none is repeated."""


class Pace:
    """How long an engine takes until its first answer, seconds. One per engine."""

    BYTES = 8 * (1 + _KEPT)
    """Size of the memory it keeps its readings in."""

    def __init__(self, memory: mmap.mmap | None = None) -> None:
        """Keep the readings in `memory`, which others may share (`agent.remote.learned`)."""
        self._cells = memoryview(memory or bytearray(self.BYTES)).cast("d")

    def took(self, seconds: float) -> None:
        """An answer came after this time."""
        count = int(self._cells[0])
        self._cells[1 + count % _KEPT] = seconds
        self._cells[0] = count + 1

    @property
    def late_s(self) -> float | None:
        """What only one answer in twenty takes longer than; None: too few are known."""
        count = min(int(self._cells[0]), _KEPT)
        if count < _LEAST:
            return None
        ordered = sorted(self._cells[1 : 1 + count])
        return ordered[min(count - 1, int(_SHARE * count))] * _MARGIN


async def hedged(ask: Callable[[], Awaitable[T]], *, after_s: float | None) -> T:
    """Ask, and ask again if there is no answer after `after_s`; None: never again.

    Returns:
        The first answer. The slower request is cancelled before this returns.

    Raises:
        Exception: what the request raised that was made last, when all have failed.
    """
    if after_s is None:
        return await ask()

    async def outcome() -> tuple[T] | Exception:
        try:
            return (await ask(),)
        except Exception as error:  # noqa: BLE001 - the other request may answer yet
            return error

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(outcome(), name="ask")]
        try:
            done, waiting = await asyncio.wait(asked, timeout=after_s)
            if not done:
                asked.append(group.create_task(outcome(), name="ask again"))
                waiting = set(asked)
            while True:
                for task in asked:
                    if task.done() and isinstance(found := task.result(), tuple):
                        return found[0]
                if not waiting:
                    break
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in asked:
                task.cancel()
    failure = asked[-1].result()
    assert isinstance(failure, Exception)
    raise failure


async def hedged_stream(
    ask: Callable[[], AsyncGenerator[T, None]], *, after_s: float | None, pace: Pace | None = None
) -> AsyncGenerator[T, None]:
    """Items of a stream, or of a second one like it that was faster to begin.

    `pace` learns how long the first item took. The other stream is closed at once.
    """
    end: Any = object()
    streams: list[AsyncGenerator[T, None]] = []

    async def opened() -> tuple[Any, AsyncGenerator[T, None]]:
        stream = ask()
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

    async def begun() -> Any:
        return await anext(stream, end)

    first = begin(begun(), name="first of a reply")
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
        await asyncio.wait({first})
        await stream.aclose()
