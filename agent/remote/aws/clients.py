"""boto3's clients of this process: one for each service and account, with its connections.

boto3 takes seconds to import and to build its first client. Both are done before processes part
(`preload`) and in threads.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from livekit.agents.utils import aio

from agent.remote.aws.accounts import Account, Sessions, boto3_session, one_try
from agent.remote.aws.options import AwsOptions
from agent.remote.aws.request_thread import (
    MAX_REQUESTS,
    Reply,
    RequestClosed,
    RequestThread,
    request_of_this_thread,
)
from agent.tasks import begin

T = TypeVar("T")

_READ_S = 130.0
"""Longer than any time-out that can be set; who asks gives up before."""


class Clients:
    """Built when they are first asked for. Its methods block."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Account, threading.Lock] = {}
        """An account's own: finding credentials may take seconds, and no other waits for them."""
        self._making = Sessions()
        self._cores: dict[Account, Any] = {}
        self._sessions: dict[Account, Any] = {}
        self._clients: dict[tuple[str, Account], Any] = {}

    def get(self, service: str, account: Account) -> Any:
        """The client of a service; which threads may share.

        Raises:
            BotoCoreError: there is no such profile or region.
        """
        with self._lock_of(account):
            if (service, account) not in self._clients:
                self._clients[service, account] = self._build(service, account)
            return self._clients[service, account]

    def of_core(self, account: Account, ask: Callable[[Any], T]) -> T:
        """Ask a session of botocore for an account, which one thread at a time may do.

        Raises:
            BotoCoreError: there is no such profile.
            Exception: as `ask` did.
        """
        with self._lock_of(account):
            return ask(self._core(account))

    def warm(self, service: str, account: Account) -> None:
        """Build the client and find the credentials, which can take a second on first use."""
        self.get(service, account)
        credentials = self.of_core(account, lambda core: core.get_credentials())
        if credentials is not None:
            credentials.get_frozen_credentials()

    def preload(self, service: str) -> None:
        """Import boto3 and read what it knows of a service; contacts nobody, starts no thread."""
        from botocore.exceptions import BotoCoreError

        session = boto3_session(self._making.of_nobody())
        # What is wrong with the settings shows, with its reason, at the first request.
        with contextlib.suppress(BotoCoreError):
            session.client(
                service,
                region_name="us-east-1",
                aws_access_key_id="nobody",
                aws_secret_access_key="nobody",
            ).close()

    def preload_core(self) -> None:
        """Import botocore, for what has no client; contacts nobody, starts no thread."""
        self._making.of_nobody()

    def close(self) -> None:
        """Close all idle connections; the next request opens new ones."""
        with self._lock:
            for client in list(self._clients.values()):
                client.close()
            self._clients.clear()
            self._sessions.clear()
            self._cores.clear()

    def _lock_of(self, account: Account) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(account, threading.Lock())

    def _core(self, account: Account) -> Any:
        if account not in self._cores:
            self._cores[account] = self._making.of(account)
        return self._cores[account]

    def _build(self, service: str, account: Account) -> Any:
        if account not in self._sessions:
            self._sessions[account] = boto3_session(self._core(account))
        client = self._sessions[account].client(
            service,
            config=one_try(read_s=_READ_S, max_pool_connections=MAX_REQUESTS, tcp_keepalive=True),
        )
        _let_requests_be_closed(client)
        return client


def _let_requests_be_closed(client: Any) -> None:
    """Tell a `RequestThread` which socket its answer will come from.

    botocore has no public way to the connection of a request that waits for its answer, nor to
    the kind of connections that it makes.
    """
    from botocore.awsrequest import (
        AWSHTTPConnection,
        AWSHTTPConnectionPool,
        AWSHTTPSConnection,
        AWSHTTPSConnectionPool,
    )

    class Connection(AWSHTTPConnection):
        def getresponse(self) -> Any:
            _tell(self.sock)
            return super().getresponse()

    class SecureConnection(AWSHTTPSConnection):
        def getresponse(self) -> Any:
            _tell(self.sock)
            return super().getresponse()

    class Pool(AWSHTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(AWSHTTPSConnectionPool):
        ConnectionCls = SecureConnection

    pools = {"http": Pool, "https": SecurePool}
    http = client._endpoint.http_session
    http._pool_classes_by_scheme = pools
    http._manager.pool_classes_by_scheme = pools


def _tell(connection: Any) -> None:
    request = request_of_this_thread()
    if request is not None:
        request.waits_on(connection)


CLIENTS = Clients()
"""Those of this process."""


class Service:
    """One service of AWS as one engine uses it. Belongs to an event loop from its first request."""

    def __init__(self, name: str, options: AwsOptions, *, provider: str) -> None:
        """Contact nobody and build nothing yet.

        Args:
            name: boto3's, such as `polly`.
            options: whose credentials are used, and where.
            provider: its name for people.
        """
        self.name = name
        self.account = Account.of(options)
        self._provider = provider
        self._open: set[RequestThread[Any]] = set()
        self._warming: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def provider(self) -> str:
        """Its name for people."""
        return self._provider

    @contextlib.contextmanager
    def asked(self, ask: Callable[[Any], Reply[T]]) -> Iterator[RequestThread[T]]:
        """Make a request for as long as the block lasts; its end closes it.

        Args:
            ask: given boto3's client, sends it and returns the answer once it has begun; runs in
                a thread.

        Raises:
            RequestClosed: this was closed.
            TooManyRequests: so many are open already.
        """
        if self._closed:
            raise RequestClosed
        request = RequestThread(
            lambda: ask(CLIENTS.get(self.name, self.account)), service=self.name
        )
        self._open.add(request)
        try:
            yield request
        finally:
            self._open.discard(request)
            request.close()

    def prewarm(self) -> None:
        """Warm up in the background; needs a running event loop."""
        if self._warming is None and not self._closed:
            self._warming = begin(self._warm_up_if_possible(), name="aws warm-up")

    async def warm_up(self) -> None:
        """Build the client and find the credentials, in a thread.

        Raises:
            BotoCoreError: the settings of the account are wrong.
        """
        await asyncio.to_thread(CLIENTS.warm, self.name, self.account)

    async def aclose(self) -> None:
        """Close all its requests; further ones are refused. May be called more than once."""
        self._closed = True
        if self._warming is not None:
            await aio.cancel_and_wait(self._warming)
        for request in list(self._open):
            request.close()

    async def _warm_up_if_possible(self) -> None:
        try:
            await self.warm_up()
        except Exception:  # noqa: BLE001 - it shows, with its reason, at the first request
            return
