"""An OpenAI-shaped server with set delays and set faults: STT, chat and TTS on one port.

It stands where model weights would be. The wire is real: multipart uploads, server-sent
events, chunked PCM, and it sees when a client goes away before the answer is complete.
"""

import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any, Literal

import numpy as np
from aiohttp import web

from rejoinder.stand_ins import transcripts
from rejoinder.stand_ins.answering import Behaviour, Outcome, answering, refusal, send
from rejoinder.stand_ins.kept import Kept
from rejoinder.stand_ins.serving import Tell, listening, nobody
from rejoinder.stand_ins.tone_voice import ToneVoice
from rejoinder.stand_ins.uploads import read_upload

TTS_RATE_HZ = 24000


@dataclass
class Request:
    """One request as the server saw it. Times are `time.perf_counter()` seconds."""

    route: Literal["stt", "translate", "llm", "tts"]
    body: dict[str, Any]
    audio: np.ndarray | None
    """Uploaded audio: float32 mono in [-1, 1] at `audio_rate_hz`; None for text routes."""
    audio_rate_hz: int
    began: float
    first_byte: float | None = None
    ended: float | None = None
    chunks: int = 0
    outcome: Outcome = "open"
    headers: dict[str, str] = field(default_factory=dict)


_MAY_FOLLOW = {
    "system": ("user",),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("assistant", "tool"),
}


def strict_template(body: dict[str, Any]) -> str | None:
    """What the chat templates of Mistral and Gemma refuse, in their words."""
    roles = [m["role"] for m in body["messages"]]
    if "system" in roles[1:]:
        return "System message must be at the beginning"
    roles = [role for role in roles if role != "system"]
    for before, role in pairwise(["system", *roles]):
        if role not in _MAY_FOLLOW[before]:
            return f"Unexpected role '{role}' after role '{before}'"
    return None if roles[-1] in ("user", "tool") else "Expected last role User or Tool"


@dataclass
class OpenAIStandIn(ToneVoice):
    """Answers, delays and a record of all requests. Set the fields before or between calls."""

    transcribe: Callable[[Request], str] = lambda request: "hello there"
    stream_form: transcripts.StreamForm = "openai"
    """Transcriptions: whose streams it sends."""
    segments: list[dict[str, Any]] | None = None
    """Transcriptions in `verbose_json`: these in place of one with all words."""
    language: str = "english"
    """Transcriptions in `verbose_json`: the language that was detected."""
    reply: Callable[[list[dict[str, Any]]], str | dict[str, Any] | list[dict[str, Any]]] = (
        lambda messages: "Hello."
    )
    """Text to answer, or {"tool": name, "arguments": {...}} for a tool call, or several."""
    refuse: Callable[[dict[str, Any]], str | dict[str, Any] | None] = lambda body: None
    """Why a chat request is refused, as a text or a whole body; None: it is not."""
    refuse_status: int = 400
    """Chat: the status of such a refusal."""
    events: list[dict[str, Any] | None] | None = None
    """Chat: these events in place of all others; None is `[DONE]`."""
    deltas: list[dict[str, Any]] | None = None
    """Chat: these deltas in place of `reply`'s."""
    finish: str = "stop"
    """Chat: why the model ended, unless it calls tools."""
    stt: Behaviour = field(default_factory=Behaviour)
    llm: Behaviour = field(default_factory=Behaviour)
    tts: Behaviour = field(default_factory=Behaviour)
    api_key: str | None = None
    """When set, other keys get 401."""
    models: list[str] | None = field(default_factory=lambda: ["stand-in"])
    """Names that /v1/models lists; None: there is no such route."""
    listed: dict[str, Any] = field(default_factory=dict)
    """What the list says of each: `{"owned_by": "library"}` is Ollama's."""
    requests: list[Request] = field(default_factory=Kept)
    usual_voice: str = "alloy"
    """Speech: every other voice has words of its own, `nova:hello`."""
    pieces: Callable[[str], list[str]] = lambda text: re.findall(r"\S+\s*", text)
    """How a chat answer is cut into tokens."""
    extra_routes: list[tuple[str, str, Any]] = field(default_factory=list)
    """Further routes: method, path, aiohttp handler."""
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""
    """Base URL, with /v1."""

    @property
    def connections(self) -> int:
        """Connections that clients keep to it now."""
        return self._listening.connections

    def abort(self) -> None:
        """Break all connections, as when its process is killed."""
        self._listening.abort()

    def of(self, route: str) -> list[Request]:
        """The requests to one route, oldest first."""
        return [r for r in self.requests if r.route == route]

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator["OpenAIStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/health", self._health)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/audio/transcriptions", self._transcriptions)
        app.router.add_post("/v1/audio/translations", self._transcriptions)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/audio/speech", self._speech)
        for method, path, handler in self.extra_routes:
            app.router.add_route(method, path, handler)
        async with listening(app, port=port, tell=self.tell) as at:
            # No fields: who sets all fields anew means the behaviour.
            self._listening, self._calls = at, count(1)
            self.url = f"http://{at.address}/v1"
            yield self

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _models(self, request: web.Request) -> web.Response:
        if self.models is None:
            raise web.HTTPNotFound
        listed = [{"id": name, "object": "model"} | self.listed for name in self.models]
        return web.json_response({"object": "list", "data": listed})

    async def _transcriptions(self, request: web.Request) -> web.StreamResponse:
        upload = await read_upload(request)
        if upload is None:
            return _fault(400, "file is missing")
        route: Literal["stt", "translate"] = (
            "translate" if request.path.endswith("translations") else "stt"
        )
        record = self._record(
            route,
            upload.form,
            upload.audio,
            upload.rate_hz,
        )
        async with answering(record, self.stt):
            if refused := self._refusal(request, record, self.stt):
                return refused
            record.first_byte = time.perf_counter()
            text = self.transcribe(record)
            if upload.form.get("stream") == "true":
                events = transcripts.events(text, self.stream_form)
                return await send(request, record, self.stt, "text/event-stream", events)
            if upload.form.get("response_format") == "verbose_json":
                segments = self.segments or [transcripts.segment(text)]
                return web.json_response(
                    transcripts.verbose(text, segments, language=self.language)
                )
            return web.json_response({"text": text})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request, "messages")
        record = self._record("llm", body, None, 0)
        record.headers = dict(request.headers)
        async with answering(record, self.llm):
            if refused := self._refusal(request, record, self.llm):
                return refused
            reason = self.refuse(body)
            if reason is not None:
                record.outcome = "refused"
                fault = {"error": {"message": reason}} if isinstance(reason, str) else reason
                return web.json_response(fault, status=self.refuse_status)
            if self.events is not None:
                events = [_event(event) for event in self.events]
            else:
                events = self._chat_events(self.reply(body["messages"]))
            if self.llm.whole:
                return web.json_response(_whole(events))
            if self.llm.error_after is not None:
                fault = {"error": {"message": "stand-in fault", "type": "fault", "code": None}}
                events[self.llm.error_after :] = [f"data: {json.dumps(fault)}\n\n".encode()]
            return await send(request, record, self.llm, "text/event-stream", events)

    def _chat_events(self, answer: str | dict[str, Any] | list[dict[str, Any]]) -> list[bytes]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        finish = self.finish
        if self.deltas is not None:
            deltas = list(self.deltas)
        elif isinstance(answer, str):
            deltas += [{"content": piece} for piece in self.pieces(answer)]
        else:
            finish = "tool_calls"
            for i, tool in enumerate(answer if isinstance(answer, list) else [answer]):
                head = {"name": tool["tool"], "arguments": ""}
                # A history that has an identifier twice loses one of its calls.
                name = f"call_{next(self._calls)}"
                call = {"index": i, "id": name, "type": "function", "function": head}
                tail = {"index": i, "function": {"arguments": json.dumps(tool["arguments"])}}
                deltas += [{"tool_calls": [call]}, {"tool_calls": [tail]}]
        base = {
            "id": "chat-1",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "stand-in",
        }
        events: list[dict[str, Any]] = [
            base | {"choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas
        ]
        events.append(base | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        usage = {"prompt_tokens": 5, "completion_tokens": len(deltas), "total_tokens": 5}
        events.append(base | {"choices": [], "usage": usage})
        return [_event(event) for event in [*events, None]]

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request, "input", "voice")
        record = self._record("tts", body, None, 0)
        async with answering(record, self.tts):
            if refused := self._refusal(request, record, self.tts):
                return refused
            voice = "" if body["voice"] == self.usual_voice else body["voice"]
            # A tone tells its word at the usual speed alone.
            speed = float(body.get("speed", 1.0)) if self.speech is not None else 1.0
            pcm = await self.spoken(body["input"], voice=voice, rate_hz=TTS_RATE_HZ, speed=speed)
            step = TTS_RATE_HZ // 20 * 2
            pieces = [pcm[i : i + step] for i in range(0, len(pcm), step)]
            return await send(request, record, self.tts, "audio/pcm", pieces)

    def _record(
        self, route: Any, body: dict[str, Any], audio: np.ndarray | None, rate_hz: int
    ) -> Request:
        record = Request(route, body, audio, rate_hz, time.perf_counter())
        self.requests.append(record)
        return record

    def _refusal(
        self, request: web.Request, record: Request, how: Behaviour
    ) -> web.Response | None:
        stranger = self.api_key and request.headers.get("Authorization") != f"Bearer {self.api_key}"
        return refusal(record, how, _fault, status=401 if stranger else 0)


async def _body(request: web.Request, *needed: str) -> dict[str, Any]:
    """The fields of a request.

    Raises:
        HTTPBadRequest: it is no JSON object, or lacks one that is needed.
    """
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _bad_request("the body is no JSON object")
    for name in needed:
        if name not in body:
            raise _bad_request(f"you must provide {name}")
    return body


def _bad_request(why: str) -> web.HTTPBadRequest:
    said = _fault(400, why).text
    return web.HTTPBadRequest(text=said, content_type="application/json")


def _fault(status: int, text: str) -> web.Response:
    message = {"message": text, "type": "fault", "code": None}
    return web.json_response({"error": message}, status=status)


def _event(event: dict[str, Any] | None) -> bytes:
    return b"data: " + (b"[DONE]" if event is None else json.dumps(event).encode()) + b"\n\n"


def _whole(events: list[bytes]) -> dict[str, Any]:
    """The events of an answer as the one object that a server without streaming sends."""
    parts = [json.loads(event[len("data: ") :]) for event in events[:-1]]
    choices = [choice for part in parts for choice in part["choices"]]
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    for choice in choices:
        message["content"] += choice["delta"].get("content") or ""
        for call in choice["delta"].get("tool_calls", ()):
            calls = message.setdefault("tool_calls", [])
            if "id" in call:
                calls.append(call)
            else:
                calls[-1]["function"]["arguments"] += call["function"]["arguments"]
    choice = {"index": 0, "message": message, "finish_reason": choices[-1]["finish_reason"]}
    first: dict[str, Any] = parts[0]
    return first | {
        "object": "chat.completion",
        "choices": [choice],
        "usage": parts[-1]["usage"],
    }
