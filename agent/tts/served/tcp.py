"""Servers that are asked over a TCP connection of each text's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from agent.remote.http_client import CONNECT_S
from agent.tts.served.wire import Unreachable


class TcpConnections:
    """Such a server; nothing is kept open."""

    def __init__(self, url: str, *, line_limit: int = 2**16) -> None:
        """`url` is `tcp://HOST:PORT`; a line may be of `line_limit` bytes."""
        self.provider = urlsplit(url).netloc
        self._limit = line_limit

    def prewarm(self) -> None:
        """Nothing: each text has a connection of its own."""

    async def aclose(self) -> None:
        """Nothing: each is closed with its text."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection, closed with the block.

        Raises:
            Unreachable: there is none.
        """
        host, _, port = self.provider.rpartition(":")
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(
                    host.strip("[]"), int(port), limit=self._limit
                )
        except OSError as error:  # a time-out is one
            raise Unreachable(error.strerror or "no connection") from error
        try:
            yield reader, writer
        finally:
            # Not `close`, which waits until a server that has stopped reading takes the rest.
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
