"""The web server under half-sent, slow and broken requests: it stays reachable and quiet."""

import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.web_process import WebProcess, read_all, web_process
from tests.fakes.node_program import client_library

HALF_HEAD = b"GET /health HTTP/1.1\r\nHost: local"
BODY_TO_COME = (
    b"POST /api/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)
LARGE = b"GET /static/vendor/livekit-client.umd.js HTTP/1.1\r\nHost: localhost\r\n\r\n"


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_300_half_sent_heads_do_not_hide_the_health_page(web: WebProcess) -> None:
    before, said = open_files(web.pid), web.log()
    held = [web.connect() for _ in range(300)]
    try:
        for peer in held:
            with suppress(ConnectionError):  # closed to make room
                peer.sendall(HALF_HEAD)
        for _ in range(20):
            assert web.healthy()
        assert open_files(web.pid) - before < 100, "one address holds a bounded number"
    finally:
        for peer in held:
            peer.close()
    assert web.log() == said


@pytest.mark.timeout(70)
def test_a_request_that_is_slow_at_any_point_is_given_up(web: WebProcess) -> None:
    before, said = open_files(web.pid), web.log()
    slow = [
        Slow(web, b""),
        Slow(web, HALF_HEAD),
        Slow(web, HALF_HEAD, more=b"x"),
        Slow(web, BODY_TO_COME, answer=b"HTTP/1.1 408 "),
        Slow(web, BODY_TO_COME, more=b" ", answer=b"HTTP/1.1 408 "),
    ]
    with socket.socket() as unread:
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        unread.connect(("127.0.0.1", web.port))
        unread.sendall(LARGE * 20)
        wait_until(lambda: sum(one.over() for one in slow) == len(slow), within_s=20)
        assert [one.got[: len(one.answer)] for one in slow] == [one.answer for one in slow]
        wait_until(lambda: open_files(web.pid) <= before, within_s=40)
    assert web.healthy()
    assert web.log() == said


def wait_until(holds: Callable[[], bool], *, within_s: float) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.3)


class Slow:
    """A connection that sends a little each time it is looked at, and closes when told."""

    def __init__(
        self, web: WebProcess, first: bytes, *, more: bytes = b"", answer: bytes = b""
    ) -> None:
        self.answer, self.got = answer, b""
        self._peer, self._more = web.connect(), more
        self._peer.sendall(first)
        self._peer.setblocking(False)

    def over(self) -> bool:
        """Send the next byte; whether the server has closed the connection."""
        try:
            while self._peer.fileno() >= 0:
                self._peer.send(self._more)
                piece = self._peer.recv(4096)
                self.got += piece
                if not piece:
                    self._peer.close()
        except BlockingIOError:
            pass
        except ConnectionError:
            self._peer.close()
        return self._peer.fileno() < 0


BROKEN = {
    "host without its bracket": (b"GET /api/rooms/r/agent HTTP/1.1\r\nHost: [::1\r\n", b""),
    "host of brackets": (b"GET /api/rooms/r/agent HTTP/1.1\r\nHost: []\r\n", b""),
    "two hosts": (b"GET /api/rooms/r/agent HTTP/1.1\r\nHost: localhost\r\nHost: a\r\n", b""),
    "origin without its bracket": (
        b"GET /api/rooms/r/agent HTTP/1.1\r\nHost: localhost\r\nOrigin: http://[x\r\n",
        b"",
    ),
    "not gzip": (
        b"POST /api/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 5\r\n",
        b"hello",
    ),
    "not deflate": (
        b"POST /api/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Encoding: deflate\r\nContent-Length: 5\r\n",
        b"hello",
    ),
    "chunks without a length": (
        b"POST /api/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n",
        b"zz\r\n{}\r\n0\r\n\r\n",
    ),
    "length of letters": (
        b"POST /api/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: five\r\n",
        b"hello",
    ),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n", b""),
    "a head of 100 kB": (
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n",
        b"",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_request_is_answered_400_and_its_sender_is_in_no_log_line(
    web: WebProcess, name: str
) -> None:
    head, body = BROKEN[name]
    before = web.log()
    answer = web.ask(head + b"Connection: close\r\n\r\n" + body)
    assert re.match(rb"HTTP/1\.[01] 400 ", answer), answer[:200]
    said = web.log()[len(before) :]
    assert len(said.splitlines()) <= 1, said
    assert "127.0.0.1" not in said
    assert web.healthy()


def test_a_body_that_is_cut_off_leaves_no_trace(web: WebProcess) -> None:
    before = web.log()
    for _ in range(3):
        with web.connect() as peer:
            peer.sendall(BODY_TO_COME)
    with web.connect() as peer:
        peer.sendall(BODY_TO_COME)
        peer.shutdown(socket.SHUT_WR)
        assert read_all(peer) == b""
    assert web.healthy()
    assert web.log() == before


def test_broken_requests_do_not_fill_the_disk(web: WebProcess) -> None:
    before = web.log()
    for _ in range(300):
        web.ask(b"\x16\x03\x01 hello\r\n\r\n")
    assert len(web.log()) - len(before) < 10_000
    assert web.healthy()


def test_clients_that_keep_their_connections_do_not_keep_the_server(tmp_path: Path) -> None:
    client_library()
    with web_process(tmp_path) as server, server.connect() as idle, server.connect() as begun:
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        begun.sendall(HALF_HEAD)
        assert server.end(within_s=10) == 0
