"""The two things an engine writes for a voice that a server speaks: how to ask, what comes back."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx
from livekit.agents import APIError
from livekit.agents.utils import shortuuid
from pydantic import SecretStr

from agent.remote.http_client import WarmUp, answer, caller_header, open_client
from agent.remote.openai_errors import Refused, refusal
from agent.tts.cloning import VoiceSample
from agent.tts.served.refusals import reason_in
from agent.tts.served.speech_body import SpeechBody

_KEEP_ALIVE_S = 120.0
"""Longer than most pauses between two replies; servers may close earlier."""
_ERROR_BODY_LIMIT = 4096
_PASSING = (408, 409, 429)
"""Statuses below 500 that another try may change."""
_ABSENT = (404, 405, 410)


class Unreachable(Exception):
    """No connection to the server."""


class BrokeOff(Exception):
    """The answer ended before its end, or the server says that it failed."""


class Body(Protocol):
    """An answer's bytes in, s16le mono samples at one rate out."""

    def feed(self, data: bytes) -> bytes:
        """Take in bytes and return the audio that is ready.

        Raises:
            MalformedBody: the bytes are not speech.
            ServerFault: the server says that it failed.
        """

    def end(self) -> bytes:
        """Return the audio that was waiting for more; raises as `feed` does."""

    @property
    def usage(self) -> tuple[int, int]:
        """Input and output tokens, if the server has said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has begun."""

    chunks: AsyncIterator[bytes]
    """What the wire delivers, of any length; raises `httpx.HTTPError`, `OSError`, `EOFError` or
    `BrokeOff` where it breaks off."""
    body: Body
    request_id: str = ""


class Connections(Protocol):
    """The connections to one server, shared by all its voices."""

    @property
    def provider(self) -> str:
        """Host and port."""

    def prewarm(self) -> None:
        """Open one in the background; needs a running event loop."""

    async def aclose(self) -> None:
        """Close all. May be called more than once."""


class Wire(ABC):
    """How a server is asked to speak in one voice."""

    server: Connections
    rate_hz: int
    """Samples per second of what is handed on."""
    stall_s: float
    """Longest pause in the middle of an answer, seconds."""

    @property
    @abstractmethod
    def model(self) -> str:
        """The model, for people."""

    @abstractmethod
    def speak(self, text: str) -> AbstractAsyncContextManager[Answer]:
        """Ask for a text; the answer's first bytes may still be to come.

        Leaving the block closes the request, and with it the server's work where it notices.

        Raises:
            APIError: the server refuses, or cannot be asked.
            httpx.HTTPError: the connection failed; or `Unreachable`, `OSError`.
        """

    @abstractmethod
    def with_voice(self, voice: str, *, speed: float) -> "Wire":
        """Another voice of the same server; see `agent.tts.other_voice`."""

    @property
    def clones(self) -> bool:
        """Whether it speaks like a recording that it is given; then it has its own `like`."""
        return False

    def like(self, sample: VoiceSample, *, language: str, speed: float) -> "Wire":
        """Speaking like `sample`; see `agent.tts.cloning`.

        Raises:
            TypeError: it does not.
        """
        raise TypeError(f"{self.model} speaks like no recording that it is given")

    def prewarm(self) -> None:
        """Make ready what the first request needs, in the background; needs a running loop."""
        self.server.prewarm()


class HttpConnections:
    """A server that is asked over HTTP. Belongs to the event loop of its first request."""

    def __init__(self, url: str, api_key: SecretStr | None, *, warm_up_path: str) -> None:
        """Contact nobody yet; for https it reads certificates, so call it off the event loop.

        `warm_up_path` is what `greet` asks for; whether it is there does not matter.
        """
        self.client: httpx.AsyncClient = open_client(
            url,
            api_key,
            keep_alive_s=_KEEP_ALIVE_S,
            # Compressed on the way, samples would wait for a full block.
            headers={"Accept-Encoding": "identity", **caller_header()},
        )
        self._provider = self.client.base_url.netloc.decode()
        self._warm_up_path = warm_up_path
        self._warm_up = WarmUp(self.client, name="tts warm-up", ask=self._greet)

    @property
    def provider(self) -> str:
        """Host and port."""
        return self._provider

    async def greet(self) -> None:
        """Ask what opens a connection; engines that must know a server first ask for that."""
        await self.client.get(self._warm_up_path)

    def prewarm(self) -> None:
        """Open a connection in the background; needs a running event loop."""
        self._warm_up.begin()

    async def aclose(self) -> None:
        """Close all connections. May be called more than once."""
        await self._warm_up.aclose()
        await self.client.aclose()

    @asynccontextmanager
    async def answer(
        self, request: httpx.Request, *, rate_hz: int, body: Body | None = None
    ) -> AsyncIterator[Answer]:
        """Send a request whose answer is speech.

        Args:
            request: made by `client.build_request`.
            rate_hz: of the samples that come out, and of bare ones that come in.
            body: understands the answer; when not given, its first bytes decide.

        Raises:
            Refused: another status than 200; the server's reason is kept in it.
            httpx.HTTPError: the connection failed.
        """
        async with answer(self.client, request) as response:
            if response.status_code != 200:
                raise await _refusal(response)
            media = response.headers.get("content-type", "")
            yield Answer(
                chunks=response.aiter_bytes(),
                body=body or SpeechBody(media, rate_hz=rate_hz),
                request_id=response.headers.get("x-request-id") or shortuuid(),
            )

    async def json(self, path: str) -> object:
        """What a GET of `path` says; None when it is not there or no JSON.

        Raises:
            Refused: it may be there, and is not given.
            httpx.HTTPError: the connection failed.
        """
        async with answer(self.client, self.client.build_request("GET", path)) as response:
            if response.status_code in _ABSENT:
                return None
            if response.status_code != 200:
                raise await _refusal(response)
            await response.aread()
        with contextlib.suppress(ValueError):
            return response.json()
        return None

    async def paths(self) -> frozenset[str]:
        """The paths that a FastAPI server lists in its description; empty when it has none.

        Raises:
            Refused, httpx.HTTPError: as `json`.
        """
        described = await self.json("openapi.json")
        listed = described.get("paths") if isinstance(described, dict) else None
        return frozenset(listed) if isinstance(listed, dict) else frozenset()

    async def _greet(self) -> None:
        # What is wrong shows, with its reason, at the first text.
        with contextlib.suppress(APIError):
            await self.greet()


async def _refusal(response: httpx.Response) -> Refused:
    """Describe a refusal; what the server says may repeat what was to be spoken."""
    received = b""
    async for chunk in response.aiter_bytes():
        received += chunk
        if len(received) > _ERROR_BODY_LIMIT:
            break
    return refusal(response, reason_in(received), who="the speech server", passing=_PASSING)
