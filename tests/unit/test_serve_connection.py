"""Working only as long as the client is there, with ASGI messages made by hand."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.types import Message

from model_servers.serving.connection import ClientGone, LiveResponse, while_connected
from model_servers.serving.errors import QueueFull, TimedOut


class Client:
    """The far end of one request, whose body has been read."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.got: list[Message] = []

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.got.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.got)

    @property
    def complete(self) -> bool:
        return bool(self.got) and not self.got[-1].get("more_body", True)


async def answer(chunks: AsyncGenerator[bytes, None], client: Client, media_type: str) -> None:
    response = LiveResponse(chunks, media_type=media_type)
    await response({"type": "http"}, client.receive, client.send)


async def test_the_result_is_returned_while_the_client_waits() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await while_connected(Client().receive, work()) == 7


async def test_the_work_is_cancelled_when_the_client_leaves() -> None:
    client, cancelled = Client(), asyncio.Event()

    async def work() -> None:
        try:
            client.gone.set()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(ClientGone):
        await while_connected(client.receive, work())
    assert cancelled.is_set()


async def test_the_works_own_error_is_raised_as_it_is() -> None:
    async def work() -> None:
        raise QueueFull(3)

    with pytest.raises(QueueFull):
        await while_connected(Client().receive, work())


async def test_being_cancelled_cancels_the_work() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    task = asyncio.ensure_future(while_connected(Client().receive, work()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled.is_set()


async def test_chunks_are_sent_one_by_one_and_the_body_is_ended() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"a"
        yield b"b"

    client = Client()
    await answer(chunks(), client, "audio/pcm")
    assert client.got[0]["status"] == 200
    assert [m.get("body") for m in client.got[1:]] == [b"a", b"b", b""]
    assert client.complete


async def test_an_error_before_the_first_chunk_is_an_answer_with_its_status() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        raise QueueFull(9)
        yield b""

    client = Client()
    await answer(chunks(), client, "audio/pcm")
    assert client.got[0]["status"] == 429
    assert (b"retry-after", b"9") in client.got[0]["headers"]
    assert b'"queue_full"' in client.body


async def test_a_later_error_in_events_is_an_event() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"data: 1\n\n"
        raise TimedOut(2)

    client = Client()
    await answer(chunks(), client, "text/event-stream")
    assert client.body.startswith(b'data: 1\n\ndata: {"error": {"message": "no complete answer')
    assert client.complete


async def test_a_later_error_in_raw_audio_leaves_the_body_without_its_end() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"samples"
        raise TimedOut(2)

    client = Client()
    await answer(chunks(), client, "audio/pcm")
    assert client.body == b"samples"
    assert not client.complete


async def test_the_source_is_closed_before_the_answer_ends_when_the_client_leaves() -> None:
    client, closed = Client(), asyncio.Event()

    async def chunks() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
            client.gone.set()
            await asyncio.sleep(60)
        finally:
            closed.set()

    await answer(chunks(), client, "audio/pcm")
    assert closed.is_set()
    assert not client.complete


async def test_the_source_is_closed_when_the_client_leaves_while_it_is_not_reading() -> None:
    client, closed = Client(), asyncio.Event()

    async def chunks() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"more"
        finally:
            closed.set()

    async def full(message: Any) -> None:
        client.got.append(message)
        if message["type"] == "http.response.body":
            client.gone.set()
            await asyncio.sleep(60)

    response = LiveResponse(chunks(), media_type="audio/pcm")
    await response({"type": "http"}, client.receive, full)
    assert closed.is_set()
