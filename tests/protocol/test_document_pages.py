"""Pages fetched from their addresses: a real local server, its redirects, limits and faults."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from agent.documents.fetching import fetch
from agent.documents.formats.parsed import Unreadable
from agent.documents.library import Library, open_library
from agent.options.documents import DocumentsOptions
from agent.remote.public_address import public_client

PAGE = "<title>Hours</title><h1>Opening hours</h1><p>We open at nine.</p>"


class Site:
    """A web server on loopback whose pages a test sets."""

    def __init__(self) -> None:
        self.pages: dict[str, dict[str, Any]] = {}
        """What `web.Response` is made of."""
        self.asked: list[str] = []
        self.hosts: list[str] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        self.hosts.append(request.headers["Host"])
        return web.Response(**self.pages.get(request.path, {"status": 404}))


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()


def html(text: str = PAGE) -> dict[str, Any]:
    return {"text": text, "content_type": "text/html"}


async def opened(tmp_path: Path, *addresses: str, listed: bool = True, **more: float) -> Library:
    options = DocumentsOptions(
        documents=addresses if listed else (), cache=tmp_path / "store", **more
    )
    return await asyncio.to_thread(open_library, addresses, options)


def why(library: Library) -> str:
    [item] = library.left_out
    return item.why


class TestPages:
    async def test_a_page_of_this_machine_is_read_when_the_operator_names_it(
        self, site: Site, tmp_path: Path
    ) -> None:
        site.pages["/hours"] = html()
        library = await opened(tmp_path, f"{site.url}/hours")
        assert library.documents[0].path == f"{site.url}/hours"
        assert (await library.search("when do you open"))[0].text == "We open at nine."

    async def test_a_password_in_an_address_is_shown_to_nobody(
        self, site: Site, tmp_path: Path
    ) -> None:
        site.pages["/hours"] = html()
        address = f"{site.url}/hours".replace("//", "//anna:secret@")
        library = await opened(tmp_path, address)
        assert [document.path for document in library.documents] == [f"{site.url}/hours"]

    async def test_nobody_else_can_have_it_read(self, site: Site, tmp_path: Path) -> None:
        site.pages["/hours"] = html()
        for address in (f"{site.url}/hours", site.url.replace("127.0.0.1", "localhost")):
            library = await opened(tmp_path, address, listed=False)
            assert "private network" in why(library)
        assert site.asked == []
        await opened(tmp_path, f"{site.url}/hours")
        library = await opened(tmp_path, f"{site.url}/hours", listed=False, max_file_mb=2.0)
        assert "private network" in why(library)

    async def test_a_redirect_on_the_same_host_is_followed(
        self, site: Site, tmp_path: Path
    ) -> None:
        site.pages["/old"] = {"status": 301, "headers": {"Location": "/hours"}}
        site.pages["/hours"] = html()
        assert (await opened(tmp_path, f"{site.url}/old")).documents[0].title == "Opening hours"

    @pytest.mark.parametrize(
        "to",
        ["http://127.0.0.1:1/x", "http://[::1]/x", "http://10.0.0.1/", "http://169.254.169.254/"],
    )
    async def test_a_redirect_into_a_private_network_is_refused(
        self, site: Site, tmp_path: Path, to: str
    ) -> None:
        site.pages["/old"] = {"status": 302, "headers": {"Location": to}}
        assert "private network" in why(await opened(tmp_path, f"{site.url}/old"))

    async def test_a_redirect_to_a_file_is_refused(self, site: Site, tmp_path: Path) -> None:
        site.pages["/old"] = {"status": 302, "headers": {"Location": "file:///etc/passwd"}}
        assert "no address" in why(await opened(tmp_path, f"{site.url}/old"))

    @pytest.mark.parametrize("to", ["http://[", "http://a:99999999/", "http://", "//", "\\", "x:y"])
    async def test_odd_addresses_are_named(self, site: Site, tmp_path: Path, to: str) -> None:
        site.pages["/old"] = {"status": 302, "headers": {"Location": to}}
        assert why(await opened(tmp_path, f"{site.url}/old"))
        if to.startswith("http"):
            assert why(await opened(tmp_path, to))

    async def test_a_circle_of_redirects_ends(self, site: Site, tmp_path: Path) -> None:
        site.pages["/a"] = {"status": 302, "headers": {"Location": "/a"}}
        assert "circle" in why(await opened(tmp_path, f"{site.url}/a"))

    async def test_a_large_page_is_given_up(self, site: Site, tmp_path: Path) -> None:
        site.pages["/big.txt"] = {"body": b"word " * 300_000, "content_type": "text/plain"}
        packed = gzip.compress(bytes(3_000_000))
        site.pages["/packed.txt"] = {
            "body": packed,
            "content_type": "text/plain",
            "headers": {"Content-Encoding": "gzip"},
        }
        for name in ("big", "packed"):
            library = await opened(tmp_path, f"{site.url}/{name}.txt", max_file_mb=1.0)
            assert why(library) == "it is larger than DOCUMENTS_MAX_FILE_MB=1"

    async def test_a_kind_that_is_not_read_is_named(self, site: Site, tmp_path: Path) -> None:
        site.pages["/photo"] = {"body": b"x", "content_type": "image/png"}
        assert "image/png" in why(await opened(tmp_path, f"{site.url}/photo"))

    async def test_a_pdf_is_known_by_its_name(self, site: Site, tmp_path: Path) -> None:
        content = (Path(__file__).parents[1] / "fakes/documents/guide.pdf").read_bytes()
        site.pages["/guide.pdf"] = {"body": content, "content_type": "application/octet-stream"}
        library = await opened(tmp_path, f"{site.url}/guide.pdf?version=2")
        assert library.documents[0].title == "Corner Shop Guide"

    async def test_the_servers_encoding_counts(self, site: Site, tmp_path: Path) -> None:
        site.pages["/t"] = {
            "body": "Ďaleko je Žilina. Tak poď.".encode("cp1250"),
            "headers": {"Content-Type": "text/plain; charset=windows-1250"},
        }
        library = await opened(tmp_path, f"{site.url}/t")
        assert library.documents[0].passages[0].text == "Ďaleko je Žilina. Tak poď."

    @pytest.mark.parametrize("status", [403, 404, 500])
    async def test_a_refusal_is_named(self, site: Site, tmp_path: Path, status: int) -> None:
        site.pages["/x"] = {"status": status}
        assert f"status {status}" in why(await opened(tmp_path, f"{site.url}/x"))

    async def test_a_server_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        assert "cannot be reached" in why(await opened(tmp_path, "http://127.0.0.1:9/x"))

    async def test_a_page_is_asked_for_again_when_it_is_old(
        self, site: Site, tmp_path: Path
    ) -> None:
        site.pages["/hours"] = html()
        address = f"{site.url}/hours"
        await opened(tmp_path, address)
        await opened(tmp_path, address, page_max_age_s=1000.0)
        assert len(site.asked) == 1
        site.pages["/hours"] = html(PAGE.replace("nine", "ten"))
        library = await opened(tmp_path, address, page_max_age_s=0.0)
        assert library.documents[0].passages[0].text == "We open at ten."

    async def test_a_page_that_is_gone_is_as_it_was_before(
        self, site: Site, tmp_path: Path
    ) -> None:
        site.pages["/hours"] = html()
        await opened(tmp_path, f"{site.url}/hours")
        site.pages.clear()
        library = await opened(tmp_path, f"{site.url}/hours", page_max_age_s=0.0)
        assert library.documents[0].passages[0].text == "We open at nine."


async def test_the_connection_is_made_to_the_address_that_was_looked_at(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A public name cannot be had here: loopback is taken for public, and the name resolves once.
    site.pages["/hours"] = html()
    port = int(site.url.rpartition(":")[2])
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo
    names: list[str] = []

    async def once(host: str | bytes, *args: object, **more: object) -> object:
        names.append(host.decode() if isinstance(host, bytes) else host)
        return await resolve("127.0.0.1", *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "getaddrinfo", once)
    trusting = partial(public_client, permits=lambda address: True)
    monkeypatch.setattr("agent.documents.fetching.public_client", trusting)
    page = await fetch(f"http://shop.example:{port}/hours", listed=False, max_bytes=10_000)
    assert page.suffix == ".html"
    assert names[0] == "shop.example"
    assert names.count("shop.example") == 1
    assert site.hosts == [f"shop.example:{port}"]


async def test_a_host_that_nobody_knows_is_named() -> None:
    with pytest.raises(Unreadable, match="host is not known"):
        await fetch("http://nothing.invalid/", listed=False, max_bytes=1000)


async def test_an_address_nearby_is_not_asked_of_a_proxy(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", site.url)
    for host in ("10.0.0.1", "0x0a000001"):
        with pytest.raises(Unreadable, match="private network"):
            await fetch(f"http://{host}/", listed=False, max_bytes=1000)
    assert site.asked == []
