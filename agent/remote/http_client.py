"""The connections of engines that are asked over HTTP: kept, warm, and direct where local."""

import asyncio
import contextlib
import importlib
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import httpx
from livekit.agents import APIConnectionError
from livekit.agents.utils import aio
from pydantic import SecretStr

from agent.errors import EngineUnavailable
from agent.remote.proxies import is_this_machine
from agent.tasks import begin

_MOST_REDIRECTS = 4
_WARM_UP_S = 5.0
CONNECT_S = 3.0
"""A TCP or TLS handshake that takes longer will not succeed: one lost packet is made good for
after 1 s."""


def preload() -> None:
    """Import what the client library puts off until its first request; blocking."""
    for name in ("anyio._backends._asyncio", "httpcore"):
        importlib.import_module(name)


def caller_header() -> dict[str, str]:
    """By this our model servers tell calls apart and serve them in turn (PROTOCOL.md there).

    A random word, the same as long as an engine lives; other servers ignore it.
    """
    return {"X-Client": secrets.token_hex(8)}


def open_client(
    url: str,
    api_key: SecretStr | None,
    *,
    keep_alive_s: float,
    headers: Mapping[str, str] | None = None,
    trust: bool | ssl.SSLContext = True,
) -> httpx.AsyncClient:
    """Make a client; nothing is contacted yet. Apart from connecting, requests set their limits.

    For https it reads the certificate store, which takes 0.1 s: call it off the event loop.
    It belongs to the event loop of its first request.

    Args:
        url: base of all paths, with or without a slash at its end.
        api_key: sent as a bearer token.
        keep_alive_s: how long an idle connection is kept. One that the server has closed
            meanwhile is noticed and replaced before it is used.
        headers: sent with every request.
        trust: whom to believe over TLS (`agent.remote.certificates.trust`).

    Raises:
        EngineUnavailable: the environment names a proxy that cannot be used.
    """
    base = httpx.URL(url.rstrip("/") + "/")
    bearer = {"Authorization": f"Bearer {api_key.get_secret_value()}"} if api_key else {}
    try:
        return httpx.AsyncClient(
            base_url=base,
            headers={**(headers or {}), **bearer},
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            # The certificates mean nothing to plain HTTP.
            verify=trust if base.scheme == "https" else False,
            limits=httpx.Limits(keepalive_expiry=keep_alive_s),
            # A proxy for the outside world does not reach this machine's own servers.
            trust_env=not is_this_machine(base.host),
        )
    except ValueError as error:
        # The text would repeat the proxy's address, which may hold a password.
        raise EngineUnavailable(
            f"{base.host} cannot be reached through the proxy in HTTP_PROXY, HTTPS_PROXY or "
            "ALL_PROXY: its address must begin with http://, https:// or socks5://; without a "
            "proxy for this host, add it to NO_PROXY"
        ) from error


class WarmUp:
    """Opens a client's connection before it is needed: the handshakes are over by then."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        name: str,
        ask: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """For `client`; the task is called `name`. `ask`: what to ask; without: for its models."""
        self._ask = ask or (lambda: client.get("models"))
        self._name = name
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Open it in the background; needs a running event loop. Does nothing while it does."""
        if self._task is None or self._task.done():
            self._task = begin(self._open(), name=self._name)

    async def aclose(self) -> None:
        """Give it up, if it is not open. May be called more than once."""
        if self._task is not None:
            await aio.cancel_and_wait(self._task)

    async def _open(self) -> None:
        # A failure shows, with its reason, at the first request.
        with contextlib.suppress(httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(_WARM_UP_S):
                await self._ask()


@asynccontextmanager
async def answer(
    client: httpx.AsyncClient, request: httpx.Request
) -> AsyncIterator[httpx.Response]:
    """Like `send`; the response is closed with the block."""
    response = await send(client, request)
    try:
        yield response
    finally:
        await response.aclose()


async def send(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Send a request and follow where the server sends it on, to the same host or https of it.

    Returns:
        The response, its body unread: close it.

    Raises:
        APIConnectionError: it is sent on to another host, in another form, or in a circle.
    """
    for _ in range(_MOST_REDIRECTS):
        response = await client.send(request, stream=True, follow_redirects=False)
        onward = response.next_request
        if onward is None:
            return response
        await response.aclose()
        same = onward.url.host == request.url.host and onward.method == request.method
        if not same or (request.url.scheme, onward.url.scheme) == ("https", "http"):
            address = onward.url.copy_with(query=None, username=None, password=None)
            raise APIConnectionError(
                f"the server sends requests on to {address}; name that address instead",
                retryable=False,
            )
        request = onward
    raise APIConnectionError("the server sends requests round in a circle", retryable=False)
