"""The blocking side of a Gradio server: its clients. Runs in threads.

gradio_client blocks, polls, and keeps a session per client. Cancelling a job makes a Gradio
server end every running job of the same session and endpoint, and their callers then wait for
ever. So a client is given one call at a time here, and calls at the same time have a client
each.

Source: gradio_client 2.7.2, gradio 4.5.0 and 6.31.0.
"""

import logging
import os
import ssl
import threading
from collections import deque
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import httpx

from agent.remote.gradio.faults import explain
from agent.remote.gradio.jobs import HTTP_S, LAST_WITHOUT_CANCEL, Abandoned, PendingJob, work
from agent.remote.proxies import is_this_machine

if TYPE_CHECKING:
    from gradio_client import Client

logger = logging.getLogger(__name__)

_STREAM_SILENCE_S = 20.0
"""Longest silence of the event stream; servers send a heartbeat every 15 s."""


class GradioServer:
    """Clients of one server, made when needed and kept until something goes wrong with them.

    All methods may be called from any thread. `run`, `warm_up` and `endpoints` block.
    """

    def __init__(self, url: str, *, token: str | None, login: tuple[str, str] | None) -> None:
        """Take an address or a Space's name; nothing is contacted yet."""
        self._url = url
        self._token = token
        self._login = login
        self._idle: deque[Client] = deque()
        self._tls: ssl.SSLContext | None = None
        self._closed = False
        self.version = ""
        """Gradio's version on the server; empty before the first contact."""
        self.cancels = True
        """Whether the server can end a running job; assumed before the first contact."""

    def run(self, call: PendingJob) -> object:
        """Run a job and give what its endpoint returned, or the bytes of its first file.

        The temporary file is gone when this returns, whatever happened.

        Raises:
            APIError: one of livekit-agents' three, with `retryable` decided.
        """
        client = None
        try:
            if call.abandoned:
                raise Abandoned
            client = self._take()
            result = work(client, call)
        except Exception as error:  # noqa: BLE001 - gradio_client has no base of its errors
            if client is not None:
                self._after_fault(client, error)
            raise explain(error) from error
        self._give_back(client)
        return result

    def warm_up(self) -> None:
        """Have a client ready. A failure shows, with its reason, at the next call."""
        if self._closed or self._idle:
            return
        try:
            client = self._connect()
        except Exception as error:  # noqa: BLE001 - gradio_client has no base of its errors
            logger.debug("no connection yet", extra={"error": type(error).__name__})
        else:
            self._give_back(client)

    def endpoints(self) -> list[str]:
        """Names of the endpoints that the server has.

        Raises:
            APIError: as for `run`.
        """
        try:
            client = self._take()
        except Exception as error:  # noqa: BLE001 - gradio_client has no base of its errors
            raise explain(error) from error
        names = [str(e.api_name) for e in client.endpoints.values() if e.api_name]
        self._give_back(client)
        return names

    def close(self) -> None:
        """Let go of all clients; one that is in use goes when its call ends."""
        self._closed = True
        self._drop_idle()

    def _take(self) -> "Client":
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _give_back(self, client: "Client") -> None:
        self._idle.append(client)
        if self._closed:
            self._drop_idle()

    def _after_fault(self, client: "Client", error: Exception) -> None:
        from gradio_client.exceptions import AppError

        if isinstance(error, AppError):
            # The model failed, not the connection.
            self._give_back(client)
            return
        _dispose(client)
        if isinstance(error, Abandoned):
            # The next utterance should not wait for a new client.
            self.warm_up()
        else:
            # The server may have been restarted: what is known of it may be wrong.
            self._drop_idle()

    def _drop_idle(self) -> None:
        while True:
            try:
                _dispose(self._idle.pop())
            except IndexError:
                return

    def _connect(self) -> "Client":
        # It asks the environment as well as its argument, and either one turns telemetry on.
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # noqa: TID251
        from gradio_client import Client

        # A proxy for the outside world does not reach this machine's own servers.
        here = is_this_machine(urlsplit(self._url).hostname or "")
        client = Client(
            self._url,
            # None would send the Hugging Face token that is stored on this machine.
            token=self._token or False,
            max_workers=1,
            verbose=False,
            auth=self._login,
            httpx_kwargs={"trust_env": not here},
            # Spaces look at the token, other servers' own key checks at this.
            headers={"Authorization": f"Bearer {self._token}"} if self._token else None,
            ssl_verify=self._certificates(),
            download_files=False,
            analytics_enabled=False,
        )
        if client.protocol != "sse":
            # The client of Gradio 4's first protocol cannot take a time-out: there a server
            # that freezes keeps a thread until the connection ends.
            client.httpx_kwargs["timeout"] = httpx.Timeout(HTTP_S, read=_STREAM_SILENCE_S)
        self.version = str(client.app_version)
        self.cancels = client.app_version.release > LAST_WITHOUT_CANCEL
        return client

    def _certificates(self) -> ssl.SSLContext | Literal[False]:
        # gradio_client opens a connection for each of its requests. Left to itself, each reads
        # the certificate store: 0.1 s every time, also for plain HTTP, which needs none.
        if self._url.startswith("http:"):
            return False
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        return self._tls


def _dispose(client: "Client") -> None:
    # Its threads would otherwise stay until the garbage collector finds the client.
    for threads in (client.executor, client.helper_executor, client.stream_executor):
        threads.shutdown(wait=False)
    # Waits up to a second for the heartbeat's thread.
    threading.Thread(target=client.close, name="gradio-close", daemon=True).start()
