"""Whose request it is, so that clients take turns in the queue."""

import ipaddress

from starlette.requests import Request

from model_servers.serving.settings import ServerSettings, is_loopback

HEADER = "X-Client"
"""Any text that is the same for all requests of one call; ours send a random one."""
_LONGEST = 64


def client_of(request: Request, settings: ServerSettings) -> str:
    """The address; and the call, where the address may be believed about it.

    One who could name itself anew with each request would be served before everybody else. So
    the header counts for callers with the key and for this machine's own programs.
    """
    address = sender(request.client.host if request.client else "")
    if settings.api_key is None and not is_loopback(address):
        return address
    return f"{address} {request.headers.get(HEADER, '')[:_LONGEST]}"


def sender(address: str) -> str:
    """What counts as one sender: an IPv4 address, or the /64 that an IPv6 host may choose from."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address) or ip.is_loopback:
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))
