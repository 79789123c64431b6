"""`rejoinder web` in a process of its own, as somebody hostile reaches it: over TCP."""

import json
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rejoinder.demo.ports import PortPicker
from testbed.programs import Program

API_KEY, API_SECRET = "testkey", "s" * 40


class WebProcess:
    """The running server."""

    def __init__(self, program: Program) -> None:
        said = program.wait_line("talk page: ")
        self.port = int(re.findall(r":(\d+)/", said)[0])
        self.pid = program.popen.pid
        self._popen = program.popen
        self._log = program.log

    def log(self) -> str:
        """All it has written so far, but the line with its address."""
        return "".join(
            line
            for line in self._log.read_text(errors="replace").splitlines(keepends=True)
            if not line.startswith("talk page: ")
        )

    def end(self, *, within_s: float) -> int:
        """Exit status after SIGTERM."""
        self._popen.terminate()
        return self._popen.wait(within_s)

    def connect(self, timeout_s: float = 5.0) -> socket.socket:
        """A TCP connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)

    def ask(self, raw: bytes, *, timeout_s: float = 5.0) -> bytes:
        """Send bytes on a connection of their own and give all that is answered."""
        with self.connect(timeout_s) as peer:
            peer.sendall(raw)
            return read_all(peer)

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """Status and JSON of one GET."""
        return _status_and_json(self.ask(_head("GET", path, headers) + b"\r\n"))

    def post(self, path: str, body: Mapping[str, Any], **headers: str) -> tuple[int, Any]:
        """Status and JSON of one POST of JSON."""
        data = json.dumps(body).encode()
        headers = {"Content_Type": "application/json"} | headers
        head = _head("POST", path, headers) + b"Content-Length: %d\r\n\r\n" % len(data)
        return _status_and_json(self.ask(head + data))

    def healthy(self) -> bool:
        """Whether /health answers, before the heads of others are overdue."""
        request = _head("GET", "/health", {}) + b"\r\n"
        try:
            return b'"ok"' in self.ask(request, timeout_s=5.0)
        except OSError:
            return False


def read_all(peer: socket.socket) -> bytes:
    """All that comes until the other side closes, or the socket's time is over."""
    got = b""
    try:
        while chunk := peer.recv(65536):
            got += chunk
    except (TimeoutError, ConnectionError):
        pass
    return got


@contextmanager
def web_process(folder: Path, **settings: str) -> Iterator[WebProcess]:
    """Run the server on a free port. There is no LiveKit, unless the settings name one."""
    with PortPicker() as free:
        nothing = free.tcp()
    env = {
        "LIVEKIT_URL": f"ws://127.0.0.1:{nothing}",
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
        "TALK_PORT": "0",
    }
    program = Program(
        "web", [sys.executable, "-m", "rejoinder", "web"], folder / "web.log", env | settings
    )
    try:
        yield WebProcess(program)
    finally:
        program.stop()


def _head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{k.replace('_', '-')}: {v}" for k, v in ({"Host": "localhost"} | headers).items()]
    return "\r\n".join([*lines, "Connection: close", ""]).encode("latin-1")


def _status_and_json(answer: bytes) -> tuple[int, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        return int(head.split()[1]), json.loads(body)
    except (IndexError, ValueError):
        return int(head.split()[1]) if head else 0, None
