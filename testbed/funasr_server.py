"""A recogniser that streams, behind the websocket wire of FunASR's runtime.

    async with FunASRStandIn().serve() as server:
        ...  # a client of ws://… at server.url

The wire (modelscope/FunASR, runtime/docs/websocket_protocol.md), mode `2pass`:

1. The client's first message, text: `{"mode": "2pass", "wav_name": "id", "wav_format": "pcm",
   "audio_fs": 16000, "is_speaking": true, "chunk_size": [5, 10, 5], "chunk_interval": 10}`.
2. Binary messages: s16le mono without a header, 60 ms each, in real time.
3. `{"is_speaking": false}` ends an utterance: its words come as final ones. The connection stays;
   audio counts again after `{"is_speaking": true}`. With `"is_end": true` the server says
   `{"is_final": true, "is_end": true}` after its last words.
4. The server's messages, text: `{"mode": "2pass-online", "text": " words", "wav_name": "id",
   "is_final": false}` is an increment; `{"mode": "2pass-offline", "text": "All the words.", …}`
   replaces what came since the last one. It is sent at the end of an utterance and where the
   server's own detector finds one (0.8 s of silence).

What is said is read from the audio itself: by default each word is a tone (`testbed.tones`). A
word is told `delay_s` after its last sample has arrived.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from aiohttp import WSMsgType, web
from numpy.typing import NDArray

from testbed import tones

Pcm = NDArray[np.float32]
Word = tuple[str, float]
"""A word, and where it ends, seconds from the audio's beginning."""
Outcome = Literal["open", "closed"]
_OVER_S = 0.04
_SIGNS = ".,?!。，？！"


def tone_words(vocabulary: tuple[str, ...]) -> Callable[[Pcm, int], list[Word]]:
    """Reads `testbed.tones.speak`; a word is there once its tone is over."""

    def hear(pcm: Pcm, rate_hz: int) -> list[Word]:
        return [
            (vocabulary[index], start + length)
            for index, start, length in tones.heard(pcm, rate_hz=rate_hz)
            if start + length <= len(pcm) / rate_hz - _OVER_S
        ]

    return hear


@dataclass
class Session:
    """One connection, from the server's side."""

    hello: dict[str, Any] = field(default_factory=dict)
    audio_s: float = 0.0
    """Audio that was taken in."""
    stray_s: float = 0.0
    """Audio that came while nobody spoke, by the client's own words."""
    ended: int = 0
    """Utterances that the client has ended."""
    outcome: Outcome = "open"
    pieces: list[bytes] = field(default_factory=list)
    told: int = 0
    """Words told as increments or final."""
    done: int = 0
    """Words told as final ones."""
    words: list[Word] = field(default_factory=list)
    outbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    finishing: bool = False
    epoch: int = 0
    """How often it was to forget."""


@dataclass
class FunASRStandIn:
    """Set the fields before or between utterances."""

    hear: Callable[[Pcm, int], list[Word]] = tone_words(tuple("abcdefghijklmnopqrstuvwxyz"))
    """All words of the audio since the connection began or `forget` was called, so far."""
    delay_s: float = 0.15
    ends_after_s: float = 0.8
    """Silence in which the server's own detector sees the end of an utterance."""
    status: int = 101
    """Other than 101: the connection is refused with this HTTP status."""
    malformed: bool = False
    """Whether messages are something else than results."""
    sessions: list[Session] = field(default_factory=list)
    url: str = ""

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator["FunASRStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        app = web.Application()
        app.router.add_get("/", self._connection)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            self.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
            yield self
        finally:
            await runner.cleanup()

    def forget(self) -> None:
        """What was said until now is over: `hear` is given what comes from now on."""
        for session in self.sessions:
            session.pieces, session.words = [], []
            session.told = session.done = 0
            session.finishing = False
            session.epoch += 1

    async def _connection(self, request: web.Request) -> web.StreamResponse:
        if self.status != 101:
            return web.Response(status=self.status)
        socket = web.WebSocketResponse(protocols=("binary",))
        await socket.prepare(request)
        session = Session()
        self.sessions.append(session)
        sending = asyncio.create_task(self._send(socket, session))
        try:
            await self._receive(socket, session)
        finally:
            session.outcome = "closed"
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        return socket

    async def _send(self, socket: web.WebSocketResponse, session: Session) -> None:
        with suppress(ConnectionError):
            while True:
                message = await session.outbox.get()
                await socket.send_str("what?" if self.malformed else message)

    async def _receive(self, socket: web.WebSocketResponse, session: Session) -> None:
        speaking = True
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                if speaking:
                    self._take(session, message.data)
                else:
                    session.stray_s += len(message.data) / 32000
                continue
            if message.type is not WSMsgType.TEXT:
                return
            order = json.loads(message.data)
            if not session.hello:
                session.hello = order
            if speaking and not order.get("is_speaking", True):
                session.ended += 1
                self._later(session, self.delay_s, len(session.words))
            speaking = order.get("is_speaking", speaking)
            if order.get("is_end"):
                last = json.dumps({"mode": "2pass-offline", "is_final": True, "is_end": True})
                self._post(session, last, self.delay_s + 0.002)

    def _take(self, session: Session, data: bytes) -> None:
        session.pieces.append(data)
        session.audio_s += len(data) / 32000
        rate_hz = int(session.hello.get("audio_fs", 16000))
        pcm = np.frombuffer(b"".join(session.pieces), "<i2") / np.float32(32768)
        length_s, piece_s = len(pcm) / rate_hz, len(data) / 2 / rate_hz
        before = len(session.words)
        session.words = self.hear(pcm.astype(np.float32), rate_hz)
        for number in range(before, len(session.words)):
            # Inside this message it has come in real time.
            since_s = min(piece_s, max(0.0, length_s - session.words[number][1]))
            self._tell(session, number, max(0.0, self.delay_s - since_s))
        if session.finishing or session.done >= len(session.words):
            return
        if length_s - session.words[-1][1] >= self.ends_after_s:
            session.finishing = True
            self._later(session, self.delay_s, len(session.words))

    def _tell(self, session: Session, number: int, after_s: float) -> None:
        word, epoch = session.words[number][0], session.epoch

        def tell() -> None:
            if number < session.told or epoch != session.epoch:
                return
            session.told = number + 1
            text = word.strip(_SIGNS).lower()
            increment = text if ord(text[:1] or " ") > 0x2E80 else f" {text}"
            self._message(session, "2pass-online", increment)

        asyncio.get_running_loop().call_later(after_s, tell)

    def _later(self, session: Session, after_s: float, count: int) -> None:
        """Tell the words up to `count` as final ones, after those that are on their way."""
        epoch = session.epoch

        def finish() -> None:
            if epoch != session.epoch:
                return
            session.finishing = False
            words = [word for word, _ in session.words[session.done : count]]
            session.told, session.done = max(session.told, count), max(session.done, count)
            if words:
                close = all(ord(word[:1] or " ") > 0x2E80 for word in words)
                self._message(session, "2pass-offline", ("" if close else " ").join(words))

        asyncio.get_running_loop().call_later(after_s + 0.001, finish)

    def _message(self, session: Session, mode: str, text: str) -> None:
        name = session.hello.get("wav_name", "")
        result = {"mode": mode, "text": text, "wav_name": name, "is_final": False}
        session.outbox.put_nowait(json.dumps(result, ensure_ascii=False))

    def _post(self, session: Session, message: str, after_s: float) -> None:
        asyncio.get_running_loop().call_later(after_s, session.outbox.put_nowait, message)
