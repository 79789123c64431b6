"""Free TCP and UDP ports on loopback."""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

LOOPBACK = "127.0.0.1"
_NEIGHBOURS = 20
"""How many numbers above a preferred port are tried before the system chooses."""
_UNCLAIMED = range(20000, 32768)
"""Where "any port" is looked for first: below the numbers that Linux (32768 on) and macOS
(49152 on) hand to outgoing connections, any of which could take it before the server binds."""
_CONNECT_S = 0.5


class PortClaims:
    """Ports that this user's demos want or have, so that two that start at once differ.

    A server binds its port seconds after it was chosen. Each claim is a lock on a file: it
    ends with the block, or with the process, whatever ends it.
    """

    def __init__(self) -> None:
        self._locks = ExitStack()

    def __enter__(self) -> "PortClaims":
        return self

    def __exit__(self, *exc: object) -> None:
        self._locks.close()

    def take(self, port: int) -> bool:
        """Claim a port; False when another demo has claimed it. Blocks for microseconds."""
        folder = Path(tempfile.gettempdir()) / f"rejoinder-ports-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        lock = os.fdopen(os.open(folder / str(port), flags, 0o600), "rb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._locks.enter_context(lock)
        return True


class PortPicker:
    """Picks ports that differ from each other; blocks for microseconds.

    Between the choice and the server's own `bind` somebody else may take a port; the caller
    must be ready to choose again.
    """

    def __init__(self, claims: PortClaims | None = None) -> None:
        """Make a picker; with `claims`, preferred ports are claimed among this user's demos."""
        self._claims = claims
        self._held = ExitStack()
        self._picked: set[tuple[socket.SocketKind, int]] = set()

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
            if (kind, port) in self._picked:
                continue  # SO_REUSEADDR would let it be bound again
            held = socket.socket(socket.AF_INET, kind)
            try:
                if kind is socket.SOCK_STREAM and port:
                    # As servers do: a port that only lingers in TIME_WAIT is free.
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.bind((LOOPBACK, port))
                if port and _answers(port):
                    raise OSError(f"port {port} is taken by a server on all addresses")
                if port and self._claims is not None and not self._claims.take(port):
                    raise OSError(f"port {port} is claimed by another demo")
            except (OSError, OverflowError):
                held.close()
                continue
            self._held.enter_context(held)
            bound = int(held.getsockname()[1])
            self._picked.add((kind, bound))
            return bound
        raise OSError("no free port on loopback")


def _candidates(preferred: int | None) -> Iterator[int]:
    if preferred:
        yield from range(preferred, min(preferred + _NEIGHBOURS, 65536))
    # The system's chance: a program that seeds its own would get the same ports again.
    yield from random.SystemRandom().sample(_UNCLAIMED, _NEIGHBOURS)
    yield 0


def _answers(port: int) -> bool:
    """Whether something accepts connections; macOS lets two sockets bind the same port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_S)
        return probe.connect_ex((LOOPBACK, port)) == 0


def mentions_taken_port(lines: Iterable[str]) -> bool:
    """Whether a server's log says that its port was taken meanwhile."""
    return any("address already in use" in line.lower() for line in lines)
