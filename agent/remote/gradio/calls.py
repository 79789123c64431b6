"""Jobs of a Gradio server for callers on the event loop."""

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from livekit.agents import APIConnectionError

from agent.remote.gradio.jobs import PendingJob
from agent.remote.gradio.server import GradioServer

P = ParamSpec("P")
T = TypeVar("T")

_CLOSE_S = 3.0


class GradioCalls:
    """Up to `most` jobs at the same time, each in a thread; a further one waits."""

    def __init__(self, server: GradioServer, *, most: int, name: str) -> None:
        """For `server`; threads are called `name`."""
        self.server = server
        self._threads = concurrent.futures.ThreadPoolExecutor(most, thread_name_prefix=name)
        self._calls: dict[PendingJob, concurrent.futures.Future[object]] = {}
        self._closed = False

    def prewarm(self) -> None:
        """Connect in a thread; returns at once."""
        if not self._closed:
            self._threads.submit(self.server.warm_up)

    async def endpoints(self) -> list[str]:
        """Names of the endpoints that the server has.

        Raises:
            APIError: as `GradioServer.endpoints`; or this is closed.
        """
        return await asyncio.wrap_future(self._submit(self.server.endpoints))

    async def run(self, call: PendingJob) -> object:
        """What a job gives. When it is cancelled, the server is told in the background.

        Raises:
            APIError: as `GradioServer.run`; or this is closed.
        """
        running = self._submit(self.server.run, call)
        self._calls[call] = running
        running.add_done_callback(lambda _: self._calls.pop(call, None))
        try:
            return await asyncio.wrap_future(running)
        finally:
            call.abandon()

    async def aclose(self) -> None:
        """Cancel all jobs and let go of all connections. May be called more than once.

        Waits a few seconds at most for the server to be told.
        """
        self._closed = True
        calls = dict(self._calls)
        for call in calls:
            call.abandon()
        self._threads.shutdown(wait=False)
        ends = [asyncio.wrap_future(running) for running in calls.values()]
        try:
            # Not asyncio.timeout: before Python 3.11.3 it raises CancelledError in a task that
            # is being cancelled.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*ends, return_exceptions=True), _CLOSE_S)
        finally:
            self.server.close()

    def _submit(
        self, work: Callable[P, T], *args: P.args, **named: P.kwargs
    ) -> concurrent.futures.Future[T]:
        try:
            return self._threads.submit(work, *args, **named)
        except RuntimeError as error:
            raise APIConnectionError("this engine was closed", retryable=False) from error
