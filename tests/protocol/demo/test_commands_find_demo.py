"""`rejoinder token` and `rejoinder call` turn to the demo that runs on this machine."""

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api

from rejoinder import cli
from rejoinder.demo import places
from rejoinder.demo.running import Running, announce
from rejoinder.stand_ins import tones

RATE_HZ = 48000
DEMO = ("demokey", "secret of the demo, 32 bytes and more")
OWN = ("ownkey", "secret of the settings, 32 bytes and more")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No demo of the person who runs the tests, and no `.env` file of theirs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", OWN[0])
    monkeypatch.setenv("LIVEKIT_API_SECRET", OWN[1])


@pytest.fixture
def question(tmp_path: Path) -> str:
    """A sound file to call with."""
    path = tmp_path / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(tones.speak([0], rate_hz=RATE_HZ))
    return str(path)


@dataclass
class TalkPage:
    """A page whose token endpoint refuses everybody, and counts."""

    url: str = ""
    port: int = 0
    asked: list[str] = field(default_factory=list)

    async def refuse(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response({"error": "nobody may call"}, status=503)


@pytest.fixture
async def page() -> AsyncIterator[TalkPage]:
    page = TalkPage()
    app = web.Application()
    app.router.add_post("/api/token", page.refuse)
    async with TestServer(app) as server:
        page.url, page.port = str(server.make_url("/")), int(server.port or 0)
        yield page


def a_demo(talk_url: str = "http://127.0.0.1:1/") -> AbstractContextManager[None]:
    return announce(Running("ws://127.0.0.1:1", *DEMO, talk_url), places.state_folder())


def room_of_token(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> str:
    """Print a token, check that this key signed it, and say which room it opens."""
    assert cli.main(["token", "--room", "lounge"]) == 0
    claims = api.TokenVerifier(*pair).verify(capsys.readouterr().out.strip())
    assert claims.video is not None
    return claims.video.room


@asynccontextmanager
async def a_demo_beside(talk_url: str = "http://127.0.0.1:1/") -> AsyncIterator[None]:
    """The same without blocking the event loop."""
    demo = a_demo(talk_url)
    await asyncio.to_thread(demo.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(demo.__exit__, None, None, None)


async def call(*arguments: str) -> int:
    return await asyncio.to_thread(cli.main, ["call", *arguments])


def test_a_token_is_signed_with_the_demos_key(capsys: pytest.CaptureFixture[str]) -> None:
    with a_demo():
        assert room_of_token(DEMO, capsys) == "lounge"


@pytest.mark.usefixtures("own_key")
def test_without_a_demo_a_token_is_signed_with_the_settings_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert room_of_token(OWN, capsys) == "lounge"


@pytest.mark.usefixtures("own_key")
def test_a_token_for_the_settings_server_is_signed_with_its_key_though_a_demo_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVEKIT_URL", "ws://livekit.test")
    with a_demo():
        assert room_of_token(OWN, capsys) == "lounge"


def test_without_a_key_and_without_a_demo_it_says_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["token"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "set LIVEKIT_API_KEY and LIVEKIT_API_SECRET, or start `rejoinder demo`" in said.err


async def test_a_call_goes_to_the_demos_page(
    page: TalkPage, question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with a_demo_beside(page.url):
        assert await call(question) == 2
    assert page.asked == ["/api/token"]
    assert f"{page.url} gave no token: nobody may call" in capsys.readouterr().err


async def test_a_url_that_is_given_goes_before_the_demo(page: TalkPage, question: str) -> None:
    async with a_demo_beside():
        assert await call(question, "--url", page.url) == 2
    assert page.asked == ["/api/token"]


async def test_without_a_demo_a_call_goes_to_the_page_of_the_settings(
    page: TalkPage, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALK_PORT", str(page.port))
    assert await call(question) == 2
    assert page.asked == ["/api/token"]


async def test_a_server_of_the_settings_goes_before_the_demo(
    page: TalkPage,
    question: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LIVEKIT_URL", "ws://livekit.test")
    async with a_demo_beside(page.url):
        assert await call(question) == 2
    assert page.asked == []
    assert "must be set to join ws://livekit.test" in capsys.readouterr().err
