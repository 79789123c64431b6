"""Who may ask by the names in a request's head: no page of another site, no borrowed name.

A web page that somebody opens in a browser on this machine can send requests here. Browsers
say which page asks (`Origin`, `Sec-Fetch-Site`) and under which name this server was looked
up (`Host`): a foreign name that resolves to this machine makes a foreign page look like the
server's own, so without a key the name must be one that its owner cannot have made up.

Source: https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/.
"""

import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from model_servers.serving.errors import BadRequest, Forbidden
from model_servers.serving.settings import ServerSettings, is_loopback

_CORS_AGE_S = 600


class Origins:
    """The rules, from the settings."""

    def __init__(self, settings: ServerSettings) -> None:
        self._origins = _names(settings.allowed_origins)
        self._hosts = _names(settings.allowed_hosts) | {socket.gethostname().lower()}
        self._any_host = settings.api_key is not None or "*" in self._hosts
        self._trusted_network = settings.trusted_network

    def check(self, method: str, headers: Headers) -> Mapping[str, str]:
        """Let a request pass, or refuse it.

        Returns:
            Headers for the answer: what lets a page of another, allowed origin read it.

        Raises:
            BadRequest: `Host` or `Origin` is malformed.
            Forbidden: a page of another origin asks, or the name is not this server's.
        """
        host, origin = headers.get("host", ""), headers.get("origin")
        if not (self._any_host or self._is_own(_host_name(host))):
            raise Forbidden(
                "ask under localhost or an address of this machine, set an API key, or name "
                "the host in the setting allowed_hosts"
            )
        if origin is None:
            site = headers.get("sec-fetch-site", "none")
            opened = headers.get("sec-fetch-mode") == "navigate" and method == "GET"
            if site in ("cross-site", "same-site") and not opened:
                raise Forbidden("pages of other sites may not ask here")
            return {}
        if _origin_host(origin) == host.lower() and host:
            return {}
        if origin in self._origins or "*" in self._origins:
            return {"Vary": "Origin", "Access-Control-Allow-Origin": origin}
        raise Forbidden("pages of this origin may not ask here; see the setting allowed_origins")

    def preflight(self) -> Mapping[str, str]:
        """Further headers of the answer to an allowed page's `OPTIONS`."""
        return {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Priority, X-Client",
            "Access-Control-Max-Age": str(_CORS_AGE_S),
        }

    def _is_own(self, name: str) -> bool:
        if is_loopback(name) or name in self._hosts:
            return True
        # Addresses cannot be borrowed, and names without a dot come from one's own network.
        return self._trusted_network and ("." not in name.rstrip(".") or _is_address(name))


def _names(text: str) -> frozenset[str]:
    return frozenset(part.strip().rstrip("/").lower() for part in text.split(",")) - {""}


def _host_name(host: str) -> str:
    """The name in a `Host` header, in lower case, without port and brackets."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname, parts.port
    except ValueError:
        name = None
    if not name or parts.netloc != host or "@" in host or any(c.isspace() for c in host):
        raise BadRequest("the header Host is malformed")
    return name.lower()


def _origin_host(origin: str) -> str:
    """Host and port of an `Origin` header; empty for `null`."""
    try:
        # Without the scheme: behind a proxy that ends TLS it is not known here.
        return urlsplit(origin).netloc.lower()
    except ValueError:
        raise BadRequest("the header Origin is malformed") from None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
