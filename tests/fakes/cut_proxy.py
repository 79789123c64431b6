"""A TCP proxy on loopback that can die, come back and hang: a server's crash, without a server."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from rejoinder.demo.ports import PortPicker

_PIECE = 65536


class CutProxy:
    """Passes bytes on until told otherwise. Make it with `cut_proxy`.

    Attributes:
        hangs: bytes of either side are taken and not passed on; connections stay, also new ones.
    """

    # Plain sockets: asyncio's own server, and `sock_accept`, lose a connection that arrives
    # while they are being closed.

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        with PortPicker() as free:
            self._port = free.tcp()
        self._listener: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.hangs = False
        self.connections = 0
        """Connections accepted so far."""

    @property
    def url(self) -> str:
        """The target's URL with the proxy's host and port."""
        return urlunsplit(self._target._replace(netloc=f"127.0.0.1:{self._port}"))

    async def come_back(self) -> None:
        """Listen; after the first time at the same port."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind(("127.0.0.1", self._port))
        listener.listen()
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    async def die(self) -> None:
        """Break all connections and refuse new ones. May be called more than once."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        while tasks := list(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        near, _ = listener.accept()
        near.setblocking(False)
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._pass_on(near))
        self._tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            near.close()

        task.add_done_callback(ended)

    async def _pass_on(self, near: socket.socket) -> None:
        with socket.socket() as far:
            far.setblocking(False)
            with contextlib.suppress(OSError, ExceptionGroup):
                address = (self._target.hostname, self._target.port)
                await asyncio.get_running_loop().sock_connect(far, address)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pump(near, far))
                    group.create_task(self._pump(far, near))

    async def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while piece := await loop.sock_recv(source, _PIECE):
            if not self.hangs:
                await loop.sock_sendall(sink, piece)
        sink.shutdown(socket.SHUT_WR)


@asynccontextmanager
async def cut_proxy(target: str) -> AsyncIterator[CutProxy]:
    """A proxy before the server at `target` (http://host:port/…) until the block ends."""
    proxy = CutProxy(target)
    await proxy.come_back()
    try:
        yield proxy
    finally:
        await proxy.die()
