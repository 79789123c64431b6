"""HTTP to addresses that others name: to the public internet alone, never to what is near.

A web page, a search result or a document may name any address: this machine's own servers, a
router, the metadata of a cloud machine with its credentials. `public_client` asks the resolver
itself, refuses a name if one of its addresses is not public, and connects to the address that was
looked at, so that a second answer of the resolver changes nothing (DNS rebinding). Each redirect is
a new request and is looked at in the same way. There is no proxy: it would resolve names by itself.

Source: https://www.iana.org/assignments/iana-ipv6-special-registry/ and its IPv4 sibling, by
Python's `ipaddress`; https://cheatsheetseries.owasp.org (Server-Side Request Forgery Prevention).
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from agent.remote.bounded_body import AS_IT_IS
from agent.remote.http_client import CONNECT_S

Address = IPv4Address | IPv6Address

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_6TO4 = IPv6Network("2002::/16")
_NAT64 = IPv6Network("64:ff9b::/96")
"""Where networks without IPv4 reach it: the last four bytes are the address."""
_NEAR = (
    IPv4Network("168.63.129.16/32"),  # Azure's machines reach their host by it
    IPv4Network("192.0.0.0/24"),  # protocols; Oracle's metadata. Older Pythons call both global
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
)
"""Not what they seem to `ipaddress`."""
_MOST_REDIRECTS = 4
_MOST_ADDRESSES = 4
"""Tried of one name, one after the other."""
PORTS = {"http": 80, "https": 443}
"""Where a scheme is served if an address does not say."""


class AddressRefused(httpx.RequestError):
    """The address is not one of the public internet; the text does not repeat it."""


class UnknownHost(httpx.ConnectError):
    """The resolver does not know the name."""


Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""The addresses of a host name, or of an address in any notation; the one to try first leads."""
Permit = Callable[[Address], bool]


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, and of one machine.

    IPv4 inside of IPv6 counts as what it is.
    """
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in _NAT64:
            inner = IPv4Address(address.packed[-4:])
        if inner is not None:
            return is_public(inner)
        if address not in _GLOBAL_UNICAST or address in _6TO4:
            return False
    elif any(address in near for near in _NEAR):
        return False
    return address.is_global and not address.is_multicast


async def resolve(host: str, port: int) -> list[Address]:
    """What the system's resolver says: also for `0x7f.1`, `2130706433` and other notations.

    Raises:
        OSError: it does not know the name.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(place[4][0]) for place in found))


def public_client(
    trust: ssl.SSLContext, *, permits: Permit = is_public, resolve: Resolve = resolve
) -> httpx.AsyncClient:
    """A client for addresses that others name; it follows redirects, and it keeps nothing.

    One for each address: cookies then go nowhere else. Apart from connecting, requests set their
    limits; read bodies by `agent.remote.bounded_body`. A request raises `AddressRefused` for what
    is not public, no http or https address, or has a user or a password in it.

    Args:
        trust: whom to believe over TLS; making one takes 0.1 s, so share it.
        permits: which addresses are connected to; for tests.
        resolve: how names become addresses; for tests.
    """
    return httpx.AsyncClient(
        transport=PublicTransport(trust, permits=permits, resolve=resolve),
        follow_redirects=True,
        max_redirects=_MOST_REDIRECTS,
        # Neither proxies nor the passwords of a .netrc.
        trust_env=False,
        timeout=httpx.Timeout(None, connect=CONNECT_S),
        headers=AS_IT_IS,
    )


class PublicTransport(httpx.AsyncBaseTransport):
    """Connects to addresses that were looked at; see `public_client`."""

    def __init__(
        self, trust: ssl.SSLContext, *, permits: Permit = is_public, resolve: Resolve = resolve
    ) -> None:
        self._permits = permits
        self._resolve = resolve
        # A kept connection would serve any host that shares its address, by the wrong certificate.
        alone = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=trust, trust_env=False, limits=alone)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first of its host's addresses that answers."""
        url = request.url
        if url.scheme not in PORTS:
            raise AddressRefused("neither http nor https", request=request)
        if url.userinfo:
            raise AddressRefused("an address with a user or a password", request=request)
        host = url.raw_host.decode("ascii")
        failed: Exception | None = None
        for address in (await self._addresses(request, host))[:_MOST_ADDRESSES]:
            onward = httpx.Request(
                request.method,
                url.copy_with(host=str(address)),
                headers=request.headers,  # with the Host of the name
                stream=request.stream,
                # The certificate is to be the name's.
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await self._inner.handle_async_request(onward)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise failed or httpx.ConnectError("a name without an address", request=request)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()

    async def _addresses(self, request: httpx.Request, host: str) -> Sequence[Address]:
        port = request.url.port or PORTS[request.url.scheme]
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError, ValueError) as error:
            raise UnknownHost("no such host", request=request) from error
        # One that is not public condemns the name: who gives both is trying something.
        if not all(self._permits(address) for address in found):
            raise AddressRefused("not an address of the public internet", request=request)
        return found
