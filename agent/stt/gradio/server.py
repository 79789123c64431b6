"""The blocking side of a Gradio server: clients, jobs, temporary files. Runs in threads.

gradio_client blocks, polls, and keeps a session per client. Cancelling a job makes a Gradio
server end every running job of the same session and endpoint, and their callers then wait for
ever. So a client is given one call at a time here, and calls at the same time have a client
each.

Source: gradio_client 2.7.2, gradio 4.5.0 and 6.31.0.
"""

import concurrent.futures
import logging
import os
import ssl
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import httpx
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from agent.remote.openai_errors import BrokenOff, Refused, one_line
from agent.remote.proxies import is_this_machine

if TYPE_CHECKING:
    from gradio_client import Client

logger = logging.getLogger(__name__)

_LAST_WITHOUT_CANCEL = (4, 29, 0)
"""Up to this version a server has no way to cancel a job."""
_HTTP_S = 5.0
_STREAM_SILENCE_S = 20.0
"""Longest silence of the event stream; servers send a heartbeat every 15 s."""
_NAMED_S = 2.0
"""Wait for the name of a job that is to be cancelled: the upload comes first."""
_POLL_S = 0.02
_LONGEST_JOB_S = 180.0
"""A thread leaves its job after this time, should nobody have ended it earlier."""


@dataclass(eq=False, slots=True)
class PendingJob:
    """One job, as its thread and whoever waits for it see it."""

    api_name: str
    """Endpoint, with its slash."""
    wav: bytes
    """First argument, a whole WAV file."""
    args: tuple[str, ...]
    """The arguments after it, in the endpoint's order."""
    _abandoned: bool = field(default=False, init=False)
    _wake: threading.Event = field(default_factory=threading.Event, init=False)

    def abandon(self) -> None:
        """End it from any thread: the server is told, a result that still comes is dropped."""
        self._abandoned = True
        self._wake.set()

    def wait_for(self, job: concurrent.futures.Future[object]) -> bool:
        """Block until the job has ended (True) or was abandoned (False)."""
        job.add_done_callback(lambda _: self._wake.set())
        self._wake.wait(_LONGEST_JOB_S)
        return job.done() and not self._abandoned

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._abandoned


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
        """Run a job and give what its endpoint returned.

        The temporary file is gone when this returns, whatever happened.

        Raises:
            APIError: one of livekit-agents' three, with `retryable` decided.
        """
        client = None
        try:
            if call.abandoned:
                raise _Abandoned
            client = self._take()
            result = _work(client, call)
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
        if isinstance(error, _Abandoned):
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
            client.httpx_kwargs["timeout"] = httpx.Timeout(_HTTP_S, read=_STREAM_SILENCE_S)
        self.version = str(client.app_version)
        self.cancels = client.app_version.release > _LAST_WITHOUT_CANCEL
        return client

    def _certificates(self) -> ssl.SSLContext | Literal[False]:
        # gradio_client opens a connection for each of its requests. Left to itself, each reads
        # the certificate store: 0.1 s every time, also for plain HTTP, which needs none.
        if self._url.startswith("http:"):
            return False
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        return self._tls


class _Abandoned(Exception):
    """Nobody waits for the job any more."""


def _work(client: "Client", call: PendingJob) -> object:
    from gradio_client import handle_file

    with tempfile.TemporaryDirectory(prefix="rejoinder-", ignore_cleanup_errors=True) as folder:
        wav = Path(folder) / "utterance.wav"
        wav.write_bytes(call.wav)
        job = client.submit(handle_file(wav), *call.args, api_name=call.api_name)
        if not call.wait_for(job.future):
            if not job.future.done():
                _cancel(client, job)
            raise _Abandoned
        return job.future.result()


def _cancel(client: "Client", job: Any) -> None:
    if client.app_version.release > _LAST_WITHOUT_CANCEL:
        # The server takes the job's name, which it gives after the upload.
        until = time.perf_counter() + _NAMED_S
        while not (job.communicator.event_id or job.future.done()) and time.perf_counter() < until:
            time.sleep(_POLL_S)
    else:
        # The request would only warn that this server cannot be told.
        job.cancel_fn = None
    try:
        job.cancel()
    except httpx.HTTPError as error:
        logger.debug("the server was not told", extra={"error": type(error).__name__})


def _dispose(client: "Client") -> None:
    # Its threads would otherwise stay until the garbage collector finds the client.
    for threads in (client.executor, client.helper_executor, client.stream_executor):
        threads.shutdown(wait=False)
    # Waits up to a second for the heartbeat's thread.
    threading.Thread(target=client.close, name="gradio-close", daemon=True).start()


def explain(error: Exception) -> APIError:
    """What gradio_client raised, in livekit-agents' terms.

    Worth another try are: no connection, a connection that broke, a full queue, a server
    error, a model that failed. Not worth one: a refused login, an unknown endpoint or
    language, an answer that is not Gradio's.
    """
    from gradio_client.exceptions import AppError, AuthenticationError, ValidationError
    from gradio_client.utils import QueueError

    text = one_line(str(error))
    match error:
        case APIError():
            return error
        case httpx.TimeoutException() | TimeoutError():
            return APITimeoutError("the Gradio server did not answer in time")
        case httpx.HTTPStatusError(response=response):
            status = response.status_code
            retryable = status == 429 or status >= 500
            return Refused(
                f"the Gradio server refuses with status {status}",
                reason=response.reason_phrase,
                status_code=status,
                retryable=retryable,
            )
        case httpx.ConnectError():
            return APIConnectionError("the Gradio server cannot be reached")
        case httpx.HTTPError() | concurrent.futures.CancelledError():
            return APIConnectionError("the connection broke before the transcript")
        case QueueError():
            return APIStatusError("the server's queue is full", status_code=503)
        case AuthenticationError():
            return APIStatusError("the server wants a login", status_code=401)
        case ValidationError():
            return Refused("the server refuses the request", reason=text, status_code=422)
        case AppError() if "not in the list of choices" in text:
            return Refused("the server lacks what is asked for", reason=text, status_code=422)
        case AppError():
            return Refused("the server's model failed", reason=text, status_code=500)
        case ValueError() if text.startswith("Could not login"):
            return APIStatusError("the server refuses the login", status_code=401)
        case ValueError() if text.startswith("Could not fetch"):
            # A proxy in front of it, or the server itself while it loads its model.
            return APIStatusError("the server is not ready", status_code=503)
        case ValueError() if text.startswith("Did not receive"):
            return APIConnectionError("the connection ended before the transcript")
        case _Abandoned():
            return APIConnectionError("given up", retryable=False)
        case _:
            return BrokenOff(
                "not the answer of such a Gradio server",
                reason=text or type(error).__name__,
                retryable=False,
            )
