"""How a stand-in for an engine's server answers: with set delays and set faults.

It keeps a record of each request, and sees when a client goes away before the answer is complete.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from aiohttp import web

Outcome = Literal["open", "completed", "cancelled", "refused", "cut"]


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


class Record(Protocol):
    """What is written down of a request. Times are `time.perf_counter()` seconds."""

    body: dict[str, Any]
    first_byte: float | None
    ended: float | None
    chunks: int
    outcome: Outcome


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
    """What is sent in place of an answer, if anything: `say` puts a status and a reason into the
    words of the protocol. `status` is one that `how` has no part in.
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
    chunks: Iterable[bytes],
    *,
    chunked: bool = False,
) -> web.StreamResponse:
    """Stream an answer piece by piece; with `chunked` each is a chunk of HTTP's own."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    if chunked:
        response.enable_chunked_encoding()
    await response.prepare(request)
    record.first_byte = time.perf_counter()
    for chunk in chunks:
        if how.cut_after is not None and record.chunks >= how.cut_after:
            record.outcome = "cut"
            assert request.transport is not None
            request.transport.close()
            return response
        if how.stall_after is not None and record.chunks >= how.stall_after:
            while how.comments:
                await response.write(b": still here\n\n")
                await asyncio.sleep(0.02)
            await asyncio.sleep(3600)
        await response.write(chunk)
        record.chunks += 1
        await asyncio.sleep(how.between_s)
    await response.write_eof()
    return response
