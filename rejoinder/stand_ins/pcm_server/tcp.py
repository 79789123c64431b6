"""What stand-ins for voices behind a bare TCP connection share."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

from rejoinder.stand_ins.pcm_server.base import Request, VoiceStandIn
from rejoinder.stand_ins.serving import lasted


@dataclass(kw_only=True)
class TcpVoiceStandIn(VoiceStandIn):
    """One that is asked without HTTP."""

    _running: set[asyncio.Task[None]] = field(default_factory=set)

    @abstractmethod
    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes on one connection, until one side ends it."""

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator[Self]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", port)
        self.url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in list(self._running):
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    @contextmanager
    def answering(self, path: str, body: dict[str, Any]) -> Iterator[Request]:
        """Around the answer to a request: writes it down, and tells how it ended."""
        record = Request(path, body)
        self.requests.append(record)
        end = ""
        try:
            yield record
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as fault:
            end = f"failed, {type(fault).__name__}"
            raise
        finally:
            if record.outcome in ("open", "cancelled"):
                end = end or "the client went away"
            self.tell(f"{record.path}: {end or record.outcome}, {lasted(record.began)}")

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.talk(reader, writer)
        finally:
            self._running.discard(task)
            writer.close()
