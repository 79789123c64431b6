"""Where stand-ins over HTTP listen, and what is told of each request: never a word of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from rejoinder.stand_ins.answering import CUT
from rejoinder.stand_ins.certificates import self_signed

Tell = Callable[[str], None]
"""Takes a line for whoever watches."""
_SHUTDOWN_S = 0.2
"""How long answers that are under way keep a server that is to end."""


def nobody(line: str) -> None:
    """Where nobody watches."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A server that runs."""

    runner: web.AppRunner
    certificate: Path | None
    """With TLS: the file by which it can be trusted."""

    @property
    def address(self) -> str:
        """HOST:PORT."""
        host, port, *_ = self.runner.addresses[0]
        return f"{host}:{port}"

    @property
    def connections(self) -> int:
        """Connections that clients keep to it now."""
        assert self.runner.server is not None
        return len(self.runner.server.connections)

    def abort(self) -> None:
        """Break all connections, as when the process is killed."""
        assert self.runner.server is not None
        for connection in list(self.runner.server.connections):
            if isinstance(connection.transport, asyncio.Transport):
                connection.transport.abort()


@asynccontextmanager
async def listening(
    app: web.Application, *, port: int = 0, tls: bool = False, tell: Tell = nobody
) -> AsyncIterator[Listening]:
    """Serve on loopback until the block ends."""
    if tell is not nobody:
        app.middlewares.insert(0, _telling(tell))
    async with AsyncExitStack() as stack:
        signed = await stack.enter_async_context(self_signed()) if tls else None
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        context = signed.context if signed is not None else None
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
        yield Listening(runner, signed.certificate if signed is not None else None)


def lasted(began: float) -> str:
    """How long something took that began at a `time.perf_counter()`."""
    return f"{time.perf_counter() - began:.1f} s"


def _telling(tell: Tell) -> Middleware:
    @web.middleware
    async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
        # Without its query, which may hold the words that are to be spoken.
        began = time.perf_counter()
        what = f"{request.method} {request.rel_url.raw_path}"
        if request.headers.get("Upgrade", "").lower() == "websocket":
            tell(f"{what}: a connection")
        end = "the client went away"
        try:
            response = await handler(request)
            end = "cut off" if request.get(CUT) else str(response.status)
            if isinstance(response, web.WebSocketResponse):
                end = "the connection ended"
            return response
        except web.HTTPException as refusal:
            end = str(refusal.status)
            raise
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as fault:
            # What aiohttp answers, and what the client has asked in a way that nobody foresaw.
            end = f"500, {type(fault).__name__}"
            raise
        finally:
            tell(f"{what}: {end}, {lasted(began)}")

    return told
