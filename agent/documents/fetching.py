"""Pages fetched from their addresses, never from this network unless the operator says so.

An address that the operator has listed is fetched wherever it is. Any other one, and another host
that a server sends a request on to, must be public (`agent.remote.public_address`).
"""

import asyncio

import httpx

from agent.documents.formats.parsed import Unreadable
from agent.documents.formats.reading import SUFFIXES, suffix_of
from agent.documents.store import FetchedPage
from agent.remote import http_client
from agent.remote.proxies import proxy_of
from agent.remote.public_address import (
    PORTS,
    AddressRefused,
    UnknownHost,
    is_public,
    public_client,
    resolve,
)

_MOST_REDIRECTS = 5
_WAIT_S = 10.0
"""Longest wait for a whole page."""
_HEADERS = {"User-Agent": "rejoinder", "Accept": "text/html, text/markdown, text/plain, */*;q=0.5"}

_PRIVATE = "it is in a private network: name it in DOCUMENTS if you want it read"
_UNKNOWN = "its host is not known"


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
    plain = url.copy_with(username=None, password=None)
    auth = httpx.BasicAuth(url.username, url.password) if url.userinfo else None
    async with await _client_for(plain, allowed=allowed) as client:
        request = client.build_request("GET", plain, headers=_HEADERS)
        try:
            response = await client.send(request, auth=auth, stream=True, follow_redirects=False)
        except AddressRefused:
            raise Unreadable(_PRIVATE) from None
        except UnknownHost:
            raise Unreadable(_UNKNOWN) from None
        try:
            return await _read(response, url, max_bytes)
        finally:
            await response.aclose()


async def _client_for(url: httpx.URL, *, allowed: bool) -> httpx.AsyncClient:
    """What asks an address; one that is not allowed to be private is looked at.

    Raises:
        Unreadable: it is private, or unknown. Without a proxy the request tells that.
    """
    if not allowed and proxy_of(str(url)) is None:
        return public_client(await asyncio.to_thread(httpx.create_ssl_context))
    if not allowed:
        # The proxy resolves the name once more: what it reaches is its operator's choice.
        try:
            found = await resolve(url.raw_host.decode("ascii"), url.port or PORTS[url.scheme])
        except (OSError, UnicodeError, ValueError):
            raise Unreadable(_UNKNOWN) from None
        if not all(map(is_public, found)):
            raise Unreadable(_PRIVATE)
    base = str(url.copy_with(path="/", query=None, fragment=None))
    return await asyncio.to_thread(http_client.open_client, base, None, keep_alive_s=1.0)


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
