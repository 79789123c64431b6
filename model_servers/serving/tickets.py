"""A request to a model: its job, its place in the queue, and what comes of it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from model_servers.serving.errors import TimedOut

Priority = Literal["final", "interim"]
T = TypeVar("T")
Job = Callable[[threading.Event], Iterator[T]]
"""Runs in a thread and yields results. It should end soon after the event is set."""

END = object()
"""Put into results after the last one."""


class Results(Generic[T]):
    """What a job yields, in order, as an asynchronous iterator.

    Raises `TimedOut` when the job is not done by the deadline, `QueueFull` when a final
    request took its waiting place, `WorkFailed` or the job's own `ApiError` when it failed.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._deadline = asyncio.get_running_loop().time() + timeout_s
        # Not bounded: one request's results are, by the limits on its input.
        self._items: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, item: Any) -> None:
        """Add a result, an exception or the end mark. On the event loop's thread."""
        self._items.put_nowait(item)

    def __aiter__(self) -> "Results[T]":
        return self

    async def __anext__(self) -> T:
        try:
            async with asyncio.timeout_at(self._deadline):
                item = await self._items.get()
        except TimeoutError:
            raise TimedOut(self._timeout_s) from None
        if item is END:
            raise StopAsyncIteration
        if isinstance(item, Exception):
            raise item
        result: T = item
        return result


@dataclass(order=True)
class Ticket:
    rank: int
    turn: int
    """Round in which its client's requests are served: one of each client in a round."""
    number: int
    client: str = field(compare=False)
    job: Job[Any] = field(compare=False)
    results: Results[Any] = field(compare=False)
    stop: threading.Event = field(compare=False, default_factory=threading.Event)
    began: float | None = field(compare=False, default=None)
    within: bool = field(compare=False, default=False)
    """Served in the middle of another one, by that one's worker."""
    under_way: Callable[[], bool] = field(compare=False, default=lambda: False)
    """Whether another one's worker has begun it already."""
