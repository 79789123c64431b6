"""Blocking event streams on the event loop: one thread per stream, really cancelled.

A thread blocked in a socket read cannot be cancelled, and closing the response from outside
waits for the read. Shutting the socket down wakes it; the thread then closes the connection.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from botocore.eventstream import EventStream

MAX_STREAMS: Final = 16
"""Streams at once in a process; one conversation needs two or three (speculation, tools)."""

THREAD_NAME: Final = "event-stream"

_QUEUE_EVENTS: Final = 64
"""Events read ahead of the event loop; the thread waits when it is behind."""

_slots = threading.BoundedSemaphore(MAX_STREAMS)


class TooManyStreams(Exception):
    """`MAX_STREAMS` streams are open already."""


class EventThread:
    """Reads one event stream in a thread. Iterate it once, then close it."""

    def __init__(self, open_stream: "Callable[[], EventStream[Any]]") -> None:
        """Start reading.

        Args:
            open_stream: sends the request and returns the stream; runs in the thread.

        Raises:
            TooManyStreams: nothing was started; another stream must end first.
        """
        if not _slots.acquire(blocking=False):
            raise TooManyStreams(f"{MAX_STREAMS} streams are open already")
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[dict[str, Any] | BaseException | None] = asyncio.Queue()
        self._room = threading.Semaphore(_QUEUE_EVENTS)
        self._lock = threading.Lock()
        self._stream: EventStream[Any] | None = None
        self._closed = False
        # A daemon: a request without an answer yet must not hold up the end of the process.
        threading.Thread(
            target=self._read, args=(open_stream,), name=THREAD_NAME, daemon=True
        ).start()

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the events in order; raise what sending or reading raised."""
        while (item := await self._queue.get()) is not None:
            self._room.release()
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        """Stop reading and close the connection. Returns at once; safe to call twice.

        A request whose response has not begun is closed when it begins or times out.
        """
        with self._lock:
            self._closed = True
            if self._stream is not None:
                _wake(self._stream)
        self._room.release()

    def _read(self, open_stream: "Callable[[], EventStream[Any]]") -> None:
        try:
            stream = open_stream()
            try:
                with self._lock:
                    self._stream = stream
                    closed = self._closed
                if closed:
                    return
                for event in stream:
                    if not self._hand_over(event):
                        return
            finally:
                with self._lock:
                    self._stream = None
                stream.close()
            self._hand_over(None)
        except Exception as error:  # noqa: BLE001 - raised again on the event loop
            self._hand_over(error)
        finally:
            _slots.release()

    def _hand_over(self, item: dict[str, Any] | BaseException | None) -> bool:
        """Queue an item for the event loop; False when nobody waits for it any more."""
        self._room.acquire()
        if self._closed:
            return False
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except RuntimeError:  # the loop has ended
            return False
        return True


def _wake(stream: Any) -> None:
    """End a read that another thread is blocked in. It must not be closed meanwhile."""
    try:
        # botocore offers no public way to the response below an event stream.
        stream._raw_stream.shutdown()
    except (OSError, RuntimeError, ValueError):
        return  # read to its end already: the connection is back in the pool
