"""The HTTP session that plug-ins take from livekit-agents, which has one inside of a job only.

This one is there wherever a plug-in is asked, in `rejoinder check` too. Unlike the job's it asks
the environment for a proxy, and uses none for this machine (`agent.remote.proxies`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from livekit.agents.utils import http_context
from yarl import URL

from agent.remote.proxies import proxy_of

_CONNECTIONS_EACH = 50
_KEEP_ALIVE_S = 120.0


class HttpSession:
    """One for each engine. Opened when a plug-in asks for it."""

    def __init__(self) -> None:
        """Reads the certificate store, once a process; blocks for 0.1 s."""
        self._certificates = http_context._create_ssl_context()
        self._session: aiohttp.ClientSession | None = None

    @contextmanager
    def bound(self) -> Iterator[None]:
        """Inside, and in tasks that begin there, `http_context.http_session()` is this one."""
        token = http_context._ContextVar.set(self._open)
        try:
            yield
        finally:
            http_context._ContextVar.reset(token)

    async def aclose(self) -> None:
        """Close it, if it is open. May be called more than once."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                request_class=_Request,
                connector=aiohttp.TCPConnector(
                    limit_per_host=_CONNECTIONS_EACH,
                    keepalive_timeout=_KEEP_ALIVE_S,
                    ssl=self._certificates,
                ),
            )
        return self._session


class _Request(aiohttp.ClientRequest):
    """Goes through the proxy of the environment.

    Not `trust_env`, which also looks for logins in ~/.netrc, and refuses them beside a key.
    """

    def __init__(self, method: str, url: URL, **further: Any) -> None:
        proxy = proxy_of(str(url)) if further.get("proxy") is None else None
        super().__init__(method, url, **(further | ({"proxy": URL(proxy)} if proxy else {})))
