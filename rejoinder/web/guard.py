"""Who may ask: shared secret, proxy header, other origins, and how often."""

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web

from agent.errors import ConfigError
from agent.options.web import TalkOptions
from agent.remote.proxies import is_loopback
from rejoinder.web.connections import client_address
from rejoinder.web.limits import RateLimit

CORS_AGE_S = 600


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
        self._calls = RateLimit(talk.tokens_per_minute)
        # Of their own: else somebody's guesses would keep others out who share the address.
        self._guesses = RateLimit(talk.tokens_per_minute)

    @property
    def needs_secret(self) -> bool:
        """Whether requests must carry the shared secret."""
        return self._secret is not None

    def check(self, request: web.Request) -> None:
        """Let a request pass, or refuse it.

        Raises:
            web.HTTPBadRequest: its Host or Origin header is not an address.
            web.HTTPForbidden: it comes from a page that may not ask, or under a host name that
                is not this machine's though nothing tells who may call.
            web.HTTPUnauthorized: the secret or the proxy's header is missing or wrong.
            web.HTTPTooManyRequests: too many wrong secrets; the right one passes at any time.
        """
        origin = request.headers.get("Origin")
        host = _hostname(f"//{_host(request)}")
        if host is None or (origin is not None and _hostname(origin) is None):
            raise web.HTTPBadRequest(text="the Host or the Origin header is not an address")
        if origin is not None and not self._allowed(origin, request):
            raise web.HTTPForbidden(
                text="pages of this origin may not ask here; see TALK_ALLOWED_ORIGINS"
            )
        if self._secret is None and self._header is None:
            # A foreign name that resolves to loopback would make any web page same-origin.
            if not is_loopback(host):
                raise web.HTTPForbidden(text="ask under localhost, or set TALK_SECRET")
            return
        if self._header is not None and not self.user(request):
            raise web.HTTPUnauthorized(text="sign in first")
        if self._secret is not None:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            same = hmac.compare_digest(
                given.strip().encode(errors="surrogateescape"), self._secret.encode()
            )
            if scheme.lower() != "bearer" or not same:
                if given.strip():
                    self._take(self._guesses, request, "too many wrong secrets; wait a little")
                raise web.HTTPUnauthorized(
                    text="the shared secret is missing or wrong",
                    headers={"WWW-Authenticate": "Bearer"},
                )

    def user(self, request: web.Request) -> str:
        """The signed-in user that the trusted proxy names; empty without one."""
        return request.headers.get(self._header, "").strip() if self._header else ""

    def count(self, request: web.Request) -> None:
        """Count a token request of this client; behind a trusted proxy, of this user.

        Raises:
            web.HTTPTooManyRequests: with `Retry-After` in whole seconds.
        """
        self._take(self._calls, request, "too many calls in a short time; wait a little")

    def _take(self, limit: RateLimit, request: web.Request, reason: str) -> None:
        wait_s = limit.take(self.user(request) or client_address(request.remote))
        if wait_s:
            raise web.HTTPTooManyRequests(
                text=reason, headers={"Retry-After": str(int(wait_s) + 1)}
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
        if _hostname(origin) is None:
            return False
        # Without the scheme: behind a proxy that ends TLS it is not known here.
        own = urlsplit(origin).netloc == _host(request)
        return own or "*" in self._origins or origin in self._origins


def _host(request: web.Request) -> str:
    # Not request.host: without the header it looks this machine's name up, and blocks.
    return request.headers.get("Host", "")


def _hostname(url: str) -> str | None:
    """The host of an address; empty for an origin without one ("null"), None when it is none."""
    try:
        split = urlsplit(url)
        split.port  # noqa: B018 - it is checked when it is read
    except ValueError:
        return None
    return split.hostname or ""
