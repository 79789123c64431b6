"""Free TCP and UDP ports on loopback."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
_NEIGHBOURS = 20
"""How many numbers above a preferred port are tried before the system chooses."""
_CONNECT_S = 0.5


class PortPicker:
    """Picks ports that differ from each other; blocks for microseconds.

    Between the choice and the server's own `bind` somebody else may take a port; the caller
    must be ready to choose again.
    """

    def __init__(self) -> None:
        self._held = ExitStack()

    def __enter__(self) -> "PortPicker":
        return self

    def __exit__(self, *exc: object) -> None:
        self._held.close()

    def tcp(self, preferred: int | None = None) -> int:
        """A free TCP port: the preferred one, else one just above it, else any."""
        return self._pick(socket.SOCK_STREAM, preferred)

    def udp(self) -> int:
        """Any free UDP port."""
        return self._pick(socket.SOCK_DGRAM, None)

    def _pick(self, kind: socket.SocketKind, preferred: int | None) -> int:
        for port in _candidates(preferred):
            held = socket.socket(socket.AF_INET, kind)
            try:
                if kind is socket.SOCK_STREAM and port:
                    # As servers do: a port that only lingers in TIME_WAIT is free.
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.bind((LOOPBACK, port))
                if port and _answers(port):
                    raise OSError(f"port {port} is taken by a server on all addresses")
            except (OSError, OverflowError):
                held.close()
                continue
            self._held.enter_context(held)
            return int(held.getsockname()[1])
        raise OSError("no free port on loopback")


def _candidates(preferred: int | None) -> Iterator[int]:
    if preferred:
        yield from range(preferred, min(preferred + _NEIGHBOURS, 65536))
    yield 0


def _answers(port: int) -> bool:
    """Whether something accepts connections; macOS lets two sockets bind the same port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_S)
        return probe.connect_ex((LOOPBACK, port)) == 0


def mentions_taken_port(lines: Iterable[str]) -> bool:
    """Whether a server's log says that its port was taken meanwhile."""
    return any("address already in use" in line.lower() for line in lines)
