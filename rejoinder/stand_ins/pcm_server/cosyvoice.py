"""CosyVoice's FastAPI server (FunAudioLLM/CosyVoice, runtime/python/fastapi/server.py).

The answer is bare samples without a content type, a sentence at a time. What the model does not
take (an unknown speaker, a recording that is too long) is an answer that is cut off.
"""

import hashlib
import io
import re
import wave
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from rejoinder.stand_ins.pcm_server.base import (
    NO_TYPE,
    HttpVoiceStandIn,
    InferenceError,
    Request,
    form_of,
)

_FIELDS = {
    "sft": ("tts_text", "spk_id"),
    "zero_shot": ("tts_text", "prompt_text", "prompt_wav"),
    "cross_lingual": ("tts_text", "prompt_wav"),
    "instruct": ("tts_text", "spk_id", "instruct_text"),
    "instruct2": ("tts_text", "instruct_text", "prompt_wav"),
}
_LONGEST_S = 30.0


@dataclass(kw_only=True)
class CosyVoiceStandIn(HttpVoiceStandIn):
    """Set the fields before or between requests."""

    rate_hz: int = 24000
    speakers: tuple[str, ...] = ("中文女", "英文男")
    modes: tuple[str, ...] = tuple(_FIELDS)
    """What its version has."""

    def routes(self) -> Iterable[web.RouteDef]:
        """A route for each mode."""
        yield web.get("/openapi.json", self._openapi)
        yield web.route("*", "/inference_{mode}", self._inference)

    def fault(self, status: int, text: str) -> web.Response:
        """As FastAPI says it."""
        return web.json_response({"detail": text}, status=status)

    async def _openapi(self, request: web.Request) -> web.Response:
        paths: dict[str, Any] = {f"/inference_{mode}": {} for mode in self.modes}
        return web.json_response({"openapi": "3.1.0", "paths": paths})

    async def _inference(self, request: web.Request) -> web.StreamResponse:
        mode = request.match_info["mode"]
        if mode not in self.modes:
            raise web.HTTPNotFound
        fields, files = await form_of(request)
        record = Request(request.path, dict(fields), files)
        lacking = [name for name in _FIELDS[mode] if name not in fields and name not in files]
        if lacking:
            record.outcome = "refused"
            self.requests.append(record)
            detail = [
                {"type": "missing", "loc": ["body", name], "msg": "Field required"}
                for name in lacking
            ]
            return web.json_response({"detail": detail}, status=422)
        return await self.speak(request, record, NO_TYPE, self._sentences(fields, files))

    async def _sentences(
        self, fields: dict[str, str], files: dict[str, bytes]
    ) -> AsyncIterator[bytes]:
        if "prompt_wav" in files:
            voice = hashlib.sha256(_checked(files["prompt_wav"])).hexdigest()[:6]
        else:
            voice = fields["spk_id"]
            if voice not in self.speakers:
                raise InferenceError
        for sentence in re.findall(r"[^.。!?！？]+[.。!?！？]*", fields["tts_text"]):
            yield await self.said(sentence, voice=voice)


def _checked(recording: bytes) -> bytes:
    with wave.open(io.BytesIO(recording)) as file:
        if file.getframerate() < 16000 or file.getnframes() / file.getframerate() > _LONGEST_S:
            raise InferenceError
    return recording
