"""A speech server that says exactly the given bytes, in exactly the given chunks."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    """One scripted answer."""

    chunks: Sequence[bytes] = ()
    content_type: str = "audio/pcm"
    status: int = 200
    gap_s: float = 0.0
    """Delay before each chunk."""
    cut: bool = False
    """Close the connection instead of ending the body."""


@dataclass
class RawServer:
    """Gives `answer` to every POST and an empty list to every GET."""

    answer: Answer = field(default_factory=Answer)
    choose: Callable[[dict[str, Any]], Answer] | None = None
    """Picks the answer by the request's body, in place of `answer`."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["RawServer"]:
        """Listen on loopback until the block ends."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._open: set[asyncio.Task[None]] = set()
        try:
            yield self
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.paths.append(f"{method} {path}")
        answer = Answer([b"[]"], "application/json")
        if method == "POST":
            self.bodies.append(json.loads(body))
            self.headers.append(headers)
            answer = self.choose(self.bodies[-1]) if self.choose else self.answer
        writer.write(
            f"HTTP/1.1 {answer.status} X\r\nContent-Type: {answer.content_type}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        for chunk in answer.chunks:
            await asyncio.sleep(answer.gap_s)
            if chunk:
                writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                await writer.drain()
        if answer.cut:
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True
