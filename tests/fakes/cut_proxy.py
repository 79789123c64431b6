"""A TCP proxy on loopback that can die and come back: a server's crash, without the server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

_PIECE = 65536
_ACCEPT_TURNS = 5


class CutProxy:
    """Passes bytes on until told otherwise. Make it with `cut_proxy`."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._port = 0
        self.connections = 0
        """Connections accepted so far."""

    @property
    def url(self) -> str:
        """The target's URL with the proxy's host and port."""
        return urlunsplit(self._target._replace(netloc=f"127.0.0.1:{self._port}"))

    @property
    def open(self) -> int:
        """Connections open now."""
        return len(self._links)

    async def come_back(self) -> None:
        """Listen; after the first time at the same port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        """Break all connections and refuse new ones."""
        assert self._server is not None
        self._server.close()
        # A connection that is being accepted becomes a link some turns of the loop later.
        for _ in range(_ACCEPT_TURNS):
            await asyncio.sleep(0)
        while links := list(self._links):
            for link in links:
                link.cancel()
            await asyncio.gather(*links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        self.connections += 1
        far: asyncio.StreamWriter | None = None
        try:
            far_reader, far = await asyncio.open_connection(
                self._target.hostname, self._target.port
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, far))
                group.create_task(_pump(far_reader, writer))
        except (OSError, asyncio.CancelledError, ExceptionGroup):
            # A cancelled handler would be reported as an error of the proxy.
            pass
        finally:
            for end in (writer, far):
                if end is not None:
                    end.transport.abort()
                    with contextlib.suppress(OSError):
                        await end.wait_closed()
            self._links.discard(link)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE):
        sink.write(piece)
        await sink.drain()
    with contextlib.suppress(OSError):
        sink.write_eof()


@asynccontextmanager
async def cut_proxy(target: str) -> AsyncIterator[CutProxy]:
    """A proxy before the server at `target` (http://host:port/…) until the block ends."""
    proxy = CutProxy(target)
    await proxy.come_back()
    try:
        yield proxy
    finally:
        await proxy.die()
