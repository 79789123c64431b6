"""Fish-Speech's API server (fishaudio/fish-speech, tools/server/views.py).

A stream is called audio/wav and has no header, but in some versions. Of the bodies that the real
one takes, JSON is understood here.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from rejoinder.stand_ins.pcm_server.base import HttpVoiceStandIn, Request
from rejoinder.stand_ins.sound_files import wav, wav_header

_RANGES = {
    "chunk_length": (100, 1000),
    "temperature": (0.1, 1.0),
    "top_p": (0.1, 1.0),
    "repetition_penalty": (0.9, 2.0),
}
_STATUSES = {400: "Bad Request", 401: "Unauthorized", 415: "Unsupported Media Type"}


@dataclass(kw_only=True)
class FishSpeechStandIn(HttpVoiceStandIn):
    """Set the fields before or between requests."""

    rate_hz: int = 44100
    saved: tuple[str, ...] = ("anna", "bert")
    """Reference ids of its voices."""
    sends_header: bool = False

    def routes(self) -> Iterable[web.RouteDef]:
        """Health and speech."""
        yield web.route("*", "/v1/health", self._health)
        yield web.post("/v1/tts", self._tts)

    def fault(self, status: int, text: str) -> web.Response:
        """As its exception handler says it."""
        said = {"statusCode": status, "message": text, "error": _STATUSES.get(status, "Error")}
        return web.json_response(said, status=status)

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _tts(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            return self.fault(415, "")
        body = await request.json()
        record = Request(request.path, body)
        if (refused := self._complaint(body)) is not None:
            record.outcome = "refused"
            self.requests.append(record)
            return refused
        streamed = bool(body.get("streaming"))
        pieces = self._pieces(body, streamed=streamed)
        return await self.speak(request, record, "audio/wav", pieces, whole=not streamed)

    def _complaint(self, body: dict[str, Any]) -> web.Response | None:
        for name, (low, high) in _RANGES.items():
            if not low <= body.get(name, low) <= high:
                return self.fault(422, f"{name} must be from {low:g} to {high:g}")
        if body.get("streaming") and body.get("format", "wav") != "wav":
            return self.fault(400, "Streaming only supports WAV format")
        if body.get("reference_id") not in (None, *self.saved):
            return self.fault(500, f"Reference {body['reference_id']} not found")
        for reference in body.get("references", ()):
            if len(reference["audio"]) <= 255:
                return self.fault(422, "audio is no recording")
        return None

    async def _pieces(self, body: dict[str, Any], *, streamed: bool) -> AsyncIterator[bytes]:
        voice = body.get("reference_id") or ""
        for reference in body.get("references", ()) if not voice else ():
            voice = hashlib.sha256(base64.b64decode(reference["audio"])).hexdigest()[:6]
        pcm = await self.said(body["text"], voice=voice)
        if not streamed:
            yield wav(pcm, rate_hz=self.rate_hz)
            return
        if self.sends_header:
            yield wav_header(rate_hz=self.rate_hz)
        yield pcm
