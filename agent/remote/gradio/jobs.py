"""One job of a Gradio server: upload, call, wait, fetch, cancel. Blocks, in a thread."""

import concurrent.futures
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
from livekit.agents import APIConnectionError

if TYPE_CHECKING:
    from gradio_client import Client

logger = logging.getLogger(__name__)

UPLOADS_FROM_MEMORY = sys.platform == "linux"
"""Whether what is uploaded is on no disk of this machine."""
LAST_WITHOUT_CANCEL = (4, 29, 0)
"""Up to this version of Gradio a server has no way to cancel a job."""
HTTP_S = 5.0
_NAMED_S = 2.0
"""Wait for the name of a job that is to be cancelled: the upload comes first."""
_POLL_S = 0.02
_MOST_BYTES = 64 * 2**20
_LONGEST_JOB_S = 180.0
"""A thread leaves its job after this time, should nobody have ended it earlier."""


class Abandoned(Exception):
    """Nobody waits for the job any more."""


@dataclass(eq=False, slots=True)
class PendingJob:
    """One job, as its thread and whoever waits for it see it."""

    api_name: str
    """Endpoint, with its slash."""
    upload: bytes | None
    """A whole sound file, or none: the first argument, or the one called `upload_as`."""
    args: tuple[object, ...] = ()
    """The arguments after it, in the endpoint's order."""
    named: Mapping[str, object] = field(default_factory=dict)
    """Arguments by the names that the endpoint has for them; those that it lacks are left out."""
    upload_as: str = ""
    upload_name: str = "utterance.wav"
    wants_file: bool = False
    """Whether the result is the first file that the endpoint returns: its bytes."""
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


def work(client: "Client", call: PendingJob) -> object:
    """Run a job and give what its endpoint returned, or the bytes of its first file.

    The temporary file is gone when this returns, whatever happened.

    Raises:
        Abandoned: nobody waits for it any more; the server was told.
        Exception: as gradio_client or httpx did.
    """
    from gradio_client import handle_file

    with ExitStack() as stack:
        args, named = list(call.args), _known(client, call)
        if call.upload is not None:
            sound = stack.enter_context(_as_file(call.upload, call.upload_name))
            if call.upload_as:
                named[call.upload_as] = handle_file(sound)
            else:
                args.insert(0, handle_file(sound))
        job = client.submit(*args, api_name=call.api_name, **named)
        if not call.wait_for(job.future):
            if not job.future.done():
                _cancel(client, job)
            raise Abandoned
        result = job.future.result()
    return _first_file(client, result) if call.wants_file else result


@contextmanager
def _as_file(data: bytes, name: str) -> Iterator[Path]:
    """A file of this name that has these bytes until the block ends: gradio_client takes no other.

    What somebody has said is on no disk, where the system has files that are in memory alone.
    """
    with tempfile.TemporaryDirectory(prefix="rejoinder-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / name
        if sys.platform == "linux":
            with os.fdopen(os.memfd_create(name), "wb", buffering=0) as memory:
                memory.write(data)
                path.symlink_to(f"/proc/self/fd/{memory.fileno()}")
                yield path
        else:
            path.write_bytes(data)
            yield path


def _known(client: "Client", call: PendingJob) -> dict[str, object]:
    """The named arguments that the endpoint has: its versions differ."""
    if not call.named:
        return {}
    for endpoint in client.endpoints.values():
        if endpoint.api_name == call.api_name:
            names = {known.get("parameter_name") for known in endpoint.parameters_info or ()}
            return {name: value for name, value in call.named.items() if name in names}
    return dict(call.named)


def _first_file(client: "Client", result: object) -> bytes:
    """Fetch what the first file of a result is.

    Raises:
        APIConnectionError: there is none, or it is too large for speech.
        httpx.HTTPError: it cannot be fetched.
    """
    parts = result if isinstance(result, list | tuple) else [result]
    path = next((p["path"] for p in parts if isinstance(p, dict) and p.get("path")), None)
    if not isinstance(path, str):
        raise APIConnectionError("the answer has no sound file", retryable=False)
    data = bytearray()
    with httpx.stream(
        "GET",
        f"{client.src_prefixed}file={quote(path, safe='/')}",
        headers=client.headers,
        cookies=client.cookies,
        verify=client.ssl_verify,
        follow_redirects=True,
        timeout=httpx.Timeout(HTTP_S),
        trust_env=bool(client.httpx_kwargs.get("trust_env", True)),
    ) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes():
            data += chunk
            if len(data) > _MOST_BYTES:
                raise APIConnectionError("the answer is too large for speech", retryable=False)
    return bytes(data)


def _cancel(client: "Client", job: Any) -> None:
    if client.app_version.release > LAST_WITHOUT_CANCEL:
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
