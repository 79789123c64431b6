"""A bounded queue in front of the threads in which models run: finals first, clients in turn.

The queue's state lives on the event loop; only the jobs run in threads. A job is a blocking
generator, so that its results can be sent on as they come and between two of them it can be
stopped, or wait while its thread serves another client.
"""

import asyncio
import concurrent.futures
import contextlib
import heapq
import itertools
import logging
import math
import queue
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

from model_servers.serving.errors import ApiError, NotReady, QueueFull, WorkFailed
from model_servers.serving.tickets import END, Job, Priority, Results, Ticket

logger = logging.getLogger(__name__)

T = TypeVar("T")

THREADS = "model-"
"""What the names of the threads begin with that models run in."""

_RANK: dict[Priority, int] = {"final": 0, "interim": 1}
_SLICE_S = 0.5
"""How long a job has its thread to itself while other clients' requests wait."""
_LONGEST_RETRY_S = 60
_FIRST_GUESS_S = 1.0
"""How long a request is assumed to take before one has been measured."""


class WorkQueue:
    """Runs at most `workers` jobs at a time; at most `waiting` further ones wait.

    Waiting final requests always go before waiting interim ones; among equals clients take
    turns, so that one who sends many requests delays its own. A request that finds all waiting
    places taken replaces the last in this order, if that is behind it, which gets `QueueFull`.
    Made and used on one event loop.

    Args:
        workers: jobs that run at the same time.
        waiting: places for requests that wait.
        lends: whether a long job stands back between two of its results while others wait.
    """

    def __init__(self, *, workers: int, waiting: int, lends: bool = True) -> None:
        self.workers = workers
        self.limit = waiting
        self._lends = lends
        self._waiting: list[Ticket] = []
        self._running: dict[int, Ticket] = {}
        self._busy = 0
        """Workers that have a request: fewer than run, as a worker may be within several."""
        self._numbers = itertools.count()
        self._turn = 0
        self._served: dict[str, int] = {}
        self._reading: Counter[str] = Counter()
        self._idle = asyncio.Event()
        self._closed = False
        self._typical_s = _FIRST_GUESS_S
        self._inbox: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._begin_threads(range(workers))

    @property
    def waiting(self) -> int:
        """Requests that wait; not those that another one's worker has begun."""
        return sum(not ticket.under_way() for ticket in self._waiting)

    @property
    def running(self) -> int:
        """Requests in the model now, those whose client has left included."""
        return len(self._running)

    @contextlib.asynccontextmanager
    async def submit(
        self,
        job: Job[T],
        *,
        timeout_s: float,
        priority: Priority = "final",
        client: str = "",
        under_way: Callable[[], bool] = lambda: False,
    ) -> AsyncIterator[Results[T]]:
        """Queue a job; iterate over its results inside the block.

        Leaving the block, by cancellation too, withdraws the job: one that waits never
        starts, one that runs is told to stop and frees its worker when it does.

        Args:
            job: the work; see `Job`.
            timeout_s: from now to the last result, waiting included.
            priority: who goes first among those who wait.
            client: whose request it is; see `serving.clients`.
            under_way: whether its work was begun with another job's: it then takes no waiting
                place and is not sent away, though its turn has not come. Called on the loop.

        Raises:
            QueueFull: no waiting place is free.
            NotReady: the server is stopping.
        """
        ticket = self._admit(job, timeout_s, priority, client)
        ticket.under_way = under_way
        try:
            yield ticket.results
        finally:
            self._withdraw(ticket)

    @contextlib.contextmanager
    def reading(self, client: str, priority: Priority = "final") -> Iterator[None]:
        """Hold for as long as a request's body is read: bodies fill the memory too.

        Raises:
            QueueFull: the request would be refused, or as many bodies are read as could be
                served; of one client, so that there is always room for another's.
        """
        places = self.workers + self.limit
        full = self._reading.total() >= places + max(2, places // 2)
        if full or self._reading[client] >= places:
            raise QueueFull(self._retry_after_s())
        if self._is_full():
            self._check_order(self._place(priority, client))
        self._reading[client] += 1
        try:
            yield
        finally:
            self._reading[client] -= 1
            self._reading += Counter()  # forgets those at zero

    def add_workers(self, more: int) -> None:
        """Run so many jobs more at the same time; once it is known how many the model can do."""
        self._begin_threads(range(self.workers, self.workers + more))
        self.workers += more
        self._start_next()

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

    def _admit(self, job: Job[Any], timeout_s: float, priority: Priority, client: str) -> Ticket:
        if self._closed:
            raise NotReady("the server is stopping")
        place = self._place(priority, client)
        if self._is_full():
            last = self._check_order(place)
            self._withdraw(last)
            last.results.put(QueueFull(self._retry_after_s()))
        ticket = Ticket(*place, client, job, Results(timeout_s))
        heapq.heappush(self._waiting, ticket)
        self._start_next()
        return ticket

    def _place(self, priority: Priority, client: str) -> tuple[int, int, int]:
        """Where a new request would stand: rank, turn and number."""
        before = [t.turn for t in self._waiting if t.client == client]
        turn = max(self._turn, max(before, default=self._served.get(client, -1)) + 1)
        return _RANK[priority], turn, next(self._numbers)

    def _is_full(self) -> bool:
        return self._busy >= self.workers and self.waiting >= self.limit

    def _check_order(self, place: tuple[int, int, int]) -> Ticket:
        """The waiting request that has to go for a new one.

        Raises:
            QueueFull: none is behind it.
        """
        last = max((t for t in self._waiting if not t.under_way()), default=None)
        if last is None or (last.rank, last.turn, last.number) <= place:
            raise QueueFull(self._retry_after_s())
        return last

    def _retry_after_s(self) -> int:
        ahead = (self.waiting + len(self._running)) / self.workers
        return max(1, min(_LONGEST_RETRY_S, math.ceil(ahead * self._typical_s)))

    def _withdraw(self, ticket: Ticket) -> None:
        ticket.stop.set()
        if ticket in self._waiting:
            self._waiting.remove(ticket)
            heapq.heapify(self._waiting)

    def _start_next(self) -> None:
        while self._waiting and self._busy < self.workers:
            ticket = heapq.heappop(self._waiting)
            self._busy += 1
            self._begin(ticket)
            self._inbox.put(ticket)

    def _begin(self, ticket: Ticket) -> None:
        self._turn = max(self._turn, ticket.turn)
        self._served = {c: t for c, t in self._served.items() if t >= self._turn}
        self._served[ticket.client] = ticket.turn
        ticket.began = time.perf_counter()
        self._running[ticket.number] = ticket
        self._idle.clear()

    def _lend(self, ticket: Ticket, taken: "concurrent.futures.Future[Ticket | None]") -> None:
        """Choose the request that is served in the middle of a running one. On the event loop."""
        able = (
            other
            for other in self._waiting
            if other.rank < ticket.rank
            or (other.rank == ticket.rank and other.client != ticket.client)
        )
        # As many may be in the middle of their work as may wait.
        crowded = self._closed or len(self._running) >= self.workers + self.limit
        chosen = None if crowded else min(able, default=None)
        if chosen is not None:
            self._waiting.remove(chosen)
            heapq.heapify(self._waiting)
            chosen.within = True
            self._begin(chosen)
            ticket.began = None  # its time is no measure any more
        taken.set_result(chosen)

    def _finished(self, ticket: Ticket) -> None:
        del self._running[ticket.number]
        if not ticket.within:
            self._busy -= 1
        ticket.results.put(END)
        if ticket.began is not None and not ticket.stop.is_set():
            self._typical_s += 0.2 * (time.perf_counter() - ticket.began - self._typical_s)
        self._start_next()
        if not self._running:
            self._idle.set()

    def _begin_threads(self, numbers: range) -> None:
        # Daemons: a model in the middle of its work must not keep a stopped process alive.
        for number in numbers:
            threading.Thread(target=self._work, name=f"{THREADS}{number}", daemon=True).start()

    def _work(self) -> None:
        """Body of a worker thread."""
        while (ticket := self._inbox.get()) is not None:
            try:
                self._run(ticket)
            except RuntimeError:  # the event loop is closed: the process ends
                return

    def _run(self, ticket: Ticket) -> None:
        put = ticket.results.put
        since = time.perf_counter()
        try:
            for result in ticket.job(ticket.stop):
                if ticket.stop.is_set():
                    break
                self._loop.call_soon_threadsafe(put, result)
                overdue = self._lends and time.perf_counter() - since > _SLICE_S
                if overdue and self._waiting:
                    self._serve_another(ticket)
                    since = time.perf_counter()
        except ApiError as error:
            self._loop.call_soon_threadsafe(put, error)
        except Exception as error:  # noqa: BLE001  (a thread's edge: its reader raises it)
            # By type only: other libraries put what was said into their messages.
            logger.error("a request failed in the model", extra={"kind": type(error).__name__})
            logger.debug("traceback", exc_info=error)
            failure = WorkFailed(f"the model failed on this request ({type(error).__name__})")
            self._loop.call_soon_threadsafe(put, failure)
        self._loop.call_soon_threadsafe(self._finished, ticket)

    def _serve_another(self, ticket: Ticket) -> None:
        """Serve one waiting request of another client, if there is one. In the worker's thread."""
        taken: concurrent.futures.Future[Ticket | None] = concurrent.futures.Future()
        with contextlib.suppress(RuntimeError):  # the event loop is closed
            self._loop.call_soon_threadsafe(self._lend, ticket, taken)
            other = taken.result()
            if other is not None:
                self._run(other)
