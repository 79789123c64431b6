"""LibreTranslate's server without a model: its two routes, its errors.

Source: https://docs.libretranslate.com/api/operations/translate/; LibreTranslate, app.py.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from rejoinder.stand_ins.answering import Behaviour, Outcome, answering, refusal
from rejoinder.stand_ins.kept import Kept
from rejoinder.stand_ins.serving import Tell, listening, nobody


@dataclass
class Translation:
    """One request as the server saw it. Times are `time.perf_counter()` seconds."""

    body: dict[str, Any]
    began: float
    headers: dict[str, str]
    first_byte: float | None = None
    ended: float | None = None
    chunks: int = 0
    outcome: Outcome = "open"


def marked(text: str, source: str, target: str) -> str:
    """What a model would say: the text itself, with its language before it."""
    return f"[{target}] {text}"


@dataclass
class LibreTranslateStandIn:
    """Set the fields before or between calls."""

    translate: Callable[[str, str, str], str] = marked
    """Text, source and target."""
    languages: tuple[str, ...] = ("en", "pt", "zh", "de", "es")
    """Each is translated into each."""
    api_key: str | None = None
    """When set, other keys get 403, as LibreTranslate has it."""
    how: Behaviour = field(default_factory=Behaviour)
    requests: list[Translation] = field(default_factory=Kept)
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""

    def abort(self) -> None:
        """Break all connections, as when its process is killed."""
        self._listening.abort()

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator["LibreTranslateStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        app = web.Application()
        app.router.add_get("/languages", self._languages)
        app.router.add_post("/translate", self._translate)
        async with listening(app, port=port, tell=self.tell) as at:
            self._listening = at
            self.url = f"http://{at.address}"
            yield self

    async def _languages(self, request: web.Request) -> web.Response:
        names = self.languages
        return web.json_response(
            [{"code": n, "name": n, "targets": [t for t in names if t != n]} for n in names]
        )

    async def _translate(self, request: web.Request) -> web.Response:
        record = Translation(await request.json(), time.perf_counter(), dict(request.headers))
        self.requests.append(record)
        async with answering(record, self.how):
            body = record.body
            denied = self.api_key is not None and body.get("api_key") != self.api_key
            if refused := refusal(record, self.how, _fault, status=403 if denied else 0):
                return refused
            for code in (body["source"], body["target"]):
                if code.partition("-")[0] not in self.languages:
                    record.outcome = "refused"
                    return _fault(400, f"{code} is not supported")
            record.first_byte = time.perf_counter()
            text = self.translate(body["q"], body["source"], body["target"])
            return web.json_response({"translatedText": text})


def _fault(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
