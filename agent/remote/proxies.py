"""Which addresses are reached without a proxy, by every client of this process.

A proxy for the outside world does not reach this machine. Python's clients (httpx, botocore,
aiohttp, urllib) obey NO_PROXY, so this machine's names are added to it. The native WebRTC
client asks HTTP_PROXY, or HTTPS_PROXY for wss://, and knows no NO_PROXY (livekit 1.1.21): the
variables are hidden from it when its server is to be reached directly.
For wss:// aiohttp asks WSS_PROXY alone, which few people set: it gets the value of HTTPS_PROXY.
"""

import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
_EXCEPTIONS = ("no_proxy", "NO_PROXY")


def is_this_machine(host: str) -> bool:
    """Whether a host name or address, with or without brackets, is this machine itself."""
    return is_loopback(host) or host.endswith(".localhost")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can be reached from this machine only.

    Names below `localhost` are this machine for clients; what a server should make of one that
    its resolver knows is not said.
    """
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def spared(environ: Mapping[str, str]) -> dict[str, str]:
    """What to add to `environ`: no proxy for this machine, and those of https for wss too."""
    present = ",".join(environ.get(name, "") for name in _EXCEPTIONS).split(",")
    names = ",".join(dict.fromkeys(filter(None, [*map(str.strip, present), *LOOPBACK])))
    return {**dict.fromkeys(_EXCEPTIONS, names), **_of_websockets(environ)}


def _of_websockets(environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies of web pages for websockets too, where a person has set no others."""
    lower = {name.lower(): value for name, value in environ.items() if value}
    return {
        f"{scheme}_proxy": lower[f"{web}_proxy"]
        for scheme, web in (("ws", "http"), ("wss", "https"))
        if f"{web}_proxy" in lower and f"{scheme}_proxy" not in lower
    }


def spare_this_machine() -> None:
    """Let no client of this process, or of its children, ask a proxy for this machine."""
    os.environ.update(spared(os.environ))


def is_direct(url: str) -> bool:
    """Whether the server of `url` is reached without a proxy: on this machine, or in NO_PROXY."""
    host = urlsplit(url).hostname or ""
    return is_this_machine(host) or bool(proxy_bypass(host))


def proxy_of(url: str) -> str | None:
    """The proxy through which a websocket is opened; None: without one.

    That of websockets where a person has set one, else that of web pages.
    """
    if is_direct(url):
        return None
    scheme, proxies = urlsplit(url).scheme, getproxies()
    names = (scheme, {"ws": "http", "wss": "https"}.get(scheme, scheme), "all")
    return next((proxies[name] for name in names if proxies.get(name)), None)


def let_native_client_reach(url: str) -> None:
    """Hide the proxies from the native client if `url` is to be reached directly.

    `os.environ` keeps them for Python's clients; child processes that are given no environment
    of their own do not get them.
    """
    if is_direct(url):
        for name in _PROXIES:
            os.unsetenv(name)
