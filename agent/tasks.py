"""The tasks of one call, in one tree: when the call is over, all of them have ended.

    need     the call cannot do without it: its failure is the call's
    carry    what hears, speaks and plays: a failure starts it afresh; too many and it is lost
    inform   what only tells somebody something: a failure is counted, no more

`begin` is for tasks outside a call, kept and awaited by the object that begins them; `undivided`
for what a cancellation must not cut in two; `first_of` for what a group of tasks raises.
"""

import asyncio
import logging
import time
import traceback
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

MOST_RESTARTS = 3
"""A part that fails more often than this within `RESTARTS_S` is lost."""
RESTARTS_S = 60.0
_UNDIVIDED_S = 2.0
"""How long a request that is not cancelled may hold up the cancellation, seconds."""
_INFORM_S = 5.0
"""Longest time that telling somebody something may take, seconds."""


def begin(work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
    """Begin a task that belongs to no group: the caller keeps it, and awaits or cancels it.

    What it raises is logged by its type when it ends; who awaits it gets the exception too.
    """
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_log_failure)
    return task


async def undivided(work: Coroutine[Any, Any, T], *, name: str) -> T:
    """Do what must not be left half-way, such as a request to LiveKit's native library.

    When the caller of this is cancelled, the work is not: it has 2 s to end before the
    cancellation goes on.
    """
    working = begin(work, name=name)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working}, timeout=_UNDIVIDED_S)
        raise


@asynccontextmanager
async def first_of(*kinds: type[Exception]) -> AsyncIterator[None]:
    """Raise the first exception of a group by itself, where all in the group are of these kinds.

    Not `except*`: what that raises is put into a group again, up to Python 3.11.3.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        found, others = group.split(kinds)
        if found is None or others is not None:
            raise
        raise first_in(found) from group


def first_in(error: BaseException) -> BaseException:
    """The first exception in a group, of groups too; one that is no group is itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.info("a task failed", extra={"task": task.get_name(), **fault(error)})


def fault(error: BaseException) -> dict[str, str]:
    """What a log line may hold of an exception: its type and where it was raised.

    Its text may repeat what a caller said.
    """
    error = first_in(error)
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
    return {"error": type(error).__name__, "at": at}


class CallTasks:
    """`async with CallTasks() as tasks`: the end of the block ends what is carried."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Count restarts on `clock`, seconds."""
        self._clock = clock
        self._group = asyncio.TaskGroup()
        self._vital: set[asyncio.Task[Any]] = set()
        self._telling: set[asyncio.Task[None]] = set()
        self._open = False
        self.restarts = 0
        """How often a part was started afresh."""
        self.uninformed = 0
        """How often somebody could not be told something."""

    async def __aenter__(self) -> "CallTasks":
        """Take in work from now on."""
        await self._group.__aenter__()
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Cancel what is needed and carried, wait for it, and for what is being told."""
        self._open = False
        for task in list(self._vital):
            task.cancel()
        await self._group.__aexit__(kind, error, at)

    def need(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Begin what the call cannot do without; what it raises ends the call."""
        task = self._group.create_task(work, name=name)
        self._vital.add(task)
        task.add_done_callback(self._vital.discard)
        return task

    def carry(
        self,
        run: Callable[[], Awaitable[None]],
        *,
        name: str,
        restarted: Callable[[], None] | None = None,
        lost: Callable[[], None],
    ) -> asyncio.Task[None]:
        """Keep `run` going until the block ends or it returns by itself.

        Args:
            run: called again after each failure; must be able to start afresh.
            name: of the part, for logs.
            restarted: told before each further start.
            lost: told instead of another start when it has failed too often.
        """
        return self.need(self._keep(run, name, restarted, lost), name=name)

    def inform(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Tell somebody something, within 5 s, or 7 s if its request is `undivided`.

        It never fails; after the block nothing is told.
        """
        if self._open:
            task = self._group.create_task(self._tell(work, name), name=name)
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        else:
            work.close()

    async def informed(self) -> None:
        """Wait until all that is being told has been, what is begun meanwhile too."""
        while telling := self._telling - {asyncio.current_task()}:
            await asyncio.wait(telling)

    async def _keep(
        self,
        run: Callable[[], Awaitable[None]],
        name: str,
        restarted: Callable[[], None] | None,
        lost: Callable[[], None],
    ) -> None:
        failures: deque[float] = deque(maxlen=MOST_RESTARTS)
        while True:
            try:
                await run()
            except Exception as error:  # noqa: BLE001 - a bug must not leave the call deaf or mute
                logger.error("a part of the call failed", extra={"part": name}, exc_info=error)
            else:
                return
            now = self._clock()
            if len(failures) == MOST_RESTARTS and now - failures[0] < RESTARTS_S:
                lost()
                return
            failures.append(now)
            self.restarts += 1
            if restarted is not None:
                restarted()

    async def _tell(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            async with asyncio.timeout(_INFORM_S):
                await work
        except Exception as error:  # noqa: BLE001 - what only informs never ends a call
            self.uninformed += 1
            logger.info("somebody was not told", extra={"task": name, **fault(error)})
