"""The web server's connections: how long a request may take, and how many may be open.

aiohttp waits for a request's head, its body and the reader of its answer without end. Here each
connection has a deadline for what it is at, and one address holds a bounded number: a new
connection then takes the place of the one that has been waiting longest, so that a crowd of
half-sent requests hides neither the page nor `/health`.
"""

import asyncio
import ipaddress
import logging
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from rejoinder.web.limits import RateLimit

logger = logging.getLogger(__name__)

HEAD_S = 10.0
"""From the first byte of a request's head, or the connection, to its end."""
REQUEST_S = 30.0
"""From the end of the head to the last byte of the answer that the client took."""
IDLE_S = 75.0
"""Between an answer and the next head. Longer than the 60 s that proxies keep a connection, so
that they never reuse one that is being closed."""
LINGER_S = 2.0
"""How long the rest of a refused request is read, so that its sender can read the refusal."""
PER_ADDRESS = 64
"""Open connections of one address (IPv6: of one /64). A browser holds six."""
IN_ALL = 400
"""Open connections. Well below the 1024 files that a process may usually have open."""
LOG_LINES_PER_MINUTE = 10


def client_address(peer: str | None) -> str:
    """What counts as one client: an IPv4 address, or the /64 that an IPv6 host may choose from."""
    try:
        address = ipaddress.ip_address((peer or "").partition("%")[0])
    except ValueError:
        return peer or ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


class Seldom(logging.Filter):
    """Lets a bounded number of lines a minute of each logger through: strangers cause them."""

    def __init__(self, per_minute: int = LOG_LINES_PER_MINUTE) -> None:
        super().__init__()
        self._limit = RateLimit(per_minute)

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop a line that is one too many."""
        return self._limit.take(record.name) == 0.0


def bound_logs() -> None:
    """Bound what requests can make this process log; once per process."""
    seldom = Seldom()
    for name in (__name__, "aiohttp.server", "asyncio"):
        logging.getLogger(name).addFilter(seldom)


class Connections:
    """The connections of one `web.Server`; a protocol factory for `loop.create_server`."""

    def __init__(self, server: web.Server, *, per_address: int | None = PER_ADDRESS) -> None:
        """Count the connections of a server.

        Args:
            server: what answers (`web.AppRunner.server`).
            per_address: None when all come from a proxy, which stands for many.
        """
        self._server = server
        self._per_address = per_address
        # In the order of their last answer: the one that has been waiting longest is the first.
        self._open: dict[Connection, None] = {}

    def __call__(self) -> asyncio.Protocol:
        """Make the protocol of a new connection."""
        return Connection(self, self._server)

    def opened(self, new: "Connection") -> None:
        """Make room for a new connection, or close it when nobody's can be taken."""
        mine = [one for one in self._open if one.client == new.client]
        self._open[new] = None
        if self._per_address is not None and len(mine) >= self._per_address:
            self._make_room(mine, new)
        elif len(self._open) > IN_ALL:
            (crowd, _), *_ = Counter(one.client for one in self._open).most_common(1)
            self._make_room([one for one in self._open if one.client == crowd], new)

    def waits(self, connection: "Connection") -> None:
        """A connection has had its answer: it is now the last whose place is taken."""
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def lost(self, connection: "Connection") -> None:
        """A connection is closed."""
        self._open.pop(connection, None)

    def _make_room(self, candidates: Sequence["Connection"], new: "Connection") -> None:
        """Close the one that waits longest; all are being served: the new one."""
        closed = next((one for one in candidates if not one.served and one is not new), new)
        del self._open[closed]  # its end is told only in the loop's next turn
        closed.abort()


class Connection(web.RequestHandler):
    """One connection, with a deadline for the head and one for the request."""

    __slots__ = ("_connections", "_deadline", "client", "served")

    def __init__(self, connections: Connections, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=IDLE_S,
            lingering_time=LINGER_S,
            access_log=None,  # type: ignore[arg-type]  # its lines hold rooms and addresses
        )
        self._connections = connections
        self._deadline: asyncio.TimerHandle | None = None
        self.client = ""
        self.served = False
        """Whether a whole head is there and its answer is not yet sent."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection; its head is due."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self.client = client_address(peer[0] if peer else None)
        self._due(HEAD_S)
        self._connections.opened(self)

    def data_received(self, data: bytes) -> None:
        """Begin the head's time with its first byte."""
        if not self.served and self._deadline is None:
            self._due(HEAD_S)
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self._rest()
        self._connections.lost(self)
        super().connection_lost(exc)

    def serve(self) -> None:
        """A whole head is there and the request's own time begins; the first middleware's call."""
        self.served = True
        self._due(REQUEST_S)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer; what follows is idleness."""
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._rest()
            self._connections.waits(self)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP, or what our own code failed at, in JSON and without details."""
        if status >= 500:
            self.log_exception(exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer has been sent already")
        reason = "the request is not valid HTTP" if status < 500 else "this server failed"
        answer = web.json_response({"error": reason}, status=status)
        answer.force_close()
        return answer

    def log_exception(self, *args: Any, **kwargs: Any) -> None:
        """Say in one line that a request failed: aiohttp's hold addresses and what was sent."""
        error = kwargs.get("exc_info")
        frames = traceback.extract_tb(error.__traceback__) if error is not None else []
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "aiohttp"
        logger.error("a request failed: %s in %s", type(error).__name__, place)

    def abort(self) -> None:
        """Close at once, whatever is not sent yet."""
        if self.transport is not None:
            self.transport.abort()

    def _due(self, within_s: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(within_s, self.abort)

    def _rest(self) -> None:
        self.served = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
