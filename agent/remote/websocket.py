"""The connections of engines that are talked to over a websocket: direct where local.

aiohttp, which livekit-agents brings: httpx knows no websockets.
"""

import asyncio
import contextlib
import socket as sockets
from collections.abc import Sequence
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import aiohttp
from livekit.agents import APIConnectionError, APIStatusError
from pydantic import SecretStr
from yarl import URL

from agent.remote.certificates import trust, untrusted
from agent.remote.openai_errors import BrokenOff, TimedOut
from agent.remote.proxies import proxy_of

Socket = aiohttp.ClientWebSocketResponse

_PING_S = 20.0
"""A ping after so long without a message; no answer for half of it: the connection is lost. Every
websocket server should answer pings, also one that sends none itself."""
_UNTAKEN_MS = 10_000
"""Without pings: what is sent, and not acknowledged by the other machine's TCP for so long, means
that the connection is lost. Linux alone can be told so."""
_CLOSE_S = 0.5
"""How long the next message of a server is waited for that does not say goodbye."""
_HANG_UP_S = 0.7
"""How long a goodbye may take, all messages together."""
_PASSING = (408, 425, 429)
"""Statuses below 500 that another try may change."""
_TOLD_OFF = (1002, 1003, 1007, 1008, 1009, 1010)
"""Codes by which a server closes that would close again: it does not like what it is told."""


class WebSocketClient:
    """Opens connections to one address. Belongs to the event loop of its first connection."""

    def __init__(
        self,
        url: str,
        api_key: SecretStr | None,
        *,
        who: str,
        stage: str,
        verify: str = "true",
        protocols: Sequence[str] = (),
        authorities: str = "",
        pings: bool = True,
    ) -> None:
        """Contacts nobody; reads the file that `verify` names, so call it off the event loop.

        Args:
            url: ws:// or wss:// address.
            api_key: sent as a bearer token.
            who: whose server it is, for people: "the recognition server".
            stage: what the engine's settings begin with, for people: `STT`.
            verify: whom to believe (`agent.remote.certificates.Verify`); of wss:// alone.
            protocols: sub-protocols that are offered.
            authorities: the variable with the file of certificates that are believed, where it is
                not the engine's own, which may also say that all are.
            pings: whether the server answers pings.

        Raises:
            ConfigError: `verify` names no file of certificates.
        """
        parts = urlsplit(url)
        self._url, self._who = url, who
        self._protocols = tuple(protocols)
        self._headers = {"Authorization": f"Bearer {api_key.get_secret_value()}"} if api_key else {}
        self._verify, self._may_trust_all = authorities or f"{stage}_VERIFY", not authorities
        self._trust = trust(verify, setting=self._verify) if parts.scheme == "wss" else True
        self._pings = pings
        self._session: aiohttp.ClientSession | None = None
        self._below: WeakKeyDictionary[Socket, asyncio.Transport] = WeakKeyDictionary()
        """What connections go through; aiohttp forgets it when one breaks."""
        self._closed = False
        self.host = parts.netloc.rpartition("@")[2]
        """Host and port of the server."""

    async def connect(self, *, timeout_s: float, url: str | None = None) -> Socket:
        """Open a connection; the caller ends it with `hang_up`.

        Args:
            timeout_s: longest time that it may take, seconds.
            url: address of this connection alone, percent-encoded, at the same host.

        Raises:
            APIStatusError: the server refuses.
            APITimeoutError: it is not open after `timeout_s`.
            APIConnectionError: it cannot be had; `retryable` says whether it ever can.
        """
        if self._closed:
            raise APIConnectionError("this engine was closed", retryable=False)
        if self._session is None:
            self._session = aiohttp.ClientSession()
        proxy = proxy_of(self._url)
        way = " through the proxy of the environment" if proxy else ""
        try:
            async with asyncio.timeout(timeout_s):
                socket = await self._session.ws_connect(
                    # Encoded anew it would no longer be what was signed.
                    self._url if url is None else URL(url, encoded=True),
                    protocols=self._protocols,
                    headers=self._headers,
                    ssl=self._trust,
                    proxy=proxy,
                    heartbeat=_PING_S if self._pings else None,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                )
        # aiohttp's texts may hold the address of the proxy, with its password.
        except TimeoutError as error:
            raise TimedOut(f"{self._who} takes no connection in {timeout_s:g} s{way}") from error
        except aiohttp.WSServerHandshakeError as error:
            raise self._refusal(error.status) from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise _unreached(
                untrusted(self.host, setting=self._verify, or_all=self._may_trust_all),
                retryable=False,
            ) from error
        except aiohttp.ClientConnectorSSLError as error:
            raise _unreached(
                f"{self._who} does not speak TLS: ws:// in place of wss://?", retryable=False
            ) from error
        except aiohttp.ClientHttpProxyError as error:
            raise _unreached(
                f"the proxy of the environment refuses with status {error.status}",
                retryable=_passes(error.status),
            ) from error
        except (aiohttp.InvalidURL, ValueError) as error:
            raise _unreached(f"{self._who} cannot be reached{way}", retryable=False) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _unreached(f"{self._who} cannot be reached{way}", retryable=True) from error
        if not self._pings:
            _notice_silence(socket)
        connection = socket._response.connection
        if connection is not None and connection.transport is not None:
            self._below[socket] = connection.transport
        return socket

    async def receive(self, socket: Socket) -> aiohttp.WSMessage:
        """Wait for the next message; one that ends the connection is returned too.

        Raises:
            APIConnectionError: it broke while a ping of the server's was answered.
        """
        try:
            return await socket.receive()
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self.lost(socket) from error

    async def hang_up(self, socket: Socket) -> None:
        """Close a connection, in less than a second; what the server has not taken then is lost.

        aiohttp's own close waits for as long as the server goes on talking, or takes nothing.
        """
        below = self._below.pop(socket, None)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HANG_UP_S):
                    await socket.close()
        finally:
            if below is not None:
                # Up to Python 3.11.3 TLS that is being closed does not know its connection.
                with contextlib.suppress(AttributeError):
                    below.abort()

    def lost(self, socket: Socket) -> APIConnectionError:
        """What to raise when a connection is closed from the other side."""
        code = socket.close_code
        how = "broke" if code in (None, 1006) else f"was closed with code {code}"
        return APIConnectionError(
            f"the connection to {self._who} {how}", retryable=code not in _TOLD_OFF
        )

    async def aclose(self) -> None:
        """Close what is open; may be called more than once."""
        self._closed = True
        if self._session is not None:
            with contextlib.suppress(aiohttp.ClientError):
                await self._session.close()

    def _refusal(self, status: int) -> APIStatusError:
        if status == 101:
            return APIStatusError(
                f"{self._who} speaks no websocket", status_code=status, retryable=False
            )
        return APIStatusError(
            f"{self._who} refuses the connection with status {status}",
            status_code=status,
            retryable=_passes(status),
        )


def _passes(status: int) -> bool:
    """Whether another try may have another answer than this."""
    return status in _PASSING or status >= 500


def _unreached(why: str, *, retryable: bool) -> BrokenOff:
    return BrokenOff(why, reason=why, retryable=retryable)


def _notice_silence(socket: Socket) -> None:
    """Let the connection break when the other machine takes nothing any more."""
    below = socket.get_extra_info("socket")
    if below is not None and hasattr(sockets, "TCP_USER_TIMEOUT"):
        below.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_USER_TIMEOUT, _UNTAKEN_MS)
