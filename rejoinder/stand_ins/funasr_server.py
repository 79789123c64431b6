"""A recogniser that streams, behind the websocket wires of FunASR's servers.

    async with FunASRStandIn().serve() as server:
        ...  # a client of ws://… at server.url

The wire of the runtime (modelscope/FunASR, runtime/docs/websocket_protocol.md), mode `2pass`:

1. The client's first message, text: `{"mode": "2pass", "wav_name": "id", "wav_format": "pcm",
   "audio_fs": 16000, "is_speaking": true, "chunk_size": [5, 10, 5], "chunk_interval": 10}`.
2. Binary messages: s16le mono without a header, 60 ms each, in real time.
3. `{"is_speaking": false}` ends an utterance: its words come as final ones. The connection stays;
   audio counts again after `{"is_speaking": true}`. With `"is_end": true` the Python server says
   `{"is_final": true, "is_end": true}` after its last words.
4. The server's messages, text: `{"mode": "2pass-online", "text": " words", "wav_name": "id",
   "is_final": false}` is an increment; `{"mode": "2pass-offline", "text": "All the words.", …}`
   replaces what came since the last one. It is sent at the end of an utterance and where the
   server's own detector finds one (0.8 s of silence).

In what the servers differ, and Fun-ASR-Nano's own wire: `rejoinder.stand_ins.funasr_servers`.

What is said is read from the audio itself: by default each word is a tone
(`rejoinder.stand_ins.tones`). A word is told `delay_s` after its last sample has arrived.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from aiohttp import WSCloseCode, WSMsgType, web
from numpy.typing import NDArray

from rejoinder.stand_ins import tones
from rejoinder.stand_ins.answering import babble, beside
from rejoinder.stand_ins.funasr_servers import CppServer, Message, NanoServer, PythonServer, Server
from rejoinder.stand_ins.funasr_session import Session, Word
from rejoinder.stand_ins.kept import Kept
from rejoinder.stand_ins.serving import Listening, Tell, listening, nobody

Pcm = NDArray[np.float32]
_OVER_S = 0.04
_FORGOTTEN_S = 5.0
"""Silence before an utterance that is kept, where what is over is forgotten."""
_SERVERS: dict[str, Server] = {"python": PythonServer(), "cpp": CppServer(), "nano": NanoServer()}


def tone_words(vocabulary: tuple[str, ...]) -> Callable[[Pcm, int], list[Word]]:
    """Reads `rejoinder.stand_ins.tones.speak`; a word is there once its tone is over."""

    def hear(pcm: Pcm, rate_hz: int) -> list[Word]:
        return [
            (vocabulary[index], start + length)
            for index, start, length in tones.heard(pcm, rate_hz=rate_hz)
            if start + length <= len(pcm) / rate_hz - _OVER_S
        ]

    return hear


@dataclass
class FunASRStandIn:
    """Set the fields before or between utterances."""

    hear: Callable[[Pcm, int], list[Word]] = tone_words(tuple("abcdefghijklmnopqrstuvwxyz"))
    """All words of the audio since the connection began or `forget` was called, so far."""
    server: Literal["python", "cpp", "nano"] = "python"
    """Whose wire it speaks."""
    delay_s: float = 0.15
    ends_after_s: float = 0.8
    """Silence in which the server's own detector sees the end of an utterance."""
    times: bool = False
    """Whether final results have the times of words, in the server's own form."""
    status: int = 101
    """Other than 101: the connection is refused with this HTTP status."""
    api_key: str | None = None
    """When set, as a gateway does: other keys get 401."""
    malformed: bool = False
    """Whether messages are something else than results."""
    silent: bool = False
    """Whether it says nothing at all."""
    babbles: str | bytes = ""
    """What it says again and again, and nothing else, not even goodbye."""
    full: bool = False
    """Whether it takes connections and closes them: try again later."""
    one_at_a_time: bool = False
    """Whether a new connection closes the others, as older Python servers do."""
    error_at_end: str = ""
    """Python: what it says in place of the end."""
    forgets: bool = False
    """Whether what was said in an utterance is over with it: for calls that last."""
    sessions: list[Session] = field(default_factory=Kept)
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""
    certificate: Path | None = None
    """With TLS: the file by which it can be trusted."""
    _listening: Listening | None = None

    @asynccontextmanager
    async def serve(self, *, port: int = 0, tls: bool = False) -> AsyncIterator["FunASRStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        app = web.Application()
        app.router.add_get("/", self._connection)
        self._sockets: dict[int, web.WebSocketResponse] = {}
        async with listening(app, port=port, tls=tls, tell=self.tell) as at:
            self.certificate, self._listening = at.certificate, at
            self.url = f"{'wss' if tls else 'ws'}://{at.address}/"
            yield self

    def forget(self) -> None:
        """What was said until now is over: `hear` is given what comes from now on."""
        for session in self.sessions:
            session.forget()

    def abort(self) -> None:
        """Break all connections, as when its process is killed."""
        if self._listening is not None:
            self._listening.abort()

    async def ping(self) -> None:
        """Ask all clients whether they are there."""
        for socket in self._sockets.values():
            await socket.ping()

    async def _connection(self, request: web.Request) -> web.StreamResponse:
        stranger = self.api_key and request.headers.get("Authorization") != f"Bearer {self.api_key}"
        if stranger or self.status != 101:
            return web.Response(status=401 if stranger else self.status)
        socket = web.WebSocketResponse(protocols=("binary",), autoclose=not self.babbles)
        await socket.prepare(request)
        if self.full:
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return socket
        if self.one_at_a_time:
            for other in list(self._sockets.values()):
                await other.close()
        session = Session()
        self.sessions.append(session)
        self._sockets[id(session)] = socket
        try:
            async with beside(self._send(socket, session)):
                await self._receive(socket, session)
                if self.babbles:
                    await babble(socket, self.babbles)
        finally:
            session.outcome = "closed"
            del self._sockets[id(session)]
        return socket

    async def _send(self, socket: web.WebSocketResponse, session: Session) -> None:
        with suppress(ConnectionError):
            if self.babbles:
                await babble(socket, self.babbles)
            while True:
                message = await session.outbox.get()
                if not self.silent:
                    await socket.send_str("what?" if self.malformed else message)

    async def _receive(self, socket: web.WebSocketResponse, session: Session) -> None:
        server = _SERVERS[self.server]
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                if server.takes_audio(session):
                    self._take(session, message.data)
                else:
                    session.stray_s += len(message.data) / 2 / session.rate_hz
            elif message.type is WSMsgType.TEXT:
                session.orders.append(message.data)
                server.order(self, session, message.data)
            else:
                return

    def _take(self, session: Session, data: bytes) -> None:
        rate_hz = session.rate_hz
        session.pieces.append(data)
        session.frames += 1
        session.audio_s += len(data) / 2 / rate_hz
        pcm = np.frombuffer(b"".join(session.pieces), "<i2") / np.float32(32768)
        length_s, piece_s = len(pcm) / rate_hz, len(data) / 2 / rate_hz
        before = len(session.words)
        session.words = self.hear(pcm.astype(np.float32), rate_hz)
        for number in range(before, len(session.words)):
            # Inside this message it has come in real time.
            since_s = min(piece_s, max(0.0, length_s - session.words[number][1]))
            self._tell(session, number, max(0.0, self.delay_s - since_s))
        if self.forgets and not session.words and length_s >= _FORGOTTEN_S:
            session.forget()
        if session.finishing or session.done >= len(session.words):
            return
        if length_s - session.words[-1][1] >= self.ends_after_s:
            session.finishing = True
            self._later(session, answers=False)

    def _tell(self, session: Session, number: int, after_s: float) -> None:
        word, epoch = session.words[number], session.epoch

        def tell() -> None:
            if number < session.told or epoch != session.epoch:
                return
            session.told = number + 1
            self._say(session, _SERVERS[self.server].increment(session, word))

        asyncio.get_running_loop().call_later(after_s, tell)

    def finish(self, session: Session) -> None:
        """The client says that an utterance is over."""
        self._later(session, answers=True)

    def _later(self, session: Session, *, answers: bool) -> None:
        """Tell the words so far as final ones, after those that are on their way."""
        epoch, count, clock_s = session.epoch, len(session.words), session.clock_s

        def finish() -> None:
            if epoch != session.epoch:
                return
            session.finishing = False
            shift_s = session.begins_s - clock_s
            words = [(word, end + shift_s) for word, end in session.words[session.done : count]]
            session.told, session.done = max(session.told, count), max(session.done, count)
            if not words and not answers:
                return
            server = _SERVERS[self.server]
            for message in server.final(session, words, times=self.times, answers=answers):
                session.finals_at.append(session.frames)
                self._say(session, message)
            if self.forgets and session.done >= len(session.words):
                session.forget()

        asyncio.get_running_loop().call_later(self.delay_s + 0.001, finish)

    def post(self, session: Session, message: Message) -> None:
        """Say something after what is on its way."""
        self.later(lambda: self._say(session, message))

    def later(self, act: Callable[[], None]) -> None:
        """Do something after what is on its way was said."""
        asyncio.get_running_loop().call_later(self.delay_s + 0.002, act)

    def _say(self, session: Session, message: Message) -> None:
        session.outbox.put_nowait(json.dumps(message, ensure_ascii=False))
