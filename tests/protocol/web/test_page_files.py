"""The page's files: all there, nothing inline, nothing from elsewhere, headers that hold it so."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rejoinder.web import client_library
from testbed.livekit_process import LiveKitProcess
from tests.protocol.web.conftest import Site


class Outline(HTMLParser):
    """References, ids, and what a content policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []
        self.ids: set[str] = set()
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.references += [str(found[k]) for k in ("src", "href") if k in found]
        if found.get("id"):
            self.ids.add(str(found["id"]))
        if tag == "style" or (tag == "script" and "src" not in found):
            self.inline.append(tag)
        self.inline += [name for name in found if name == "style" or name.startswith("on")]


async def test_the_page_and_everything_it_refers_to_is_served_from_here(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    async with site(no_livekit) as http:
        async with http.get("") as answer:
            assert answer.content_type == "text/html"
            outline = Outline()
            outline.feed(await answer.text())
        assert outline.inline == []
        todo, seen = list(outline.references), set()
        while todo:
            path = todo.pop()
            assert path.startswith("/static/"), path
            async with http.get(path) as answer:
                assert answer.status == 200, path
                text = await answer.text()
            seen.add(path)
            imports = re.findall(r'(?:from|import) "\./([\w.]+)"', text)
            todo += [f"/static/{i}" for i in imports if f"/static/{i}" not in seen]
            assert "vendor" in path or not re.search(r"https?://(?!www\.w3\.org)\w", text), path
    served = {p.name for p in (client_library.PAGE / "static").iterdir()}
    assert {Path(p).name for p in seen} == served | {client_library.LIBRARY}


async def test_headers_keep_scripts_and_connections_at_home(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    async with site(no_livekit, public_url="wss://lk.example.org:443/x") as http:
        async with http.get("") as answer:
            policy = dict(
                p.strip().split(" ", 1)
                for p in answer.headers["Content-Security-Policy"].split(";")
            )
            assert policy["default-src"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == "'self'"
            assert (
                policy["connect-src"]
                == "'self' wss://lk.example.org:443 https://lk.example.org:443"
            )
            assert policy["img-src"] == "'self' data: blob:", "blob: for pictures that are sent"
            assert policy["frame-ancestors"] == "'none'"
            assert "microphone=(self)" in answer.headers["Permissions-Policy"]
            assert "camera=()" in answer.headers["Permissions-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cache-Control"] == "no-cache"
        async with http.post("api/token", json={}) as answer:
            assert answer.headers["Cache-Control"] == "no-store"


async def test_a_file_that_did_not_change_is_not_sent_again(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    async with site(no_livekit) as http:
        for path in ("static/app.js", "static/vendor/livekit-client.umd.js"):
            async with http.get(path) as answer:
                known = {"If-None-Match": answer.headers["ETag"]}
            async with http.get(path, headers=known) as answer:
                assert answer.status == 304


@pytest.mark.parametrize(
    "path",
    [
        "static/../package.json",
        "static/%2e%2e/index.html",
        "static/nothing.js",
        "static/vendor/other.js",
        "package-lock.json",
        "api/nothing",
    ],
)
async def test_nothing_else_is_served(site: Site, no_livekit: LiveKitProcess, path: str) -> None:
    async with site(no_livekit) as http, http.get(path) as answer:
        assert answer.status in {403, 404}
        assert (await answer.json())["error"]


async def test_health_and_configuration_hold_no_secret(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    async with site(no_livekit, secret="hush") as http:
        async with http.get("health") as answer:
            assert await answer.json() == {"status": "ok"}
        async with http.get("api/config") as answer:
            assert await answer.json() == {"needs_secret": True, "mode": "call"}


def test_the_script_uses_only_elements_that_the_page_has() -> None:
    outline = Outline()
    outline.feed((client_library.PAGE / "index.html").read_text())
    used = set()
    for script in (client_library.PAGE / "static").glob("*.js"):
        used |= set(re.findall(r'(?:\$|getElementById)\("([\w-]+)"\)', script.read_text()))
    assert used
    assert used <= outline.ids
