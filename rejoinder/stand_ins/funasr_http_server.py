"""Recognisers for whole utterances, behind the HTTP wires of FunASR's and SenseVoice's servers.

    async with FunASRHttpStandIn(dialect="sensevoice").serve() as server:
        ...  # a client of http://… at server.url

One of four at a time, each with the description of itself that FastAPI serves as /openapi.json:

- `wrapper`: `POST /asr`, JSON `{"wav": base64, "time_stamp": 0}`; always 200:
  `{"code": 0, "msg": "ok", "res": …}`, or `{"code": 1, "msg": "…"}`. No speech is such an error.
- `server` (funasr-server): `POST /asr`, multipart `file`, `language`, `hotwords`, `spk`;
  `{"text", "segments", "duration"}` in seconds.
- `runtime` (runtime/python/http/server.py): `POST /recognition`, multipart `audio`;
  `{"text", "sentences", "code": 0}` in ms.
- `sensevoice` (api.py): `POST /api/v1/asr`, multipart `files`, `keys`, `lang`, `use_itn`;
  `{"result": [{"key", "text", "raw_text", "clean_text"}]}`.
"""

import base64
import io
import re
import time
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from aiohttp import BodyPartReader, web

from rejoinder.stand_ins.answering import Behaviour, Outcome, answering, refusal
from rejoinder.stand_ins.kept import Kept
from rejoinder.stand_ins.serving import Tell, listening, nobody

_ROUTES = {
    "wrapper": ("/asr", "application/json"),
    "server": ("/asr", "multipart/form-data"),
    "runtime": ("/recognition", "multipart/form-data"),
    "sensevoice": ("/api/v1/asr", "multipart/form-data"),
}
_UPLOADS = {"server": "file", "runtime": "audio", "sensevoice": "files"}
_LANGUAGES = ("auto", "zh", "en", "yue", "ja", "ko", "nospeech")
_GREEDY = re.compile(r"<\|.*\|>", re.MULTILINE)


@dataclass
class Request:
    """One utterance as the server saw it. Times are `time.perf_counter()` seconds."""

    body: dict[str, Any]
    """Fields other than the sound."""
    audio: np.ndarray
    """Float32 mono in [-1, 1] at `audio_rate_hz`."""
    audio_rate_hz: int
    began: float
    first_byte: float | None = None
    ended: float | None = None
    chunks: int = 0
    outcome: Outcome = "open"


@dataclass
class FunASRHttpStandIn:
    """Set the fields before or between requests."""

    dialect: Literal["wrapper", "server", "runtime", "sensevoice"] = "wrapper"
    transcribe: Callable[[Request], str] = lambda request: "hello there"
    """SenseVoice: with its tags."""
    speakers: tuple[str, ...] = ()
    """Who says each sentence of the transcript, where the client asks for it."""
    how: Behaviour = field(default_factory=Behaviour)
    fails: str = ""
    """Wrapper and runtime: the `msg` of an answer with code 1."""
    api_key: str | None = None
    """When set, as a gateway does: other keys get 401."""
    describes: bool = True
    """Whether there is an /openapi.json."""
    requests: list[Request] = field(default_factory=Kept)
    looks: int = 0
    """How often the description was asked for."""
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""
    certificate: Path | None = None
    """With TLS: the file by which it can be trusted."""

    @asynccontextmanager
    async def serve(
        self, *, port: int = 0, tls: bool = False
    ) -> AsyncIterator["FunASRHttpStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/openapi.json", self._describe)
        app.router.add_get("/health", self._health)
        for path in {path for path, _ in _ROUTES.values()}:
            app.router.add_post(path, self._recognise)
        async with listening(app, port=port, tls=tls, tell=self.tell) as at:
            self.certificate = at.certificate
            self.url = f"{'https' if tls else 'http'}://{at.address}"
            yield self

    async def _describe(self, request: web.Request) -> web.Response:
        self.looks += 1
        if self._is_strange(request):
            return _detail(401, "Not authenticated")
        if not self.describes:
            return _detail(404, "Not Found")
        path, kind = _ROUTES[self.dialect]
        post = {"summary": "Asr", "requestBody": {"content": {kind: {}}, "required": True}}
        return web.json_response({"openapi": "3.1.0", "paths": {path: {"post": post}}})

    async def _health(self, request: web.Request) -> web.Response:
        if self.dialect != "server":
            return _detail(404, "Not Found")
        return web.json_response({"status": "ok", "device": "cpu", "models_loaded": []})

    async def _recognise(self, request: web.Request) -> web.StreamResponse:
        path, kind = _ROUTES[self.dialect]
        if request.path != path:
            return _detail(404, "Not Found")
        if request.content_type != kind:
            return _invalid("body", "Field required")
        fields, upload = await (_json(request) if kind.endswith("json") else _form(request))
        wanted = _UPLOADS.get(self.dialect, "wav")
        if wanted not in upload:
            return _invalid(wanted, "Field required")
        if self.dialect == "sensevoice" and fields.get("lang", "auto") not in _LANGUAGES:
            return _invalid("lang", "Input should be 'auto', 'zh', 'en', 'yue', 'ja', 'ko', …")
        with wave.open(io.BytesIO(upload[wanted])) as wav:
            rate_hz, raw = wav.getframerate(), wav.readframes(wav.getnframes())
        pcm = np.frombuffer(raw, "<i2") / np.float32(32768)
        record = Request(fields, pcm, rate_hz, time.perf_counter())
        self.requests.append(record)
        async with answering(record, self.how):
            status = 401 if self._is_strange(request) else 0
            if refused := refusal(record, self.how, _detail, status=status):
                return refused
            record.first_byte = time.perf_counter()
            return web.json_response(self._answer(record))

    def _is_strange(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization")
        return self.api_key is not None and given != f"Bearer {self.api_key}"

    def _answer(self, record: Request) -> dict[str, Any]:
        text = self.transcribe(record)
        sentences = self._sentences(text)
        match self.dialect:
            case "wrapper":
                return self._wrapped(record, text, sentences)
            case "server":
                return {
                    "text": text,
                    "segments": [_in_seconds(sentence) for sentence in sentences],
                    "duration": len(record.audio) / record.audio_rate_hz,
                    "processing_time": 0.01,
                    "rtf": 0.01,
                }
            case "runtime" if self.fails:
                return {"msg": self.fails, "code": 1}
            case "runtime":
                ends = [s | {"end": s["start"]} for s in sentences]
                return {"text": text, "sentences": ends, "code": 0}
            case "sensevoice":
                heard = {
                    "key": record.body.get("keys", ""),
                    "text": _with_pictures(text),
                    "raw_text": text,
                    "clean_text": _GREEDY.sub("", text),
                }
                return {"result": [heard] if text else []}

    def _wrapped(
        self, record: Request, text: str, sentences: list[dict[str, Any]]
    ) -> dict[str, Any]:
        if self.fails:
            return {"code": 1, "msg": self.fails}
        if not text:
            return {"code": 1, "msg": "list index out of range"}
        return {"code": 0, "msg": "ok", "res": sentences if record.body["time_stamp"] else text}

    def _sentences(self, text: str) -> list[dict[str, Any]]:
        """A second each."""
        parts = re.split(r"(?<=[.?!。？！])\s*", text)
        found = [part.strip() for part in parts if part.strip()]
        return [
            {
                "text": part,
                "start": number * 1000,
                "end": (number + 1) * 1000,
                "timestamp": [],
                **({"spk": self.speakers[number]} if number < len(self.speakers) else {}),
            }
            for number, part in enumerate(found)
        ]


async def _json(request: web.Request) -> tuple[dict[str, Any], dict[str, bytes]]:
    body = await request.json()
    wav = body.pop("wav", None)
    return body, {} if wav is None else {"wav": base64.b64decode(wav)}


async def _form(request: web.Request) -> tuple[dict[str, Any], dict[str, bytes]]:
    # Not `request.post()`: cancelled half-way, it leaves its temporary file open.
    fields: dict[str, Any] = {}
    uploads: dict[str, bytes] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.filename:
            uploads[part.name or ""] = bytes(await part.read())
        else:
            fields[part.name or ""] = await part.text()
    return fields, uploads


def _in_seconds(sentence: dict[str, Any]) -> dict[str, Any]:
    start_s, end_s = sentence["start"] / 1000, sentence["end"] / 1000
    return {
        "text": sentence["text"],
        "start": start_s,
        "end": end_s,
        "speaker": sentence.get("spk"),
        "words": [{"word": sentence["text"], "start": start_s, "end": end_s}],
    }


def _with_pictures(text: str) -> str:
    moods = {"<|HAPPY|>": "😊", "<|SAD|>": "😔", "<|BGM|>": "🎼", "<|Laughter|>": "😀"}
    for tag, picture in moods.items():
        text = text.replace(tag, picture)
    return re.sub(r"<\|[^|]*\|>", "", text)


def _detail(status: int, text: str) -> web.Response:
    return web.json_response({"detail": text}, status=status)


def _invalid(name: str, text: str) -> web.Response:
    detail = [{"type": "missing", "loc": ["body", name], "msg": text, "input": None}]
    return web.json_response({"detail": detail}, status=422)
