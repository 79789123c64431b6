"""A bounded queue in front of the threads in which models run: finals first.

The queue's state lives on the event loop; only the jobs run in threads. A job is a blocking
generator, so that its results can be sent on as they come and it can be stopped between
two of them.
"""

import asyncio
import contextlib
import heapq
import itertools
import logging
import math
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from model_servers.serving.errors import ApiError, NotReady, QueueFull, TimedOut, WorkFailed

logger = logging.getLogger(__name__)

Priority = Literal["final", "interim"]
T = TypeVar("T")
Job = Callable[[threading.Event], Iterator[T]]
"""Runs in a thread and yields results. It should end soon after the event is set."""

_RANK: dict[Priority, int] = {"final": 0, "interim": 1}
_END = object()
_LONGEST_RETRY_S = 60
_FIRST_GUESS_S = 1.0
"""How long a request is assumed to take before one has been measured."""


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
        if item is _END:
            raise StopAsyncIteration
        if isinstance(item, Exception):
            raise item
        result: T = item
        return result


@dataclass(order=True)
class _Ticket:
    rank: int
    number: int
    job: Job[Any] = field(compare=False)
    results: Results[Any] = field(compare=False)
    stop: threading.Event = field(compare=False, default_factory=threading.Event)
    began: float | None = field(compare=False, default=None)


class WorkQueue:
    """Runs at most `workers` jobs at a time; at most `waiting` further ones wait.

    Waiting final requests always go before waiting interim ones, and a final one that finds
    all waiting places taken replaces the youngest interim one, which gets `QueueFull`.
    Made and used on one event loop.
    """

    def __init__(self, *, workers: int, waiting: int) -> None:
        self.workers = workers
        self.limit = waiting
        self._waiting: list[_Ticket] = []
        self._running: dict[int, _Ticket] = {}
        self._numbers = itertools.count()
        self._idle = asyncio.Event()
        self._closed = False
        self._typical_s = _FIRST_GUESS_S
        self._inbox: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        # Daemons: a model in the middle of its work must not keep a stopped process alive.
        for number in range(workers):
            threading.Thread(target=self._work, name=f"model-{number}", daemon=True).start()

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Requests in the model now, those whose client has left included."""
        return len(self._running)

    @contextlib.asynccontextmanager
    async def submit(
        self, job: Job[T], *, timeout_s: float, priority: Priority = "final"
    ) -> AsyncIterator[Results[T]]:
        """Queue a job; iterate over its results inside the block.

        Leaving the block, by cancellation too, withdraws the job: one that waits never
        starts, one that runs is told to stop and frees its worker when it does.

        Args:
            job: the work; see `Job`.
            timeout_s: from now to the last result, waiting included.
            priority: who goes first among those who wait.

        Raises:
            QueueFull: no waiting place is free.
            NotReady: the server is stopping.
        """
        ticket = self._admit(job, timeout_s, priority)
        try:
            yield ticket.results
        finally:
            self._withdraw(ticket)

    async def aclose(self, *, timeout_s: float) -> bool:
        """Refuse new work, stop what runs and wait for it. May be called twice.

        Returns:
            Whether all workers have stopped; a model call cannot be broken off, so it may
            take longer than the time given here.
        """
        if not self._closed:
            self._closed = True
            for ticket in self._waiting:
                ticket.results.put(NotReady("the server is stopping"))
            self._waiting.clear()
            for ticket in self._running.values():
                ticket.stop.set()
                ticket.results.put(NotReady("the server is stopping"))
            for _ in range(self.workers):
                self._inbox.put(None)
        if self._running:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), timeout_s)
        return not self._running

    def _admit(self, job: Job[Any], timeout_s: float, priority: Priority) -> _Ticket:
        if self._closed:
            raise NotReady("the server is stopping")
        ticket = _Ticket(_RANK[priority], next(self._numbers), job, Results(timeout_s))
        if len(self._running) >= self.workers and len(self._waiting) >= self.limit:
            last = max(self._waiting, default=None)
            if last is None or last.rank <= ticket.rank:
                raise QueueFull(self._retry_after_s())
            self._withdraw(last)
            last.results.put(QueueFull(self._retry_after_s()))
        heapq.heappush(self._waiting, ticket)
        self._start_next()
        return ticket

    def _retry_after_s(self) -> int:
        ahead = (len(self._waiting) + len(self._running)) / self.workers
        return max(1, min(_LONGEST_RETRY_S, math.ceil(ahead * self._typical_s)))

    def _withdraw(self, ticket: _Ticket) -> None:
        ticket.stop.set()
        if ticket in self._waiting:
            self._waiting.remove(ticket)
            heapq.heapify(self._waiting)

    def _start_next(self) -> None:
        while self._waiting and len(self._running) < self.workers:
            ticket = heapq.heappop(self._waiting)
            ticket.began = time.perf_counter()
            self._running[ticket.number] = ticket
            self._idle.clear()
            self._inbox.put(ticket)

    def _finished(self, ticket: _Ticket) -> None:
        del self._running[ticket.number]
        ticket.results.put(_END)
        if ticket.began is not None and not ticket.stop.is_set():
            self._typical_s += 0.2 * (time.perf_counter() - ticket.began - self._typical_s)
        self._start_next()
        if not self._running:
            self._idle.set()

    def _work(self) -> None:
        """Body of a worker thread."""
        while (ticket := self._inbox.get()) is not None:
            try:
                self._run(ticket)
                self._loop.call_soon_threadsafe(self._finished, ticket)
            except RuntimeError:  # the event loop is closed: the process ends
                return

    def _run(self, ticket: _Ticket) -> None:
        put = ticket.results.put
        try:
            for result in ticket.job(ticket.stop):
                if ticket.stop.is_set():
                    break
                self._loop.call_soon_threadsafe(put, result)
        except ApiError as error:
            self._loop.call_soon_threadsafe(put, error)
        except Exception as error:  # noqa: BLE001  (a thread's edge: its reader raises it)
            # By type only: other libraries put what was said into their messages.
            logger.error("a request failed in the model", extra={"kind": type(error).__name__})
            logger.debug("traceback", exc_info=error)
            failure = WorkFailed(f"the model failed on this request ({type(error).__name__})")
            self._loop.call_soon_threadsafe(put, failure)
