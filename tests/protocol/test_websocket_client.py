"""What engines that are talked to over a websocket say when no connection can be had."""

import asyncio
import base64
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError

from agent.remote.openai_errors import reason_of
from agent.remote.websocket import Socket, WebSocketClient
from rejoinder.stand_ins.funasr_server import FunASRStandIn

PROXY = "http://me:swordfish@"


async def fault_of(url: str, *, timeout_s: float = 3.0) -> APIConnectionError | APIStatusError:
    client = WebSocketClient(url, None, who="the server", stage="STT", verify="false")
    try:
        with pytest.raises((APIConnectionError, APIStatusError)) as caught:
            await client.connect(timeout_s=timeout_s)
    finally:
        await client.aclose()
    assert "swordfish" not in f"{caught.value} {caught.value!r} {reason_of(caught.value)}"
    return caught.value


@pytest.fixture
async def strict_proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A proxy of the environment that wants another password."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        monkeypatch.setenv("HTTPS_PROXY", f"{PROXY}{host}:{port}")
        yield


@pytest.mark.usefixtures("strict_proxy")
async def test_a_proxy_that_refuses_is_told_without_its_password() -> None:
    error = await fault_of("wss://recogniser.example:10095/")
    assert "proxy of the environment refuses with status 407" in str(error)
    assert not error.retryable


@pytest.mark.parametrize("address", [f"{PROXY}[", f"{PROXY}127.0.0.1:1"])
async def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    error = await fault_of("wss://recogniser.example:10095/")
    assert str(error) == "the server cannot be reached through the proxy of the environment"
    assert error.retryable == address.endswith(":1")


async def test_an_address_that_is_none_is_not_tried_again() -> None:
    error = await fault_of("ws://a..b/")
    assert str(error) == "the server cannot be reached"
    assert not error.retryable


async def test_a_server_that_takes_connections_and_says_nothing_is_a_time_out() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await fault_of(f"ws://127.0.0.1:{port}/", timeout_s=0.2)
    assert isinstance(error, APITimeoutError)
    assert str(error) == "the server takes no connection in 0.2 s"


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux alone has it")
async def test_tcp_is_told_when_to_give_up_where_pings_are_not_answered() -> None:
    async with FunASRStandIn().serve() as server:
        for pings, limit_ms in ((True, 0), (False, 10_000)):
            client = WebSocketClient(server.url, None, who="the server", stage="STT", pings=pings)
            connection = await client.connect(timeout_s=3.0)
            below = connection.get_extra_info("socket")
            told = below.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert told == limit_ms
            await connection.close()
            await client.aclose()


async def test_an_address_of_one_connection_is_sent_as_it_is() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).splitlines()[0])
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    asked: list[bytes] = []
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        base = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/path"
        client = WebSocketClient(base, None, who="the server", stage="STT")
        with pytest.raises(APIStatusError):
            await client.connect(timeout_s=3.0, url=f"{base}?scope=a%2Fb%2C%7Ec")
        await client.aclose()
    assert asked == [b"GET /path?scope=a%2Fb%2C%7Ec HTTP/1.1"]


async def test_a_certificate_that_nobody_signed_names_the_variable_that_believes_it() -> None:
    async with FunASRStandIn().serve(tls=True) as server:
        client = WebSocketClient(
            server.url, None, who="the server", stage="STT", authorities="AWS_CA_BUNDLE"
        )
        with pytest.raises(APIConnectionError) as caught:
            await client.connect(timeout_s=3.0)
        await client.aclose()
    assert reason_of(caught.value).endswith(
        "set AWS_CA_BUNDLE to the file of the certificate that signed it"
    )


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[WebSocketClient, Socket]]:
    client = WebSocketClient(url, None, who="the server", stage="STT")
    try:
        yield client, await client.connect(timeout_s=3.0)
    finally:
        await client.aclose()


async def test_a_server_that_talks_on_and_says_no_goodbye_is_hung_up_on() -> None:
    stand_in = FunASRStandIn(babbles="what?")
    async with stand_in.serve() as server, connected(server.url) as (client, connection):
        await client.receive(connection)
        async with asyncio.timeout(1.5):
            await client.hang_up(connection)
        async with asyncio.timeout(1.5):
            while server.sessions[0].outcome == "open":
                await asyncio.sleep(0.01)


async def test_nothing_is_kept_for_a_server_that_takes_nothing() -> None:
    async def stand_still(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        key = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        await over.wait()
        writer.transport.abort()

    async def send_on(connection: Socket) -> None:
        while True:
            await connection.send_bytes(bytes(2**20))

    over = asyncio.Event()
    async with await asyncio.start_server(stand_still, "127.0.0.1", 0, limit=1024) as server:
        port = server.sockets[0].getsockname()[1]
        async with connected(f"ws://127.0.0.1:{port}/") as (client, connection):
            below = connection.get_extra_info("socket")
            sending = asyncio.create_task(send_on(connection))
            assert await asyncio.wait({sending}, timeout=0.2) == (set(), {sending})
            sending.cancel()
            async with asyncio.timeout(1.5):
                await client.hang_up(connection)
            await asyncio.sleep(0)
            assert below.fileno() == -1
        over.set()


async def test_a_connection_that_breaks_at_a_ping_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def break_off(message: bytes = b"") -> None:
        raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")

    async with FunASRStandIn().serve() as server, connected(server.url) as (client, connection):
        monkeypatch.setattr(connection, "pong", break_off)
        async with asyncio.timeout(3.0):
            while not server.sessions:
                await asyncio.sleep(0.01)
        await server.ping()
        with pytest.raises(APIConnectionError, match="broke") as caught:
            await client.receive(connection)
        assert caught.value.retryable
        await client.hang_up(connection)
