"""How a stand-in for an engine's server answers: with set delays and set faults.

It keeps a record of each request, and sees when a client goes away before the answer is complete.
"""

import asyncio
import time
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
)
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from aiohttp import web

from agent.tasks import begin

CUT = web.RequestKey("cut", bool)
"""Set in a request whose answer was cut off on purpose."""

Outcome = Literal["open", "completed", "cancelled", "refused", "cut"]
_BABBLE_S = 0.03


@dataclass
class Behaviour:
    """How one route answers."""

    first_byte_s: float = 0.0
    """Delay before anything is sent."""
    work: Callable[[Any], Awaitable[None]] | None = None
    """What a request takes, in place of that delay; cancelled when the client goes away."""
    between_s: float = 0.0
    """Delay between chunks: tokens of chat, 50 ms pieces of speech."""
    status: int = 200
    """Other than 200: an error body in the OpenAI shape, with this status."""
    failures: int | None = None
    """How many requests fail with `status` before the rest succeed; None: all."""
    cut_after: int | None = None
    """Close the connection after this many chunks."""
    stall_after: int | None = None
    """Send nothing more after this many chunks, and keep the connection."""
    error_after: int | None = None
    """Chat only: an error event takes the place of what follows this many chunks."""
    whole: bool = False
    """Chat only: one JSON object, though a stream was asked for."""
    comments: bool = False
    """Chat only: a stall is filled with comments that keep the connection."""
    repeats: bool = False
    """A refusal's reason holds the request, as vLLM's does."""
    malformed: bool = False
    """Answer 200 with something that is not the protocol."""


class CutOff(Exception):
    """Raised in place of a chunk: there is no more, and the connection is closed."""


class Record(Protocol):
    """What is written down of a request. Times are `time.perf_counter()` seconds."""

    body: dict[str, Any]
    first_byte: float | None
    ended: float | None
    chunks: int
    outcome: Outcome


@asynccontextmanager
async def beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Tasks that run as long as the block."""
    tasks = [begin(one, name="stand-in") for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def babble(socket: web.WebSocketResponse, message: str | bytes) -> None:
    """Say the same again and again, until the client is gone."""
    with suppress(ConnectionError):
        while True:
            if isinstance(message, str):
                await socket.send_str(message)
            else:
                await socket.send_bytes(message)
            await asyncio.sleep(_BABBLE_S)


@asynccontextmanager
async def answering(record: Record, how: Behaviour) -> AsyncIterator[None]:
    """Around the answer to one request: waits first, and writes down how it ended."""
    try:
        await (how.work(record) if how.work else asyncio.sleep(how.first_byte_s))
        yield
        if record.outcome == "open":
            record.outcome = "completed"
    except (asyncio.CancelledError, ConnectionError):
        record.outcome = "cancelled"
        raise
    finally:
        record.ended = time.perf_counter()


def refusal(
    record: Record, how: Behaviour, say: Callable[[int, str], web.Response], *, status: int = 0
) -> web.Response | None:
    """What is sent in place of an answer, if anything.

    `say` puts a status and a reason into the words of the protocol; `status` is one that `how` has
    no part in.
    """
    if not status:
        status = how.status
        if status != 200 and how.failures is not None:
            if how.failures <= 0:
                status = 200
            how.failures -= 1
    if status != 200:
        record.outcome = "refused"
        return say(status, f"stand-in fault {status}" + (f": {record.body}" if how.repeats else ""))
    if how.malformed:
        record.outcome = "refused"
        return web.Response(text="<html>not the protocol</html>", content_type="text/html")
    return None


async def send(
    request: web.Request,
    record: Record,
    how: Behaviour,
    content_type: str,
    chunks: Iterable[bytes] | AsyncIterable[bytes],
    *,
    chunked: bool = False,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Stream an answer piece by piece; with `chunked` each is a chunk of HTTP's own."""
    response = web.StreamResponse(headers={"Content-Type": content_type, **(headers or {})})
    if chunked:
        response.enable_chunked_encoding()
    await response.prepare(request)
    record.first_byte = time.perf_counter()
    try:
        if isinstance(chunks, AsyncIterable):
            async for chunk in chunks:
                await _put(response, record, how, chunk)
        else:
            for chunk in chunks:
                await _put(response, record, how, chunk)
    except CutOff:
        record.outcome = "cut"
        request[CUT] = True
        assert request.transport is not None
        request.transport.close()
        return response
    await response.write_eof()
    return response


async def _put(response: web.StreamResponse, record: Record, how: Behaviour, chunk: bytes) -> None:
    """Send one chunk, or what is set in its place."""
    if how.cut_after is not None and record.chunks >= how.cut_after:
        raise CutOff
    if how.stall_after is not None and record.chunks >= how.stall_after:
        while how.comments:
            await response.write(b": still here\n\n")
            await asyncio.sleep(0.02)
        await asyncio.sleep(3600)
    await response.write(chunk)
    record.chunks += 1
    await asyncio.sleep(how.between_s)
