"""Many clients, one model: order, limits and leaving, over real sockets with scripted models."""

import asyncio
import base64
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from starlette.types import ASGIApp

from agent.remote.http_client import caller_header
from model_servers.serving.clients import HEADER
from model_servers.serving.run import listen
from model_servers.tts.app import SpeechServer
from model_servers.tts.espeak import library
from model_servers.tts.pcm import Samples
from model_servers.tts.pieces import USUAL, Lengths
from model_servers.tts.settings import SpeechSettings
from model_servers.tts.voices import Voices
from model_servers.whisper.app import WhisperServer
from model_servers.whisper.settings import WhisperSettings
from model_servers.whisper.transcript import Heard, Piece
from model_servers.whisper.wish import Wish
from testbed.waiting import until

PATIENCE_S = 30.0


@dataclass
class ScriptedModel:
    """Says the upload's own text word by word; waits before the last word to be released."""

    name: str = "scripted"
    device: str = "cpu"
    compute_type: str = "none"
    languages: frozenset[str] = frozenset({"en"})
    begun: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def check(self, wish: Wish) -> None:
        """Everything is possible."""

    def transcribe(
        self, upload: bytes, wish: Wish, stop: threading.Event
    ) -> Iterator[Piece | Heard]:
        text = upload.decode()
        self.begun.append(text)
        *first, last = text.split()
        for word in first:
            yield Piece(f" {word}", 0, 1)
        while not self.gate.wait(0.005):
            if stop.is_set():
                self.stopped.append(text)
                return
        yield Piece(f" {last}", 0, 1)
        yield Heard(1.0, "en", 1.0, 0.1)


@dataclass
class ScriptedVoice:
    """Hums each sentence; waits before every one but the first; fails at FAIL."""

    name: str = "en_US-hum-low"
    language: str = "en-US"
    rate_hz: int = 24000
    engine: str = "piper"
    lengths: Lengths = USUAL
    spoken: list[str] = field(default_factory=list)
    waits: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    gate: threading.Event = field(default_factory=threading.Event)

    def speak(self, text: str, *, speed: float, stop: threading.Event) -> Iterator[Samples]:
        while self.spoken and not self.gate.wait(0.005):
            self.waits.set()
            if stop.is_set():
                self.stopped.set()
                return
        self.spoken.append(text)
        if "FAIL" in text:
            raise RuntimeError(text)
        yield np.full(2400, 7, np.int16)


class Server(uvicorn.Server):
    """uvicorn that leaves pytest's signal handlers alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
            yield client
    finally:
        server.should_exit = True
        await task


@dataclass
class Whisper:
    server: WhisperServer
    model: ScriptedModel
    http: httpx.AsyncClient

    async def ask(self, text: str, **fields: str) -> httpx.Response:
        files = {"file": ("a.wav", text.encode())}
        return await self.http.post("/v1/audio/transcriptions", files=files, data=fields)


@contextlib.asynccontextmanager
async def whisper(**settings: Any) -> AsyncIterator[Whisper]:
    model = ScriptedModel()
    server = WhisperServer(WhisperSettings(page=False, **settings), lambda s, say: model, print)
    async with serving(server.app) as http:
        await server.load()
        yield Whisper(server, model, http)
        assert await server.aclose(PATIENCE_S)


@dataclass
class Speech:
    server: SpeechServer
    voice: ScriptedVoice
    http: httpx.AsyncClient

    def ask(self, text: str, **fields: object) -> Any:
        body = {"input": text, "response_format": "pcm", **fields}
        return self.http.stream("POST", "/v1/audio/speech", json=body)


@contextlib.asynccontextmanager
async def speech(**settings: Any) -> AsyncIterator[Speech]:
    voice = ScriptedVoice()
    espeak = await asyncio.to_thread(library)
    voices = Voices({voice.name: voice}, espeak, voice.name)
    server = SpeechServer(SpeechSettings(**settings), lambda s, say: voices, print)
    async with serving(server.app) as http:
        await server.load()
        yield Speech(server, voice, http)
        assert await server.aclose(PATIENCE_S)


@pytest.mark.parametrize("by_header", [False, True])
async def test_finals_overtake_interims_that_wait(by_header: bool) -> None:
    async with whisper() as w, asyncio.TaskGroup() as group:
        group.create_task(w.ask("running one"))
        await until(lambda: w.model.begun)
        if by_header:
            w.http.headers["X-Priority"] = "interim"
            group.create_task(w.ask("an interim"))
            await until(lambda: w.server.queue.waiting == 1)
            del w.http.headers["X-Priority"]
        else:
            group.create_task(w.ask("an interim", priority="interim"))
            await until(lambda: w.server.queue.waiting == 1)
        final = group.create_task(w.ask("a final"))
        await until(lambda: w.server.queue.waiting == 2)
        w.model.gate.set()
        assert (await final).json()["text"] == "a final"
        await until(lambda: len(w.model.begun) == 3)
        assert w.model.begun == ["running one", "a final", "an interim"]


async def test_calls_take_turns_by_the_name_that_their_engine_gives_itself() -> None:
    async with whisper() as w, asyncio.TaskGroup() as group:
        for number, (call, text) in enumerate(
            [("a", "running one"), ("a", "a first"), ("a", "a second"), ("b", "b first")]
        ):
            w.http.headers["X-Client"] = call
            group.create_task(w.ask(text))
            await until(lambda n=number: len(w.model.begun) + w.server.queue.waiting == n + 1)
        w.model.gate.set()
        await until(lambda: len(w.model.begun) == 4)
        assert w.model.begun == ["running one", "b first", "a first", "a second"]


def test_an_engine_names_its_calls_by_a_random_word() -> None:
    names = {caller_header()[HEADER] for _ in range(9)}
    assert len(names) == 9


async def test_a_final_takes_an_interims_waiting_place_which_gets_429() -> None:
    async with whisper(queue_size=1) as w, asyncio.TaskGroup() as group:
        group.create_task(w.ask("running one"))
        await until(lambda: w.model.begun)
        interim = group.create_task(w.ask("an interim", priority="interim"))
        await until(lambda: w.server.queue.waiting == 1)
        final = group.create_task(w.ask("a final"))
        assert (await interim).status_code == 429
        w.model.gate.set()
        assert (await final).status_code == 200


@pytest.mark.parametrize("stream", ["false", "true"])
async def test_the_model_is_told_to_stop_when_the_client_leaves(stream: str) -> None:
    async with whisper() as w:
        leaving = asyncio.create_task(w.ask("never finished", stream=stream))
        await until(lambda: w.model.begun)
        leaving.cancel()
        await until(lambda: w.model.stopped == ["never finished"])
        w.model.gate.set()
        assert (await w.ask("next please")).json()["text"] == "next please"


async def test_leaving_in_the_middle_of_an_upload_is_no_mistake_of_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with whisper() as w:
        _, writer = await asyncio.open_connection(w.http.base_url.host, w.http.base_url.port)
        head = (
            "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n"
        )
        kind = "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
        writer.write((head + kind).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        line = 'answers_total{route="/v1/audio/transcriptions",status="499"} 1'
        async with asyncio.timeout(PATIENCE_S):
            while line not in (await w.http.get("/metrics")).text:
                await asyncio.sleep(0.01)
        assert [r for r in caplog.records if r.name.startswith("model_servers")] == []


async def test_deltas_are_sent_while_the_model_works() -> None:
    async with whisper() as w:
        request = w.http.build_request(
            "POST",
            "/v1/audio/transcriptions",
            files={"file": ("a.wav", b"one two three")},
            data={"stream": "true"},
        )
        answer = await w.http.send(request, stream=True)
        lines = (line async for line in answer.aiter_lines() if line)
        deltas = [json.loads((await anext(lines)).removeprefix("data: ")) for _ in range(2)]
        assert [d["delta"] for d in deltas] == ["one", " two"]
        w.model.gate.set()
        rest = [json.loads(line.removeprefix("data: ")) async for line in lines]
        assert [r.get("delta", r.get("text")) for r in rest] == [" three", "one two three"]


async def test_too_slow_a_model_is_504_and_in_a_stream_an_event() -> None:
    async with whisper(timeout_s=1.0) as w:
        answer = await w.ask("too slow")
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")
        events = (await w.ask("too slow", stream="true")).text
        assert '"delta": "too"' in events
        assert events.rstrip().endswith('"code": "timeout"}}')
        await until(lambda: len(w.model.stopped) == 2)


async def test_requests_before_the_model_is_loaded_get_503() -> None:
    server = WhisperServer(WhisperSettings(page=True), lambda s, say: ScriptedModel(), print)
    async with serving(server.app) as http:
        files = {"file": ("a.wav", b"a")}
        answer = await http.post("/v1/audio/transcriptions", files=files)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
        assert (await http.get("/")).status_code == 503
        assert (await http.get("/health")).status_code == 200
        assert await server.aclose(PATIENCE_S)


async def test_the_first_sentence_is_sent_before_the_second_is_made() -> None:
    async with speech() as s, s.ask("One. Two.") as answer:
        chunks = answer.aiter_raw()
        assert len(await anext(chunks)) == 4800
        assert s.voice.spoken == ["One."]
        s.voice.gate.set()
        assert sum([len(c) async for c in chunks]) == 4800


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
async def test_the_voice_is_told_to_stop_when_the_client_leaves(stream_format: str) -> None:
    async with speech(concurrency=1) as s:
        async with s.ask("One. Two.", stream_format=stream_format) as answer:
            await anext(answer.aiter_raw())
            await until(s.voice.waits.is_set)
        await until(s.voice.stopped.is_set)
        s.voice.gate.set()
        async with s.ask("Three.") as answer:
            assert len(await answer.aread()) == 4800
        assert s.voice.spoken == ["One.", "Three."]


async def test_a_failure_before_the_first_audio_is_500_and_does_not_repeat_the_text() -> None:
    async with speech() as s, s.ask("FAIL secretly.") as answer:
        text = (await answer.aread()).decode()
        assert answer.status_code == 500
        assert "RuntimeError" in text
        assert "secretly" not in text


async def test_a_failure_after_the_first_audio_cuts_the_body() -> None:
    async with speech() as s:
        s.voice.gate.set()
        async with s.ask("One. FAIL.") as answer:
            assert answer.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
                await answer.aread()


async def test_a_failure_after_the_first_event_is_an_event() -> None:
    async with speech() as s:
        s.voice.gate.set()
        async with s.ask("One. FAIL.", stream_format="sse") as answer:
            lines = (await answer.aread()).decode().split("\n\n")
        first, last = (json.loads(x.removeprefix("data: ")) for x in (lines[0], lines[-2]))
        assert len(base64.b64decode(first["audio"])) == 4800
        assert last["error"]["type"] == "server_error"


async def test_too_slow_a_voice_is_504_for_a_whole_file() -> None:
    async with speech(timeout_s=0.2) as s, s.ask("One. Two.", response_format="wav") as answer:
        body = json.loads(await answer.aread())
        assert (answer.status_code, body["error"]["code"]) == (504, "timeout")


async def test_requests_beyond_the_queue_get_429_in_every_format() -> None:
    async with speech(concurrency=1, queue_size=0) as s, s.ask("One. Two.") as answer:
        chunks = answer.aiter_raw()
        await anext(chunks)
        for fields in (
            {},
            {"response_format": "wav"},
            {"stream_format": "sse"},
            {"stream_format": "sse", "response_format": "wav"},
        ):
            async with s.ask("Three.", **fields) as refused:
                await refused.aread()
                assert refused.status_code == 429
                assert int(refused.headers["retry-after"]) >= 1
        s.voice.gate.set()
        assert [len(chunk) async for chunk in chunks] == [4800]
