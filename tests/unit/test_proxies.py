"""Proxies of the environment, and which addresses are reached without them."""

import ctypes
import os

import pytest

from agent.errors import EngineUnavailable
from agent.remote import proxies
from agent.remote.http_client import open_client


@pytest.mark.parametrize(
    ("url", "direct"),
    [
        ("ws://127.0.0.1:7880", True),
        ("ws://localhost:7880", True),
        ("ws://[::1]:7880", True),
        ("http://127.8.9.1/v1", True),
        ("wss://talk.localhost", True),
        ("wss://livekit.example.org", False),
        ("wss://sfu.intern.example.com", True),
        ("ws://10.1.2.3:7880", True),
    ],
)
def test_what_is_reached_without_a_proxy(
    url: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", ".intern.example.com,10.1.2.3")
    assert proxies.is_direct(url) is direct


def test_the_exceptions_keep_what_a_person_set() -> None:
    given = {"no_proxy": "a.example, b.example", "NO_PROXY": "c.example"}
    names = proxies.spared(given)
    assert names["no_proxy"] == names["NO_PROXY"]
    assert names["NO_PROXY"] == "a.example,b.example,c.example,127.0.0.1,localhost,::1"


@pytest.mark.parametrize(
    ("url", "hidden"), [("ws://127.0.0.1:7", True), ("wss://far.example", False)]
)
def test_the_native_client_does_not_see_a_proxy_for_what_is_direct(
    url: str, hidden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    proxies.let_native_client_reach(url)
    assert (getenv(b"HTTP_PROXY") is None) is hidden
    assert os.environ["HTTP_PROXY"] == "http://proxy.example:3128", "Python's clients see it"


async def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "ftp://me:secret@proxy.example")
    with pytest.raises(EngineUnavailable, match="ALL_PROXY") as raised:
        open_client("https://api.example.org/v1", None, keep_alive_s=1)
    assert "secret" not in str(raised.value)
    await open_client("http://127.0.0.1:1/v1", None, keep_alive_s=1).aclose()


async def test_a_socks_proxy_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    await open_client("https://api.example.org/v1", None, keep_alive_s=1).aclose()


def test_websockets_take_the_proxy_of_web_pages_unless_they_have_their_own() -> None:
    shared = proxies.spared({"HTTPS_PROXY": "http://p:1", "http_proxy": "http://q:1"})
    assert (shared["wss_proxy"], shared["ws_proxy"]) == ("http://p:1", "http://q:1")
    assert "wss_proxy" not in proxies.spared({"HTTPS_PROXY": "http://p:1", "WSS_PROXY": "http://w"})
    assert "ws_proxy" not in proxies.spared({})


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        (
            {"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://q:1"},
            "wss://a.example",
            "http://p:1",
        ),
        ({"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://q:1"}, "ws://a.example", "http://q:1"),
        ({"HTTPS_PROXY": "http://p:1", "WSS_PROXY": "http://w:1"}, "wss://a.example", "http://w:1"),
        ({"ALL_PROXY": "http://p:1"}, "wss://a.example", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".example"}, "wss://a.example", None),
        ({"HTTPS_PROXY": "http://p:1"}, "wss://127.0.0.1:10095", None),
        ({}, "wss://a.example", None),
    ],
)
def test_our_websockets_take_the_same_proxy(
    environ: dict[str, str], url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert proxies.proxy_of(url) == proxy
