"""Deepgram's `/v1/listen`: the websocket that streams, and the POST for whole recordings.

    async with DeepgramStandIn().serve() as server:
        ...  # a client of server.url, http://…/v1/listen

The wire (developers.deepgram.com: listen-streaming, finalize, close-stream, audio-keep-alive):

1. The query says how: `encoding=linear16`, `sample_rate`, `channels`, `interim_results`,
   `endpointing` (milliseconds of silence after which words become final, or `false`),
   `vad_events`, `model`, `language`. The header `Authorization: Token KEY` is refused with 401, a
   JSON body and the header `dg-error`.
2. The client sends binary messages, bare samples, and the texts `{"type": "KeepAlive"}`,
   `{"type": "Finalize"}` (all words that are there become final, `from_finalize`) and
   `{"type": "CloseStream"}` (the same, then a summary, then the end of the connection).
3. The server sends `{"type": "Results", "is_final": …, "speech_final": …, "from_finalize": …,
   "start": s, "duration": s, "channel": {"alternatives": [{"transcript", "confidence",
   "words": [{"word", "start", "end", "confidence", "punctuated_word"}]}]}, "metadata": …}`, where
   interim ones repeat the segment so far and times count from the connection's first sample;
   `{"type": "SpeechStarted", "channel": [0, 1], "timestamp": s}` and, last,
   `{"type": "Metadata", "request_id", "duration", …}`.
4. Without audio and KeepAlive for ten seconds it closes with 1011 and NET-0001.

What is said is read from the audio itself: by default each word is a tone
(`rejoinder.stand_ins.tones`). A word is told `delay_s` after its last sample has arrived.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import WSCloseCode, WSMsgType, web
from numpy.typing import NDArray

from rejoinder.stand_ins.answering import Behaviour, Outcome, answering, babble, beside, refusal
from rejoinder.stand_ins.deepgram_session import (
    Session,
    Word,
    alternative,
    results,
    speech_started,
    summary,
)
from rejoinder.stand_ins.kept import Kept
from rejoinder.stand_ins.serving import Listening, Tell, listening, nobody
from rejoinder.stand_ins.tones import OVER_S, timed_words

Pcm = NDArray[np.float32]
_FORGOTTEN_S = 5.0
"""Silence before an utterance that is kept, where what is over is forgotten."""
_SILENCE_S = 0.8
"""Silence after which an utterance is over; pauses within one are shorter."""


@dataclass
class Recording:
    """A whole recording that was posted; see `rejoinder.stand_ins.answering.Record`."""

    body: dict[str, Any]
    audio: Pcm
    rate_hz: int
    first_byte: float | None = None
    ended: float | None = None
    chunks: int = 0
    outcome: Outcome = "open"


@dataclass
class DeepgramStandIn:
    """Set the fields before or between utterances."""

    hear: Callable[[Pcm, int], list[Word]] = timed_words(tuple("abcdefghijklmnopqrstuvwxyz"))
    """All words of the audio since the connection began, so far."""
    delay_s: float = 0.15
    api_key: str | None = None
    """When set, other keys get 401."""
    status: int = 101
    """Other than 101: connections are refused with this HTTP status."""
    malformed: bool = False
    """Whether messages are something else than results."""
    silent: bool = False
    """Whether it says nothing at all."""
    babbles: str | bytes = ""
    """What it says again and again, and nothing else, not even goodbye."""
    idle_s: float = 10.0
    """Without a word from the client for so long the connection is closed with NET-0001."""
    whole: Behaviour = field(default_factory=Behaviour)
    """How recordings that are posted are answered."""
    forgets: bool = False
    """Whether what was said in an utterance is over with it: for calls that last."""
    sessions: list[Session] = field(default_factory=Kept)
    recordings: list[Recording] = field(default_factory=Kept)
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""
    """http://HOST:PORT/v1/listen, as the clients of Deepgram want it."""
    _listening: Listening | None = None

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator["DeepgramStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/v1/listen", self._connection)
        app.router.add_post("/v1/listen", self._recording)
        async with listening(app, port=port, tell=self.tell) as at:
            self.url, self._listening = f"http://{at.address}/v1/listen", at
            yield self

    def abort(self) -> None:
        """Break all connections, as when its process is killed."""
        if self._listening is not None:
            self._listening.abort()

    def _stranger(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("Authorization")
        if self.api_key is not None and given != f"Token {self.api_key}":
            return _refused(401, "INVALID_AUTH", "Invalid credentials.")
        return None

    async def _recording(self, request: web.Request) -> web.StreamResponse:
        if stranger := self._stranger(request):
            return stranger
        wav = await request.read()
        rate_hz = int.from_bytes(wav[24:28], "little")
        pcm = (np.frombuffer(wav[44:], "<i2") / np.float32(32768)).astype(np.float32)
        record = Recording(dict(request.query), pcm, rate_hz)
        self.recordings.append(record)
        async with answering(record, self.whole):
            if refused := refusal(
                record, self.whole, lambda status, why: _refused(status, "FAULT", why)
            ):
                return refused
            silence = np.zeros(round(2 * OVER_S * rate_hz), np.float32)
            words = self.hear(np.concatenate([pcm, silence]), rate_hz)
            metadata = {
                "request_id": str(uuid.uuid4()), "duration": len(pcm) / rate_hz, "channels": 1,
                "models": [], "model_info": {},
            }  # fmt: skip
            heard = {"channels": [{"alternatives": [alternative(words)]}]}
            return web.json_response({"metadata": metadata, "results": heard})

    async def _connection(self, request: web.Request) -> web.StreamResponse:
        if stranger := self._stranger(request):
            return stranger
        if self.status != 101:
            return _refused(self.status, "FAULT", f"stand-in fault {self.status}")
        session = Session(dict(request.query))
        socket = web.WebSocketResponse(autoclose=not self.babbles)
        socket.headers["dg-request-id"] = session.request_id
        await socket.prepare(request)
        self.sessions.append(session)
        try:
            async with beside(self._send(socket, session), self._watch(socket, session)):
                if await self._receive(socket, session):
                    await session.outbox.join()
                if self.babbles:
                    await babble(socket, self.babbles)
            # Returns when the client has said so too, after all else.
            await socket.close()
        finally:
            session.outcome = "closed"
        return socket

    async def _send(self, socket: web.WebSocketResponse, session: Session) -> None:
        with suppress(ConnectionError):
            if self.babbles:
                await babble(socket, self.babbles)
            while True:
                message = await session.outbox.get()
                if not self.silent:
                    await socket.send_str("what?" if self.malformed else message)
                session.outbox.task_done()

    async def _watch(self, socket: web.WebSocketResponse, session: Session) -> None:
        while True:
            try:
                # Not `wait_for`: Python 3.11's loses a cancellation at the moment of the event.
                async with asyncio.timeout(self.idle_s):
                    await session.heard.wait()
                session.heard.clear()
            except TimeoutError:
                why = b"NET-0001: did not receive audio data or a text message in time"
                await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=why)
                return

    async def _receive(self, socket: web.WebSocketResponse, session: Session) -> bool:
        """Take in messages; whether the client has asked for the end."""
        async for message in socket:
            session.heard.set()
            if message.type is WSMsgType.BINARY:
                self._take(session, message.data)
                continue
            if message.type is not WSMsgType.TEXT:
                return False
            match json.loads(message.data).get("type"):
                case "KeepAlive":
                    session.keep_alives += 1
                case "Finalize":
                    session.finalized += 1
                    self._finish(session, self.delay_s, from_finalize=True)
                case "CloseStream":
                    self._hear(session, over=True)
                    self._finish(session, self.delay_s)
                    await asyncio.sleep(self.delay_s + 0.005)
                    session.outbox.put_nowait(summary(session))
                    return True
        return False

    def _take(self, session: Session, data: bytes) -> None:
        session.pieces.append(data)
        session.audio_s += len(data) / 2 / session.rate_hz
        piece_s, before = len(data) / 2 / session.rate_hz, len(session.words)
        self._hear(session)
        for number in range(before, len(session.words)):
            # Inside this message it has come in real time.
            since_s = min(piece_s, max(0.0, session.audio_s - session.words[number][2]))
            self._tell(session, number, max(0.0, self.delay_s - since_s))
        if session.finishing:
            return
        if session.done >= len(session.words):
            if self.forgets and session.is_over(_SILENCE_S, unbegun_s=_FORGOTTEN_S):
                session.forget()
            return
        silence_s, endpoint_s = session.audio_s - session.words[-1][2], session.endpoint_s
        if endpoint_s is not None and silence_s >= max(endpoint_s, OVER_S):
            self._finish(session, self.delay_s, speech_final=True)

    def _hear(self, session: Session, *, over: bool = False) -> None:
        pcm = (np.frombuffer(b"".join(session.pieces), "<i2") / np.float32(32768)).astype(
            np.float32
        )
        if over:
            pcm = np.concatenate([pcm, np.zeros(round(2 * OVER_S * session.rate_hz), np.float32)])
        heard = self.hear(pcm, session.rate_hz)
        before_s = session.begins_s
        session.words = session.kept + [(w, s + before_s, e + before_s) for w, s, e in heard]

    def _tell(self, session: Session, number: int, after_s: float) -> None:
        def tell() -> None:
            if number < session.told or number < session.done:
                return
            session.told = number + 1
            if number == session.done and session.query.get("vad_events") == "true":
                session.outbox.put_nowait(speech_started(session.words[number][1]))
            if session.query.get("interim_results") == "true":
                words = session.words[session.done : session.told]
                session.outbox.put_nowait(results(session, words))

        asyncio.get_running_loop().call_later(after_s, tell)

    def _finish(
        self,
        session: Session,
        after_s: float,
        *,
        speech_final: bool = False,
        from_finalize: bool = False,
    ) -> None:
        """Tell the words that are there now as final ones, after those that are on their way."""
        session.finishing = True
        self._hear(session, over=True)
        count = len(session.words)

        def finish() -> None:
            session.finishing = False
            words = session.words[session.done : count]
            session.told, session.done = max(session.told, count), max(session.done, count)
            last = results(
                session, words, final=True, speech_final=speech_final, from_finalize=from_finalize
            )
            session.outbox.put_nowait(last)

        asyncio.get_running_loop().call_later(after_s + 0.001, finish)


def _refused(status: int, code: str, why: str) -> web.Response:
    request_id = str(uuid.uuid4())
    body = {"err_code": code, "err_msg": why, "request_id": request_id}
    return web.json_response(body, status=status, headers={"dg-error": why})
