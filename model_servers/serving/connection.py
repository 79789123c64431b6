"""Work for as long as the client is there: plain answers and answers sent as they are made.

Once a request's body has been read, the only ASGI message left is `http.disconnect`, and
uvicorn delivers it as soon as the socket closes. So one task waits for it while another
works.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from model_servers.serving.errors import ApiError

logger = logging.getLogger(__name__)

T = TypeVar("T")

CLIENT_GONE_STATUS = 499
"""Nobody receives it; nginx's number for "client closed request", for the metrics."""


class ClientGone(Exception):
    """The client closed the connection before the answer was complete."""


async def until_gone(receive: Receive) -> None:
    """Return when the client has closed the connection. The body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Await `work`; cancel it when the client leaves first.

    Raises:
        ClientGone: the client left; `work` has been cancelled and has ended.
    """
    working = asyncio.create_task(work, name="answer")
    watching = asyncio.create_task(until_gone(receive), name="watch-client")
    tasks = {working, watching}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        return working.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        if not working.cancelled():
            working.exception()  # seen, so that asyncio does not report it


class LiveResponse(Response):
    """An answer whose chunks are sent as they are made.

    Nothing is sent before the first chunk is there: an `ApiError` until then becomes an
    answer with that status. One that comes later is sent as a server-sent event, or, in a
    stream of raw audio, ends the connection before the body's end, which every HTTP client
    notices. When the client leaves, `chunks` is closed at once.

    Args:
        chunks: an asynchronous generator; closing it must free what it holds.
        media_type: `text/event-stream`, `audio/pcm`, …
        headers: further headers.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(None, 200, headers, media_type)
        del self.headers["content-length"]
        self.headers["cache-control"] = "no-store"
        # nginx would hold chunks back.
        self.headers["x-accel-buffering"] = "no"
        self._chunks = chunks
        self._is_events = media_type == "text/event-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await while_connected(receive, self._send(scope, receive, send))
        except ClientGone:
            return

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._chunks) as chunks:
            try:
                chunk = await anext(chunks, b"")
            except ApiError as error:
                await error.response()(scope, receive, send)
                return
            head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(head)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            try:
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except ApiError as error:
                logger.warning("a stream was cut", extra={"kind": type(error).__name__})
                if not self._is_events:
                    return
                await send({"type": "http.response.body", "body": error.event(), "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
