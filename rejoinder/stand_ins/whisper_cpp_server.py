"""whisper.cpp's server without its model: its paths, its default language and its odd errors.

Source: ggml-org/whisper.cpp, examples/server/server.cpp and examples/server-common.cpp.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web

from rejoinder.stand_ins import transcripts
from rejoinder.stand_ins.answering import Behaviour, Outcome, answering, refusal
from rejoinder.stand_ins.kept import Kept
from rejoinder.stand_ins.serving import Tell, listening, nobody
from rejoinder.stand_ins.uploads import Upload, read_upload

_LANGUAGES = {"en": "english", "zh": "chinese", "de": "german", "auto": "english"}


@dataclass
class Utterance:
    """One request as the server saw it. Times are `time.perf_counter()` seconds."""

    body: dict[str, Any]
    audio: np.ndarray
    """float32 mono in [-1, 1]."""
    audio_rate_hz: int
    began: float
    first_byte: float | None = None
    ended: float | None = None
    chunks: int = 0
    outcome: Outcome = "open"


@dataclass
class WhisperCppStandIn:
    """One request at a time. Set the fields before or between calls."""

    transcribe: Callable[[Utterance], str] = lambda utterance: " hello there"
    """One line a segment."""
    inference_path: str = "/inference"
    loading: bool = False
    """Whether its health says so: with 503, which becomes 404."""
    how: Behaviour = field(default_factory=Behaviour)
    requests: list[Utterance] = field(default_factory=Kept)
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""
    """Its address, without a path."""

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator["WhisperCppStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        self._model = asyncio.Lock()
        app = web.Application(client_max_size=64 * 2**20, middlewares=[_oddly])
        app.router.add_get("/health", self._health)
        app.router.add_post(self.inference_path, self._inference)
        app.router.add_route("OPTIONS", self.inference_path, _nothing)
        async with listening(app, port=port, tell=self.tell) as at:
            self.url = f"http://{at.address}"
            yield self

    async def _health(self, request: web.Request) -> web.Response:
        if self.loading:
            return web.json_response({"status": "loading model"}, status=503)
        return web.json_response({"status": "ok"})

    async def _inference(self, request: web.Request) -> web.Response:
        upload = await read_upload(request)
        if upload is None:
            return web.json_response({"error": "no 'file' field in the request"}, status=400)
        record = self._record(upload)
        async with answering(record, Behaviour(work=self._work)):
            if refused := refusal(record, self.how, _fault):
                return refused
            record.first_byte = time.perf_counter()
            # Each segment ends its line.
            text = "".join(f"{line}\n" for line in self.transcribe(record).splitlines())
            if record.body.get("response_format") != "verbose_json":
                return web.json_response({"text": text})
            language = _LANGUAGES[record.body.get("language", "en")]
            segments = [transcripts.segment(line) for line in text.splitlines()]
            return web.json_response(transcripts.verbose(text, segments, language=language))

    async def _work(self, record: Utterance) -> None:
        async with self._model:
            await asyncio.sleep(self.how.first_byte_s)

    def _record(self, upload: Upload) -> Utterance:
        record = Utterance(upload.form, upload.audio, upload.rate_hz, time.perf_counter())
        self.requests.append(record)
        return record


def _fault(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)


async def _nothing(request: web.Request) -> web.Response:
    return web.Response()


@web.middleware
async def _oddly(request: web.Request, handler: Any) -> web.StreamResponse:
    """Its error handler: 400 and 500 are left, and everything else becomes 404."""
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPException as error:
        response = web.Response(status=error.status)
    if response.status == 400:
        response = web.Response(text="Invalid request", status=400)
    elif response.status >= 400 and response.status != 500:
        response = web.Response(text=f"File Not Found ({request.path})", status=404)
    response.headers["Server"] = "whisper.cpp"
    return response
