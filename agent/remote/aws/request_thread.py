"""Blocking requests to AWS on the event loop: a thread for each, really cancelled.

A thread blocked in a socket read cannot be cancelled, and closing the response from outside
waits for the read. Shutting the socket down wakes it; the thread then closes the connection,
which is how the service learns that nobody waits any more.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from urllib3.exceptions import IncompleteRead

if TYPE_CHECKING:
    from botocore.eventstream import EventStream
    from botocore.response import StreamingBody

MAX_REQUESTS: Final = 32
"""Requests at once to one service from a process; one conversation has two or three."""

THREAD_NAME: Final = "aws-request"

_QUEUE_ITEMS: Final = 64
"""Items read ahead of the event loop; the thread waits when it is behind."""
_PIECE_BYTES: Final = 16 * 1024

T = TypeVar("T")

_asking = threading.local()
_slots: dict[str, threading.BoundedSemaphore] = {}


class TooManyRequests(Exception):
    """`MAX_REQUESTS` requests to this service are open already."""


class RequestClosed(Exception):
    """The request was closed by who made it."""


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """The answer to a request: its items, and urllib3's response beneath them."""

    items: Iterable[T]
    raw: Any


def events(stream: "EventStream[T]") -> Reply[T]:
    """The events of an event stream, each as it arrives."""
    # botocore offers no public way to the response below an event stream.
    return Reply(stream, cast("Any", stream)._raw_stream)


def pieces(body: "StreamingBody") -> Reply[bytes]:
    """The bytes of a body as they arrive, at most 16 KiB at once."""
    raw = cast("Any", body)._raw_stream
    return Reply(_read(raw), raw)


def _read(raw: Any) -> Iterator[bytes]:
    received = 0
    while data := raw.read1(_PIECE_BYTES):
        received += len(data)
        yield data
    length = raw.headers.get("content-length")
    if length is not None and received < int(length):
        raise IncompleteRead(received, int(length) - received)


class RequestThread(Generic[T]):
    """Makes one request in a thread. Iterate over its items once, then close it."""

    def __init__(self, ask: Callable[[], Reply[T]], *, service: str) -> None:
        """Begin.

        Args:
            ask: sends the request and returns the answer once it has begun; runs in the thread.
            service: counts against the requests of this service.

        Raises:
            TooManyRequests: nothing was begun; another request must end first.
        """
        self._slot = _slots.setdefault(service, threading.BoundedSemaphore(MAX_REQUESTS))
        if not self._slot.acquire(blocking=False):
            raise TooManyRequests(f"{MAX_REQUESTS} requests are open already")
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()
        self._room = threading.Semaphore(_QUEUE_ITEMS)
        self._lock = threading.Lock()
        self._waiting: socket.socket | None = None
        self._raw: Any = None
        self._closed = self._over = False
        # A daemon: a request without an answer yet must not hold up the end of the process.
        threading.Thread(target=self._run, args=(ask,), name=THREAD_NAME, daemon=True).start()

    def __aiter__(self) -> "RequestThread[T]":
        """Itself."""
        return self

    async def __anext__(self) -> T:
        """The next item, in order; raises what sending or reading raised.

        Raises:
            RequestClosed: it was closed meanwhile.
        """
        item = None if self._over else await self._queue.get()
        if item is None:
            self._over = True
            raise StopAsyncIteration
        self._room.release()
        if isinstance(item, BaseException):
            raise item
        return item[0]

    def close(self) -> None:
        """Stop and close the connection. Returns at once; safe to call twice.

        Belongs to the event loop. A request that is still connecting is closed when it has
        connected.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with contextlib.suppress(OSError, RuntimeError, ValueError):  # over by itself
                if self._raw is not None:
                    self._raw.shutdown()
                elif self._waiting is not None:
                    self._waiting.shutdown(socket.SHUT_RD)
        self._room.release()
        self._queue.put_nowait(RequestClosed())

    def waits_on(self, connection: socket.socket) -> None:
        """The request was sent; its answer will come from this socket. Runs in the thread.

        Raises:
            RequestClosed: nobody waits for it.
        """
        with self._lock:
            if self._closed:
                raise RequestClosed
            self._waiting = connection

    def _run(self, ask: Callable[[], Reply[T]]) -> None:
        try:
            _asking.thread = self
            try:
                reply = ask()
            finally:
                with self._lock:
                    # From here on the connection may serve somebody else.
                    self._waiting = None
            try:
                with self._lock:
                    self._raw = reply.raw
                    closed = self._closed
                if closed:
                    return
                for item in reply.items:
                    if not self._hand_over((item,)):
                        return
            finally:
                with self._lock:
                    self._raw = None
                reply.raw.close()
            self._hand_over(None)
        except Exception as error:  # noqa: BLE001 - raised again on the event loop
            self._hand_over(error)
        finally:
            self._slot.release()

    def _hand_over(self, item: tuple[T] | BaseException | None) -> bool:
        """Queue an item for the event loop; False when nobody waits for it any more."""
        self._room.acquire()
        if self._closed:
            return False
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except RuntimeError:  # the loop has ended
            return False
        return True


def request_of_this_thread() -> RequestThread[Any] | None:
    """The request that this thread was begun for."""
    return getattr(_asking, "thread", None)
