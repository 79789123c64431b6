"""Blocking work that may take for ever, such as a search for credentials, beside the event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_daemon(work: Callable[[], T], *, name: str) -> T:
    """Do it in a thread that nobody waits for: neither other work of the loop nor its end.

    The loop's own threads are few, shared by all, and waited for at its end. Cancelling leaves the
    thread to itself, and its result is dropped.

    Raises:
        Exception: as the work did.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(how: Callable[[Any], None], value: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(lambda: None if done.done() else how(value))

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - raised again on the event loop
            settle(done.set_exception, error)
        else:
            settle(done.set_result, result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await done
