"""Connections to Amazon Transcribe, each opened with an address that is signed for it alone.

A websocket, as boto3 has no client that streams, and what Amazon offers for Python is made for
HTTP/2 and for Python 3.12 and later. An address is good for one connection within five minutes, so
each carries the credentials of its moment.

Pings are not sent: Amazon's own example for Python waits for no answer to them. Sound goes all the
time, so a connection that takes none any more is noticed by TCP.

Source: https://docs.aws.amazon.com/transcribe/latest/dg/streaming-websocket.html;
aws-samples/amazon-transcribe-streaming-python-websockets, example.py (b735c6d).
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from botocore.exceptions import ClientError, NoCredentialsError
from livekit.agents import APIConnectionError, APIError, APIStatusError
from livekit.agents.utils import aio

from agent.errors import ConfigError
from agent.remote.aws.accounts import SEARCH_THREAD, Account
from agent.remote.aws.clients import CLIENTS
from agent.remote.aws.daemon import in_daemon
from agent.remote.aws.errors import WIRE_ERRORS, Asked, api_error
from agent.remote.aws.presigned import Endpoint, SocketService, endpoint_of, signed
from agent.remote.openai_errors import BrokenOff, TimedOut
from agent.remote.websocket import Socket, WebSocketClient
from agent.stt.transcribe.options import Options
from agent.tasks import begin

_SERVICE = SocketService(
    client="transcribe-streaming",
    host="transcribestreaming",
    port=8443,
    path="/stream-transcription-websocket",
    signed_as="transcribe",
)
_ACTION = "StartStreamTranscriptionWebSocket"
_AT_ONCE_S = 0.1
"""What is left for a connection, at least, when its signature has taken all the time."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How the service is reached."""

    credentials: Any
    """botocore's, which renew themselves; threads may share them."""
    endpoint: Endpoint
    client: WebSocketClient


class TranscribeService:
    """Belongs to the event loop of its first connection."""

    def __init__(self, options: Options) -> None:
        """Contact nobody and read nothing yet."""
        self._account = Account.of(options)
        self._given = options.endpoint_url
        self._asked = _asked(options)
        self._finding: asyncio.Task[tuple[_Way, Any]] | None = None
        self._way: _Way | None = None
        self._closed = False

    @property
    def host(self) -> str:
        """Host and port of the service; empty until they were looked up."""
        return self._way.endpoint.host if self._way is not None else ""

    async def connect(self, parameters: Mapping[str, str], *, timeout_s: float) -> Socket:
        """Sign and open a connection; the caller ends it with `hang_up`.

        Raises:
            APIStatusError: it is refused; the error says what to do.
            APITimeoutError: it is not open after `timeout_s`.
            APIConnectionError: it cannot be had; `retryable` says whether it ever can.
        """
        began = time.perf_counter()
        try:
            async with asyncio.timeout(timeout_s):
                way, credentials = await self._find()
        except TimeoutError as error:
            raise TimedOut(f"no AWS credentials for Transcribe in {timeout_s:g} s") from error
        except WIRE_ERRORS as error:
            raise api_error(error, self._asked, retryable=True) from error
        except ConfigError as error:
            raise BrokenOff(str(error), reason=str(error), retryable=False) from error
        self._way = way
        url = signed(credentials, _SERVICE, way.endpoint, parameters)
        left_s = max(_AT_ONCE_S, timeout_s - (time.perf_counter() - began))
        try:
            return await way.client.connect(timeout_s=left_s, url=url)
        except APIStatusError as error:
            # Not from it: aiohttp's text has the signed address.
            raise self._refused(error) from None

    async def receive(self, socket: Socket) -> aiohttp.WSMessage:
        """Wait for the next message; see `WebSocketClient.receive`."""
        assert self._way is not None
        return await self._way.client.receive(socket)

    async def hang_up(self, socket: Socket) -> None:
        """Close a connection, in less than a second."""
        assert self._way is not None
        await self._way.client.hang_up(socket)

    def lost(self, socket: Socket) -> APIConnectionError:
        """What to raise when a connection is closed from the other side."""
        assert self._way is not None
        return self._way.client.lost(socket)

    def failed(self, kind: str, told: str, *, status: int = 500, request: str = "") -> APIError:
        """What to raise for an exception of the service's.

        Args:
            kind: its type, such as `LimitExceededException`.
            told: what it says to people.
            status: of HTTP, where its type does not tell it.
            request: by which AWS finds it.
        """
        response: Any = {
            "Error": {"Code": kind, "Message": told},
            "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": request},
        }
        return api_error(ClientError(response, _ACTION), self._asked, retryable=True)

    async def aclose(self) -> None:
        """Close all connections; further ones are refused. May be called more than once."""
        self._closed = True
        if self._finding is not None:
            await aio.cancel_and_wait(self._finding)
        if self._way is not None:
            await self._way.client.aclose()

    async def _find(self) -> tuple[_Way, Any]:
        """The way there, and the credentials of this moment.

        A search may ask a server and outlast who wants it; those who come meanwhile join it.
        """
        if self._closed:
            raise APIConnectionError("this engine was closed", retryable=False)
        if self._finding is None or self._finding.done():
            search = in_daemon(self._search, name=SEARCH_THREAD)
            self._finding = begin(search, name="aws credentials")
        return await asyncio.shield(self._finding)

    def _search(self) -> tuple[_Way, Any]:
        way = self._way or self._way_there()
        return way, way.credentials.get_frozen_credentials()

    def _way_there(self) -> _Way:
        endpoint, credentials = CLIENTS.of_core(self._account, self._look_up)
        # A path alone: "false" is a file, as it is for AWS's own clients.
        bundle = str(Path(endpoint.trusted).expanduser().absolute())
        client = WebSocketClient(
            f"ws{endpoint.url.removeprefix('http')}",
            None,
            who="Transcribe",
            stage="STT",
            verify=bundle if endpoint.trusted else "true",
            authorities="AWS_CA_BUNDLE",
            pings=False,
        )
        return _Way(credentials, endpoint, client)

    def _look_up(self, core: Any) -> tuple[Endpoint, Any]:
        endpoint = endpoint_of(core, _SERVICE, given=self._given)
        credentials = core.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return endpoint, credentials

    def _refused(self, error: APIStatusError) -> APIError:
        cause = error.__cause__
        if not isinstance(cause, aiohttp.WSServerHandshakeError) or error.status_code == 101:
            return error
        told: Mapping[str, str] = cause.headers or {}
        # A type may have an address after it.
        kind = told.get("x-amzn-ErrorType", "").partition(":")[0]
        return self.failed(
            kind or f"status {error.status_code}",
            "",
            status=error.status_code,
            request=told.get("x-amzn-RequestId", ""),
        )


def _asked(options: Options) -> Asked:
    language = (
        "set STT_LANGUAGE, or STT_LANGUAGE_OPTIONS, to what Transcribe streams in this region"
    )
    return Asked(
        "Transcribe",
        f"transcribe:{_ACTION}",
        "streams",
        "STT_VOCABULARY and STT_MODEL to what this region has",
        {
            "vocabulary": "set STT_VOCABULARY to one of this region that is ready and of the "
            "language that is spoken",
            "language model": "set STT_MODEL to a custom language model of this region that is "
            "ready and of the language that is spoken",
            "language": f"{language} ({options.language_code}?)",
        },
    )
