"""How long a client may take, and how many connections it may hold.

uvicorn bounds neither: a client that sends half a request, or a byte a second, would keep its
connection for ever, and a few hundred of those keep everybody else out. Here a connection
that waits for its client has a deadline, and when the places are taken the one that has waited
longest for its client makes room. Connections whose answer is being made are never closed.

Nothing is done per request but setting a timer while something is incomplete.
"""

import asyncio
import logging
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from model_servers.serving.clients import sender

logger = logging.getLogger(__name__)

HEAD_S = 10.0
"""From the connection, or from the first byte of a further request, to the end of its head."""
BODY_S = 20.0
"""For any body, and a second more for each BODY_BYTES_PER_S of it that have come."""
BODY_BYTES_PER_S = 8192
UNREAD_S = 30.0
"""How long a client may leave an answer unread that no longer fits into the buffers."""
_SHARE_OF_FILES = 0.5
"""Of the files that the process may open; models and temporary files need some too."""


class Places:
    """The connections of one server. Used on its event loop only.

    Args:
        each: connections that one address may hold.
        total: connections altogether; fewer where the system allows fewer open files.
    """

    def __init__(self, *, each: int, total: int) -> None:
        self._each = each
        self._total = min(total, _file_places(total))
        self._held: Counter[str] = Counter()
        self._idle: dict[LimitedProtocol, None] = {}

    def take(self, address: str) -> bool:
        """Whether there is a place; an idle connection may be closed for it."""
        if self._held[address] >= self._each and not self._make_room(address):
            return False
        if self._held.total() >= self._total and not self._make_room(None):
            return False
        self._held[address] += 1
        return True

    def give_back(self, protocol: "LimitedProtocol") -> None:
        """The connection has ended."""
        self.set_idle(protocol, waits=False)
        self._held[protocol.address] -= 1
        if not self._held[protocol.address]:
            del self._held[protocol.address]

    def set_idle(self, protocol: "LimitedProtocol", *, waits: bool) -> None:
        """Say whether a connection waits for its client; since when is kept while it does."""
        if waits:
            self._idle.setdefault(protocol)
        else:
            self._idle.pop(protocol, None)

    def _make_room(self, address: str | None) -> bool:
        """Close the connection that waits longest for its client: this one, or the greediest's."""
        greediest = [address] if address else [name for name, _ in self._held.most_common()]
        for held_by in greediest:
            for protocol in self._idle:
                if protocol.address == held_by:
                    protocol.end("another connection needs the place")
                    protocol.leave()
                    return True
        return False


class LimitedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with deadlines and places. Made by `limited`."""

    places: Places

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = ""
        self._counted = False
        self._timer: asyncio.TimerHandle | None = None
        self._waits_for = ""
        self._body_began = 0.0
        self._body_bytes = 0
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.address = sender(self.client[0] if self.client else "")
        self._counted = self.places.take(self.address)
        if self._counted:
            self._wait("head")
        else:
            logger.warning("a connection was refused: all places are taken")
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._was_read()
        self.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._waits_for == "body":
            self._body_bytes += len(data)
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look(idle=True)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._was_read()

    def end(self, reason: str) -> None:
        """Close the connection at once."""
        logger.info("a connection was closed", extra={"reason": reason})
        self._stop_waiting()
        self.transport.abort()

    def leave(self) -> None:
        """Give the place back, before the connection is quite closed too."""
        if self._counted:
            self._counted = False
            self.places.give_back(self)

    def _look(self, *, idle: bool = False) -> None:
        """Find out whether the client owes something, after anything has happened."""
        if self.transport.is_closing():
            self._await_reader()  # of what is left of the last answer
            self.places.set_idle(self, waits=self._counted)
            return
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            self._wait("body")  # of a refused request too: its answer is there already
        elif state is h11.IDLE and not idle:
            self._wait("head")  # begun and not complete
        elif state is h11.IDLE:
            self._stop_waiting()
            self.places.set_idle(self, waits=True)  # uvicorn's own timer ends it
        else:
            self._stop_waiting()

    def _wait(self, what: str) -> None:
        self.places.set_idle(self, waits=True)
        if self._waits_for == what:
            return
        self._stop_timer()
        self._waits_for = what
        if what == "body":
            self._body_began, self._body_bytes = self.loop.time(), 0
        self._timer = self.loop.call_later(HEAD_S if what == "head" else BODY_S, self._overdue)

    def _await_reader(self) -> None:
        if self._unread is None:
            self._unread = self.loop.call_later(UNREAD_S, self.end, "an answer was not read")

    def _was_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _overdue(self) -> None:
        if self._waits_for == "body":
            allowed_s = BODY_S + self._body_bytes / BODY_BYTES_PER_S
            left_s = self._body_began + allowed_s - self.loop.time()
            if left_s > 0:
                self._timer = self.loop.call_later(left_s + 0.1, self._overdue)
                return
        self.end(f"its {self._waits_for} did not come in time")

    def _stop_waiting(self) -> None:
        self._stop_timer()
        self._waits_for = ""
        self.places.set_idle(self, waits=False)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def limited(places: Places) -> type[LimitedProtocol]:
    """The protocol class whose connections share `places`; for `uvicorn.Config(http=…)`."""
    return type("PlacedProtocol", (LimitedProtocol,), {"places": places})


def _file_places(most: int) -> int:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return most
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if soft == resource.RLIM_INFINITY else max(16, int(soft * _SHARE_OF_FILES))
