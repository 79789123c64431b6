"""Piper's HTTP server (OHF-Voice/piper1-gpl, src/piper/http_server.py).

A whole WAV for each text, typed as the page that Flask takes it for. An unknown voice is spoken in
the usual one.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from rejoinder.stand_ins.pcm_server.base import HttpVoiceStandIn, Request
from rejoinder.stand_ins.sound_files import wav


@dataclass(kw_only=True)
class PiperStandIn(HttpVoiceStandIn):
    """Set the fields before or between requests."""

    rate_hz: int = 22050
    usual_voice: str = "en_US-lessac-medium"
    voices: dict[str, int] = field(
        default_factory=lambda: {"en_US-lessac-medium": 22050, "de_DE-thorsten-low": 16000}
    )
    """Their names, and samples per second."""
    listed: tuple[str, ...] | None = None
    """Which of them it lists; None: all."""
    older: bool = False
    """Whether it is the server that takes the bare text at `/`."""

    def routes(self) -> Iterable[web.RouteDef]:
        """Those of both versions; those of the other one are not found."""
        yield web.get("/voices", self._voices)
        yield web.post("/synthesize", self._synthesize)
        yield web.post("/", self._plain)

    def fault(self, status: int, text: str) -> web.Response:
        """As Flask says it."""
        page = f"<!doctype html>\n<title>{status}</title>\n<h1>{text}</h1>\n"
        return web.Response(text=page, status=status, content_type="text/html")

    async def _voices(self, request: web.Request) -> web.Response:
        if self.older:
            raise web.HTTPNotFound
        names = self.voices if self.listed is None else self.listed
        listed = {name: {"audio": {"sample_rate": self.voices[name]}} for name in names}
        return web.json_response(listed)

    async def _synthesize(self, request: web.Request) -> web.StreamResponse:
        if self.older:
            raise web.HTTPNotFound
        return await self._answer(request, await request.json())

    async def _plain(self, request: web.Request) -> web.StreamResponse:
        if not self.older:
            raise web.HTTPNotFound
        return await self._answer(request, {"text": await request.text()})

    async def _answer(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        record = Request(request.path, body)
        if not body.get("text", "").strip():
            record.outcome = "refused"
            self.requests.append(record)
            return self.fault(500, "Internal Server Error")
        pieces = self._whole(body)
        return await self.speak(request, record, "text/html; charset=utf-8", pieces, whole=True)

    async def _whole(self, body: dict[str, Any]) -> AsyncIterator[bytes]:
        voice = body.get("voice", self.usual_voice)
        voice = voice if voice in self.voices else self.usual_voice
        speaker = body.get("speaker_id", body.get("speaker", ""))
        self.rate_hz = self.voices[voice]
        named = f"{voice}#{speaker}" if speaker != "" else voice
        pcm = await self.said(body["text"], voice=named, speed=1 / body.get("length_scale", 1.0))
        yield wav(pcm, rate_hz=self.rate_hz)
