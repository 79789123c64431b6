"""What the stand-ins for voice servers share: tones for words, records, delays, faults."""

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import BodyPartReader, web
from aiohttp.typedefs import Handler

from rejoinder.stand_ins.answering import Behaviour, CutOff, Outcome, answering, refusal, send
from rejoinder.stand_ins.kept import Kept
from rejoinder.stand_ins.serving import Tell, listening, nobody
from rejoinder.stand_ins.tone_voice import ToneVoice

NO_TYPE = ""
"""Content type of an answer that has none."""


@dataclass
class Request:
    """One request as the server saw it. Times are `time.perf_counter()` seconds."""

    path: str
    body: dict[str, Any]
    """Fields of the JSON or of the form."""
    uploads: dict[str, bytes] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)
    first_byte: float | None = None
    ended: float | None = None
    chunks: int = 0
    outcome: Outcome = "open"


class InferenceError(CutOff):
    """The model fails: after the headers, where the answer is streamed."""


@dataclass(kw_only=True)
class VoiceStandIn(ToneVoice, ABC):
    """A server of voices. Set the fields before or between requests."""

    how: Behaviour = field(default_factory=Behaviour)
    """Delays and faults of its speech."""
    rate_hz: int = 24000
    chunk_bytes: int = 4801
    """What is sent at once; an odd number cuts samples in two."""
    usual_voice: str = ""
    """Every other voice has words of its own, `anna:hello`."""
    requests: list[Request] = field(default_factory=Kept)
    """Of speech, oldest first."""
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""

    @asynccontextmanager
    @abstractmethod
    async def serve(self, *, port: int = 0) -> AsyncIterator[Self]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        yield self

    async def said(self, text: str, *, voice: str, speed: float = 1.0) -> bytes:
        """A text in a voice: s16le mono at `rate_hz`; slower is longer, and deeper."""
        named = "" if voice == self.usual_voice else voice
        return await self.spoken(text, voice=named, rate_hz=self.rate_hz, speed=speed)

    def silence(self, seconds: float, *, rate_hz: int = 0) -> bytes:
        """Samples of nothing."""
        return bytes(2 * int(seconds * (rate_hz or self.rate_hz)))

    async def cut(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """What is sent at once; a piece is made when it is its turn."""
        async for piece in pieces:
            for at in range(0, len(piece), self.chunk_bytes):
                yield piece[at : at + self.chunk_bytes]


@dataclass(kw_only=True)
class HttpVoiceStandIn(VoiceStandIn):
    """One that is asked over HTTP."""

    api_key: str | None = None
    """When set, other bearer tokens get 401."""
    unready: bool = False
    """Whether a proxy before it says 503 to everything, as while it is started anew."""
    asked: list[str] = field(default_factory=Kept)
    """Paths of all requests, oldest first."""

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """Where it is asked for what."""

    @abstractmethod
    def fault(self, status: int, text: str) -> web.Response:
        """A refusal in its own words."""

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator[Self]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        app = web.Application(client_max_size=64 * 2**20, middlewares=[self._gate])
        app.add_routes(list(self.routes()))
        app.on_response_prepare.append(_without_type)
        async with listening(app, port=port, tell=self.tell) as at:
            self.url = f"http://{at.address}"
            yield self

    async def speak(
        self,
        request: web.Request,
        record: Request,
        content_type: str,
        pieces: AsyncIterator[bytes],
        *,
        whole: bool = False,
    ) -> web.StreamResponse:
        """Answer with speech, piece by piece as each is made; `whole` says its length first.

        A piece that raises `InferenceError` ends the answer as FastAPI does: cut off after its
        headers, or, when it is `whole`, with 500.
        """
        self.requests.append(record)
        async with answering(record, self.how):
            stranger = self.api_key and request.headers.get("Authorization") != (
                f"Bearer {self.api_key}"
            )
            status = 401 if stranger else 0
            if refused := refusal(record, self.how, self.fault, status=status):
                return refused
            if whole:
                try:
                    pieces = at_once(b"".join([piece async for piece in pieces]))
                except InferenceError:
                    record.outcome = "refused"
                    return self.fault(500, "Internal Server Error")
            return await send(request, record, self.how, content_type, self.cut(pieces))

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.unready:
            return web.Response(text="no healthy upstream", status=503)
        return await handler(request)


async def at_once(piece: bytes) -> AsyncIterator[bytes]:
    """A single piece."""
    yield piece


async def json_of(request: web.Request) -> dict[str, Any]:
    """The fields of a request: its JSON, or what is in its address."""
    if request.method == "GET":
        return dict(request.query)
    body: dict[str, Any] = await request.json()
    return body


async def form_of(request: web.Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields and the files of a form."""
    if not request.content_type.startswith("multipart/"):
        return {name: str(value) for name, value in (await request.post()).items()}, {}
    # Not `request.post()`: cancelled half-way, it leaves its temporary file open.
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.filename:
            files[part.name or ""] = bytes(await part.read())
        else:
            fields[part.name or ""] = await part.text()
    return fields, files


async def _without_type(request: web.Request, response: web.StreamResponse) -> None:
    if response.headers.get("Content-Type") == NO_TYPE:
        del response.headers["Content-Type"]
