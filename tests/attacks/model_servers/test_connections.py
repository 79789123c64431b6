"""Clients that begin and do not go on: others are served, and the log stays small."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.protocol.model_servers.processes import ServerProcess, started

pytestmark = pytest.mark.timeout(120)

EACH = 24
HALF_A_HEAD = b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\n"
REFUSED = (
    b"POST /v1/audio/speech HTTP/1.1\r\nHost: foreign.example\r\nContent-Length: 5000\r\n\r\n{"
)
NO_BODY = HALF_A_HEAD + b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n"


@pytest.fixture(scope="module")
def server(logs: Path) -> Iterator[ServerProcess]:
    argv = ("--connections-each", str(EACH), "--voice", "espeak:en-us")
    with started("model_servers.tts", *argv, log_file=logs / "held.log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        yield server


@contextlib.contextmanager
def begun(server: ServerProcess, count: int, data: bytes) -> Iterator[list[socket.socket]]:
    url = urlsplit(server.url)
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            client = stack.enter_context(socket.create_connection((url.hostname, url.port)))
            with contextlib.suppress(ConnectionError):
                client.sendall(data)
            opened.append(client)
        yield opened


def closed(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        while client.recv(1000):
            pass  # an answer that came before
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def spoken_at_last(server: ServerProcess) -> httpx.Response:
    """Speech for somebody of the same address, who comes again when told to wait.

    As many bodies of one address are read as could be served; those that stand still give their
    places back when they are closed, for newer ones or at their deadline.
    """
    for _ in range(60):
        spoken = httpx.post(f"{server.url}/v1/audio/speech", json={"input": "Yes."}, timeout=20)
        if spoken.status_code != 429:
            break
        assert int(spoken.headers["Retry-After"]) >= 1
        time.sleep(0.5)
    return spoken


@pytest.mark.parametrize(
    "data",
    [b"", HALF_A_HEAD, NO_BODY, NO_BODY + b'{"input": "', REFUSED],
    ids=["silent", "half a head", "no body", "half a body", "refused"],
)
def test_health_and_speech_are_served_beside_three_hundred_that_do_not_go_on(
    server: ServerProcess, data: bytes
) -> None:
    with begun(server, 300, data) as opened:
        assert httpx.get(f"{server.url}/health", timeout=5).status_code == 200
        assert spoken_at_last(server).status_code == 200
        assert sum(not closed(client) for client in opened) <= EACH
    assert len(server.log) < 20_000


def test_what_is_not_complete_in_time_is_closed(server: ServerProcess) -> None:
    with (
        begun(server, 5, HALF_A_HEAD) as heads,
        begun(server, 5, NO_BODY) as unread,
        begun(server, 5, REFUSED) as refused,
    ):
        bodies = [*unread, *refused]
        began = time.monotonic()
        while not all(map(closed, heads)):
            assert time.monotonic() - began < 40
            for client in [*heads, *bodies]:
                with contextlib.suppress(ConnectionError):
                    client.send(b"x")  # a byte a second is not enough
            time.sleep(1)
        assert time.monotonic() - began > 5
        while not all(map(closed, bodies)):
            assert time.monotonic() - began < 60
            time.sleep(0.5)
    assert httpx.get(f"{server.url}/health").status_code == 200


def test_the_log_of_many_faults_is_bounded(server: ServerProcess) -> None:
    with httpx.Client(base_url=server.url) as client:
        for number in range(300):
            headers = {"Host": f"[::{number}"}
            assert client.get("/v1/models", headers=headers).status_code == 400
    # 20 at once and one in 5 s, with those that other tests of the module cause.
    assert server.log.count("a request was refused") in range(1, 100)
    assert "127.0.0.1:" not in server.log.split("ready:")[1]
