"""Answers that nobody reads, to the server's protocol in this process: its buffers are small."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from model_servers.serving import connections
from model_servers.serving.connection import LiveResponse
from model_servers.serving.connections import Places, limited
from model_servers.serving.run import listen

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
LAST = ASK + b"Connection: close\r\n\r\n"


class Stream:
    """A model that goes on for as long as somebody listens."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await LiveResponse(self.words(), media_type="text/plain")(scope, receive, send)

    async def words(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"word " * 200
                await asyncio.sleep(0.001)
        finally:
            self.let_go.set()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[uvicorn.Server]:
    """Answers with 30 kB, of which the system takes a few."""
    async with serving(PlainTextResponse("x" * 30_000), monkeypatch) as made:
        yield made


@asynccontextmanager
async def serving(app: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[uvicorn.Server]:
    """Serve with small buffers and little patience."""
    monkeypatch.setattr(connections, "UNREAD_S", 0.3)
    listener = listen("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    made = uvicorn.Server(
        uvicorn.Config(app, http=limited(Places(each=8, total=8)), ws="none", log_config=None)
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(made.serve(sockets=[listener]))
        try:
            yield made
        finally:
            made.should_exit = True
            made.force_exit = True


async def port_of(server: uvicorn.Server) -> int:
    while not server.started:
        await asyncio.sleep(0.01)
    return int(server.servers[0].sockets[0].getsockname()[1])


@pytest.mark.parametrize("asked", [LAST, (ASK + b"\r\n") * 4 + LAST], ids=["one", "several"])
async def test_a_last_answer_that_is_not_read_does_not_keep_its_connection(
    server: uvicorn.Server, asked: bytes
) -> None:
    port = await port_of(server)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(asked)
        async with asyncio.timeout(10):
            while not server.server_state.connections:
                await asyncio.sleep(0.01)
            while server.server_state.connections:
                await asyncio.sleep(0.01)


async def test_a_stream_that_is_not_read_lets_go_of_what_makes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a language model: its slot."""
    model = Stream()
    async with serving(model, monkeypatch) as server:
        port = await port_of(server)
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(ASK + b"\r\n")
            async with asyncio.timeout(10):
                await model.let_go.wait()
                while server.server_state.connections:
                    await asyncio.sleep(0.01)
