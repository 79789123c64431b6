"""Addresses that a search result, a redirect or a document names, to get at what is near."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from agent.options.web_search import WebSearchOptions
from agent.remote.public_address import (
    Address,
    AddressRefused,
    is_public,
    public_client,
    resolve,
)
from agent.websearch.pages import PageReader
from rejoinder.stand_ins.certificates import self_signed
from testbed.waiting import until

OUTSIDE = ip_address("127.0.0.2")
"""Stands in for the internet: the one address near that these tests permit, where they do."""
ARTICLE = "<title>x</title><body><h1>Fish</h1><p>Nine pounds.</p></body>"
TRUST = httpx.create_ssl_context()


class Server:
    """What is to be reached, or not."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.port = 0
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse]] = self.article

    async def article(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=ARTICLE, content_type="text/html")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return await self.answer(request)


@asynccontextmanager
async def serving(*hosts: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    for host in hosts:
        await web.TCPSite(runner, host, server.port, ssl_context=tls).start()
        server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


def has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
        return True


@pytest.fixture
async def near() -> AsyncIterator[Server]:
    """A server of this machine, which nobody outside is to reach."""
    async with serving("127.0.0.1", *(["::1"] if has_ipv6() else [])) as server:
        yield server


@pytest.fixture
async def outside() -> AsyncIterator[Server]:
    async with serving(str(OUTSIDE)) as server:
        yield server


def permits(address: Address) -> bool:
    return address == OUTSIDE or is_public(address)


def names(**known: str) -> Callable[[str, int], Awaitable[list[Address]]]:
    """A resolver that knows these names, each by addresses between spaces."""

    async def resolved(host: str, port: int) -> list[Address]:
        label = host.partition(".")[0]
        if label in known:
            return [ip_address(address) for address in known[label].split()]
        return await resolve(host, port)

    return resolved


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST", "127.0.0.1", "127.1", "127.0.1", "2130706433",
        "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1", "127。0。0。1", "0.0.0.0", "0", "127.255.0.9",
        "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "169.254.169.254",
        "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "[fe80::1]", "100.100.100.200", "10.0.0.1",
        "172.16.0.1", "192.168.1.1", "192.0.0.192", "168.63.129.16", "224.0.0.1", "[ff02::1]",
        "255.255.255.255", "240.0.0.1", "198.18.0.1",
    ],
)  # fmt: skip
async def test_no_notation_of_an_address_that_is_near_is_connected_to(
    host: str, near: Server
) -> None:
    async with public_client(TRUST) as client:
        for scheme in ("http", "https"):
            with pytest.raises(AddressRefused):
                await client.get(f"{scheme}://{host}:{near.port}/secret")
    assert not near.asked


@pytest.mark.parametrize(
    "address",
    [
        "http://0177.0.0.1:{port}/", "http://127.0.0.1:{port}:80/", "http://[::1/", "http://\x00/",
        "file:///etc/passwd", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/", "//x/", "",
        "http://", "http:///x", "unix:///run/x.sock", "http://user@127.0.0.1:{port}/",
        "http://example.com:x@127.0.0.1:{port}/", "http://example.com@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}#@example.com/", "http://127.0.0.1:{port}\\@example.com/",
        "http://" + "a" * 300 + "/", "http://" + "a." * 300 + "/",
    ],
)  # fmt: skip
async def test_odd_addresses_are_pages_that_cannot_be_read(address: str, near: Server) -> None:
    reader = PageReader(WebSearchOptions(), lambda: public_client(TRUST))
    assert await reader.read(address.format(port=near.port)) == ""
    assert not near.asked


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


async def test_a_user_in_an_address_is_sent_nowhere(outside: Server) -> None:
    async with public_client(TRUST, permits=permits) as client:
        with pytest.raises(AddressRefused, match="a user or a password"):
            await client.get(f"http://name:word@{OUTSIDE}:{outside.port}/")
    assert not outside.asked


async def test_a_name_that_resolves_to_this_machine_is_refused(near: Server) -> None:
    client = public_client(TRUST, resolve=names(innocent="127.0.0.1"))
    async with client:
        with pytest.raises(AddressRefused):
            await client.get(f"http://innocent.example:{near.port}/")
    assert not near.asked


@pytest.mark.parametrize(
    "addresses", ["127.0.0.2 127.0.0.1", "::1 127.0.0.2", "127.0.0.2 10.0.0.1"]
)
async def test_a_name_with_one_address_that_is_near_is_refused(
    addresses: str, near: Server, outside: Server
) -> None:
    client = public_client(TRUST, permits=permits, resolve=names(both=addresses))
    async with client:
        with pytest.raises(AddressRefused):
            await client.get(f"http://both.example:{outside.port}/")
    assert not near.asked
    assert not outside.asked


async def test_the_address_that_was_looked_at_is_the_one_connected_to(
    near: Server, outside: Server
) -> None:
    said = [OUTSIDE, ip_address("127.0.0.1")]

    async def rebinding(host: str, port: int) -> list[Address]:
        return [said.pop(0)]

    async with public_client(TRUST, permits=permits, resolve=rebinding) as client:
        response = await client.get(f"http://rebinds.example:{outside.port}/")
        assert response.text == ARTICLE
        [asked] = outside.asked
        assert asked.host == f"rebinds.example:{outside.port}", "the Host that the page is under"
        with pytest.raises(AddressRefused):
            await client.get(f"http://rebinds.example:{near.port}/")
    assert not near.asked


@pytest.mark.parametrize(
    "onward",
    [
        "http://127.0.0.1:{port}/secret", "http://localhost:{port}/secret", "//[::1]:{port}/secret",
        "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "http://a:b@127.0.0.2/",
        "http://2130706433:{port}/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_each_redirect_is_looked_at(
    onward: str, status: int, near: Server, outside: Server
) -> None:
    async def move(request: web.Request) -> web.Response:
        to = onward.format(port=near.port) if request.path == "/second" else "/second"
        return web.Response(status=status, headers={"Location": to})

    outside.answer = move
    async with public_client(TRUST, permits=permits) as client:
        with pytest.raises((AddressRefused, httpx.UnsupportedProtocol)):
            await client.get(f"http://{OUTSIDE}:{outside.port}/first")
    assert [request.path for request in outside.asked] == ["/first", "/second"]
    assert not near.asked


async def test_a_redirect_without_end_ends(outside: Server) -> None:
    async def move(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.path + "x"})

    outside.answer = move
    async with public_client(TRUST, permits=permits) as client:
        with pytest.raises(httpx.TooManyRedirects):
            await client.get(f"http://{OUTSIDE}:{outside.port}/")
    assert len(outside.asked) == 5


async def test_no_proxy_and_no_password_of_this_machine_is_used(
    near: Server, outside: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {OUTSIDE} login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://user:secret@127.0.0.1:{near.port}")
    async with public_client(TRUST, permits=permits) as client:
        await client.get(f"http://{OUTSIDE}:{outside.port}/")
    assert not near.asked
    [asked] = outside.asked
    assert not asked.headers.keys() & {"Authorization", "Proxy-Authorization", "Cookie"}


async def test_the_certificate_is_to_be_that_of_the_name() -> None:
    async with self_signed() as signed:
        trust = ssl.create_default_context(cafile=signed.certificate)
        resolver = names(localhost=str(OUTSIDE), other=str(OUTSIDE))
        async with (
            serving(str(OUTSIDE), tls=signed.context) as server,
            public_client(trust, permits=permits, resolve=resolver) as client,
        ):
            assert (await client.get(f"https://localhost:{server.port}/")).text == ARTICLE
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.get(f"https://other.example:{server.port}/")
        assert len(server.asked) == 1


class TestPages:
    """What a page that may be read sends."""

    @pytest.fixture
    def reader(self) -> PageReader:
        options = WebSearchOptions(page_kb=16, page_timeout_s=10.0)
        return PageReader(options, lambda: public_client(TRUST, permits=permits))

    @pytest.fixture
    def url(self, outside: Server) -> str:
        return f"http://{OUTSIDE}:{outside.port}/"

    async def test_a_page_is_read(self, reader: PageReader, url: str) -> None:
        assert await reader.read(url) == "Fish\nNine pounds."

    @pytest.mark.parametrize("status", [204, 404, 500])
    async def test_no_other_status_is_a_page(
        self, reader: PageReader, url: str, outside: Server, status: int
    ) -> None:
        async def refuse(request: web.Request) -> web.Response:
            return web.Response(status=status, text=ARTICLE, content_type="text/html")

        outside.answer = refuse
        assert await reader.read(url) == ""

    @pytest.mark.parametrize("charset", ["utf-8", "no-such", "punycode", "undefined", "base64", ""])
    @pytest.mark.parametrize("kind", ["text/html", "text/plain"])
    async def test_no_encoding_that_it_names_is_an_error(
        self, reader: PageReader, url: str, outside: Server, kind: str, charset: str
    ) -> None:
        async def send(request: web.Request) -> web.Response:
            headers = {"Content-Type": f"{kind}; charset={charset}"}
            return web.Response(body=b"Fish \xff", headers=headers)

        outside.answer = send
        assert (await reader.read(url)).startswith("Fish")

    @pytest.mark.parametrize("kind", ["application/pdf", "image/svg+xml", "audio/wav", "x"])
    async def test_no_other_kind_is_a_page(
        self, reader: PageReader, url: str, outside: Server, kind: str
    ) -> None:
        async def send(request: web.Request) -> web.Response:
            return web.Response(body=ARTICLE.encode(), headers={"Content-Type": kind})

        outside.answer = send
        assert await reader.read(url) == ""

    async def test_a_page_without_end_is_read_as_far_as_is_wanted(
        self, reader: PageReader, url: str, outside: Server
    ) -> None:
        ended: list[str] = []

        async def babble(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "text/html"})
            await response.prepare(request)
            try:
                while True:
                    await response.write(b"<p>more and more</p>" * 100)
            finally:
                ended.append("cut")

        outside.answer = babble
        text = await reader.read(url)
        assert text.startswith("more and more\nmore")
        assert len(text) < 16_000
        await until(lambda: ended)

    async def test_a_page_that_drips_is_given_up(self, url: str, outside: Server) -> None:
        async def drip(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "text/html"})
            await response.prepare(request)
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.02)

        outside.answer = drip
        options = WebSearchOptions(page_timeout_s=0.3)
        reader = PageReader(options, lambda: public_client(TRUST, permits=permits))
        assert await reader.read(url) == ""

    async def test_what_unpacks_without_end_is_not_unpacked(
        self, reader: PageReader, url: str, outside: Server
    ) -> None:
        async def bomb(request: web.Request) -> web.Response:
            headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
            return web.Response(body=gzip.compress(b"<p>" + b"a" * 10_000_000), headers=headers)

        outside.answer = bomb
        assert await reader.read(url) == ""
        assert outside.asked[0].headers["Accept-Encoding"] == "identity"

    async def test_cancelling_closes_the_connection(
        self, reader: PageReader, url: str, outside: Server
    ) -> None:
        ended: list[str] = []

        async def wait(request: web.Request) -> web.Response:
            try:
                await asyncio.sleep(3600)
            finally:
                ended.append("cut")
            return web.Response()

        outside.answer = wait
        task = asyncio.create_task(reader.read(url))
        await until(lambda: outside.asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: ended)
