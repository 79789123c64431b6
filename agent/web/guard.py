"""Who may ask: shared secret, proxy header, other origins, and how often."""

import hmac
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web

from agent.errors import ConfigError
from agent.options import TalkOptions
from agent.web.limits import RateLimit

CORS_AGE_S = 600


def is_loopback(host: str) -> bool:
    """Whether a host name or address can be reached from this machine only."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Decides for each request to `/api/` whether it goes on."""

    def __init__(self, talk: TalkOptions) -> None:
        """Take the rules from the settings.

        Raises:
            ConfigError: the address is not loopback and nothing tells who may call.
        """
        self._secret = talk.secret.get_secret_value() if talk.secret else None
        self._header = talk.trusted_header
        if not is_loopback(talk.host) and not (self._secret or self._header):
            raise ConfigError(
                f"TALK_HOST={talk.host} can be reached by others, who could then call the agent "
                "without being asked who they are: set TALK_SECRET, or TALK_TRUSTED_HEADER behind "
                "your own proxy"
            )
        self._origins = {o.strip().rstrip("/") for o in talk.allowed_origins.split(",")} - {""}
        self._limit = RateLimit(talk.tokens_per_minute)

    @property
    def needs_secret(self) -> bool:
        """Whether requests must carry the shared secret."""
        return self._secret is not None

    def check(self, request: web.Request) -> None:
        """Let a request pass, or refuse it.

        Raises:
            web.HTTPForbidden: it comes from a page that may not ask, or under a host name that
                is not this machine's though nothing tells who may call.
            web.HTTPUnauthorized: the secret or the proxy's header is missing or wrong.
            web.HTTPTooManyRequests: too many such refusals.
        """
        origin = request.headers.get("Origin")
        if origin is not None and not self._allowed(origin, request):
            raise web.HTTPForbidden(
                text="pages of this origin may not ask here; see TALK_ALLOWED_ORIGINS"
            )
        if self._secret is None and self._header is None:
            # A foreign name that resolves to loopback would make any web page same-origin.
            if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
                raise web.HTTPForbidden(text="ask under localhost, or set TALK_SECRET")
            return
        if self._header is not None and not request.headers.get(self._header, "").strip():
            self.count(request)
            raise web.HTTPUnauthorized(text="sign in first")
        if self._secret is not None:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            same = hmac.compare_digest(
                given.strip().encode(errors="surrogateescape"), self._secret.encode()
            )
            if scheme.lower() != "bearer" or not same:
                self.count(request)  # guesses are counted like calls
                raise web.HTTPUnauthorized(
                    text="the shared secret is missing or wrong",
                    headers={"WWW-Authenticate": "Bearer"},
                )

    def count(self, request: web.Request) -> None:
        """Count a token request of this client; behind a trusted proxy, of this user.

        Raises:
            web.HTTPTooManyRequests: with `Retry-After` in whole seconds.
        """
        client = request.headers.get(self._header, "") if self._header else request.remote or ""
        wait_s = self._limit.take(client)
        if wait_s:
            raise web.HTTPTooManyRequests(
                text="too many calls in a short time; wait a little",
                headers={"Retry-After": str(int(wait_s) + 1)},
            )

    def cors(self, request: web.Request) -> Mapping[str, str]:
        """Headers that let a page of another, allowed origin read the answer."""
        origin = request.headers.get("Origin")
        if origin is None or not self._allowed(origin, request):
            return {"Vary": "Origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
            "Access-Control-Expose-Headers": "Retry-After",
            "Access-Control-Max-Age": str(CORS_AGE_S),
        }

    def _allowed(self, origin: str, request: web.Request) -> bool:
        # Without the scheme: behind a proxy that ends TLS it is not known here.
        own = urlsplit(origin).netloc == request.host
        return own or "*" in self._origins or origin in self._origins
