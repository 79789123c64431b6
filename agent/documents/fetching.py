"""Pages fetched from their addresses, never from this network unless the operator says so.

An address that the operator has listed is fetched wherever it is. Any other one, and another host
that a server sends a request on to, must be public: the name is resolved here, every address that
it has is looked at, and the connection is made to the one that was looked at.
"""

import asyncio
import ipaddress
import socket

import httpx

from agent.documents.formats.parsed import Unreadable
from agent.documents.formats.reading import SUFFIXES, suffix_of
from agent.documents.store import FetchedPage
from agent.remote import http_client
from agent.remote.proxies import is_direct

_MOST_REDIRECTS = 5
_WAIT_S = 10.0
"""Longest wait for a whole page."""
_HEADERS = {"User-Agent": "rejoinder", "Accept": "text/html, text/markdown, text/plain, */*;q=0.5"}


class _Sent(Exception):
    """A server sends the request on."""

    def __init__(self, to: httpx.URL) -> None:
        super().__init__(str(to))
        self.to = to


async def fetch(address: str, *, listed: bool, max_bytes: int) -> FetchedPage:
    """Fetch one page. Safe to cancel.

    Args:
        address: http or https.
        listed: whether the operator named it: its host may be private.
        max_bytes: a larger page is given up as soon as that is known.

    Raises:
        Unreadable: it cannot be had, is too large, of a kind that is not read, or is private.
    """
    at = _parsed(address)
    known = (at.host, at.port) if listed else None
    try:
        async with asyncio.timeout(_WAIT_S):
            for _ in range(_MOST_REDIRECTS):
                allowed = (at.host, at.port) == known
                try:
                    return await _fetched(at, allowed=allowed, max_bytes=max_bytes)
                except _Sent as sent:
                    if (at.scheme, sent.to.scheme) == ("https", "http"):
                        raise Unreadable("its server sends the request on to plain http") from None
                    at = sent.to
    except TimeoutError:
        raise Unreadable(f"its server did not answer within {_WAIT_S:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreadable(f"its server cannot be reached ({type(error).__name__})") from error
    raise Unreadable("its server sends requests round in a circle")


def _parsed(address: str, *, beside: httpx.URL | None = None) -> httpx.URL:
    """An address, which may be relative to another one.

    Raises:
        Unreadable: it is none of a page.
    """
    try:
        url = httpx.URL(address) if beside is None else beside.join(address)
        if url.scheme in ("http", "https") and url.host and url.port != 0:
            return url
    except (httpx.InvalidURL, ValueError):
        pass
    raise Unreadable("it is no address of a page, or its server sends the request on to none")


async def _fetched(url: httpx.URL, *, allowed: bool, max_bytes: int) -> FetchedPage:
    pinned, extensions = url, {}
    if not allowed:
        ip = await _public_address(url.host, url.port or (443 if url.scheme == "https" else 80))
        if is_direct(str(url)):
            # Connect to what was looked at: the name may be another machine's a moment later.
            pinned, extensions = url.copy_with(host=ip), {"sni_hostname": url.host}
    base = str(pinned.copy_with(path="/", query=None, fragment=None))
    client = await asyncio.to_thread(
        http_client.open_client, base, None, keep_alive_s=1.0, headers=_HEADERS
    )
    async with client:
        request = client.build_request(
            "GET", pinned, headers={"Host": _netloc(url)}, extensions=extensions
        )
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            return await _read(response, url, max_bytes)
        finally:
            await response.aclose()


def _netloc(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")


async def _read(response: httpx.Response, url: httpx.URL, max_bytes: int) -> FetchedPage:
    if response.has_redirect_location:
        raise _Sent(_parsed(response.headers["location"], beside=url))
    if response.status_code != 200:
        raise Unreadable(f"its server answers with status {response.status_code}")
    suffix = suffix_of(response.headers.get("content-type", ""))
    named = f".{url.path.rpartition('.')[2].lower()}"
    if suffix in (None, ".txt") and named in SUFFIXES:
        suffix = named
    if suffix is None:
        kind = response.headers.get("content-type", "nothing")
        raise Unreadable(f"its server calls it {kind[:60]}, which is not read")
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > max_bytes:
            raise Unreadable(f"it is larger than DOCUMENTS_MAX_FILE_MB={max_bytes / 1e6:g}")
    return FetchedPage(bytes(content), suffix, response.charset_encoding, 0.0)


async def _public_address(host: str, port: int) -> str:
    """An address of a host that may be asked by whoever named it.

    Raises:
        Unreadable: it has none, or one of this machine or network.
    """
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreadable("its host is not known") from None
    addresses = [str(sockaddr[0]).partition("%")[0] for *_, sockaddr in found]
    if not addresses or not all(map(is_public, addresses)):
        raise Unreadable("it is in a private network: name it in DOCUMENTS if you want it read")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if inner:
            return inner.is_global and not inner.is_multicast
        if ip in _TRANSLATED:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 behind NAT64."""
