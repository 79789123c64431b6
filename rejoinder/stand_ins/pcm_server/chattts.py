"""ChatTTS's two example servers (2noise/ChatTTS, examples/api/main.py and openai_api.py).

`main` answers with a ZIP of MP3s; `openai_api` streams a WAV whose header claims an endless length.
"""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from rejoinder.stand_ins.pcm_server.base import HttpVoiceStandIn, Request
from rejoinder.stand_ins.sound_files import ENDLESS, mp3, wav, wav_header

_FORMATS = ("mp3", "wav", "ogg")
_USUAL_PACE = 5


@dataclass(kw_only=True)
class ChatTTSStandIn(HttpVoiceStandIn):
    """Set the fields before or between requests."""

    program: Literal["main", "openai_api"] = "main"

    def routes(self) -> Iterable[web.RouteDef]:
        """All of both programs; those of the other one are not found."""
        yield web.get("/openapi.json", self._openapi)
        yield web.post("/generate_voice", self._main)
        yield web.post("/v1/audio/speech", self._openai)

    def fault(self, status: int, text: str) -> web.Response:
        """As FastAPI says it."""
        return web.json_response({"detail": text}, status=status)

    async def _openapi(self, request: web.Request) -> web.Response:
        path = "/generate_voice" if self.program == "main" else "/v1/audio/speech"
        return web.json_response({"openapi": "3.1.0", "paths": {path: {}}})

    async def _main(self, request: web.Request) -> web.StreamResponse:
        if self.program != "main":
            raise web.HTTPNotFound
        body = await request.json()
        record = Request(request.path, body)
        if "params_infer_code" not in body:
            record.outcome = "refused"
            self.requests.append(record)
            where = ["body", "params_infer_code"]
            detail = [{"type": "missing", "loc": where, "msg": "Field required"}]
            return web.json_response({"detail": detail}, status=422)
        return await self.speak(request, record, "application/zip", self._zip(body))

    async def _zip(self, body: dict[str, Any]) -> AsyncIterator[bytes]:
        how = body["params_infer_code"]
        voice = str(how.get("manual_seed") or how.get("spk_emb") or "by chance")
        pace = int(how["prompt"].removeprefix("[speed_").removesuffix("]"))
        target = io.BytesIO()
        with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED, allowZip64=False) as archive:
            for number, text in enumerate(body["text"]):
                pcm = await self.said(text, voice=voice, speed=max(1, pace) / _USUAL_PACE)
                file = await asyncio.to_thread(mp3, pcm, rate_hz=self.rate_hz)
                archive.writestr(f"{number}.mp3", file)
        yield target.getvalue()

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        if self.program != "openai_api":
            raise web.HTTPNotFound
        body = await request.json()
        record = Request(request.path, body)
        if body.get("response_format", "mp3") not in _FORMATS or len(body["input"]) > 2048:
            record.outcome = "refused"
            self.requests.append(record)
            return self.fault(400, "Unsupported audio format, must be one of mp3, wav, ogg")
        pieces = self._stream(body)
        return await self.speak(request, record, "audio/wav", pieces, whole=not body.get("stream"))

    async def _stream(self, body: dict[str, Any]) -> AsyncIterator[bytes]:
        # It takes a speed, and does not use it.
        pcm = await self.said(body["input"], voice=body.get("voice", "default"))
        if body.get("stream"):
            yield wav_header(rate_hz=self.rate_hz, data_bytes=ENDLESS)
            yield pcm
        else:
            yield wav(pcm, rate_hz=self.rate_hz)
