"""Amazon Transcribe's websocket.

1. The query says how, and is signed: `language-code` (or `identify-language=true` with
   `language-options`), `media-encoding=pcm`, `sample-rate`, `session-id`,
   `enable-partial-results-stabilization`, `partial-results-stability`, `vocabulary-name`,
   `language-model-name`. A wrong signature is answered by HTTP 403; wrong parameters, and whatever
   goes wrong later, by a message with an exception, after which the connection is closed.
2. Either side sends binary messages, each one of event-stream encoding: `AudioEvent` with samples,
   without any at the end of the sound; `TranscriptEvent` with JSON.
3. Partial results repeat their segment with all its items, of which the newest may change; the last
   result of a segment is not partial. There are events without results. After the end of the sound
   and the last result the connection is closed.
4. Without sound for 15 s, or after four hours of it, there is an exception.

What is said is read from the sound itself: by default each word is a tone
(`rejoinder.stand_ins.tones`). A word is told `delay_s` after its last sample has arrived, and
stays as it is `stable_s` later.

Sources: https://docs.aws.amazon.com/transcribe/latest/dg/streaming-websocket.html,
streaming-partial-results.html; awsdocs/amazon-transcribe-developer-guide, doc_source/websocket.md.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from aiohttp import WSMsgType, web
from numpy.typing import NDArray

from rejoinder.stand_ins import tones
from rejoinder.stand_ins.answering import babble, beside
from rejoinder.stand_ins.aws_server import signatures
from rejoinder.stand_ins.aws_server.behaviour import fault
from rejoinder.stand_ins.aws_server.event_stream import event_frame, exception_frame, parsed_frame
from rejoinder.stand_ins.aws_server.transcribe_session import StreamSession, Word, result, wrong
from rejoinder.stand_ins.kept import Kept

_HEADERS = {
    ":content-type": "application/octet-stream",
    ":event-type": "AudioEvent",
    ":message-type": "event",
}
_LONGEST_PIECE_S = 1.0
_KEPT_S = 1.0
"""Sound that is listened to again when all words before it were told."""
_QUIET_FRAMES = 10
"""After so many messages without a word there is an event without results."""


class _Refused(Exception):
    """The connection ends with this exception."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


@dataclass
class TranscribeStreams:
    """Set the fields before or between utterances."""

    hear: Callable[[NDArray[np.float32], int], list[Word]] = tones.timed_words(
        tuple("abcdefghijklmnopqrstuvwxyz")
    )
    """All words of the sound since the connection began, so far."""
    delay_s: float = 0.15
    stable_s: float = 0.1
    ends_after_s: float = 0.5
    """Silence in which it sees the end of a segment."""
    language: str = "en-US"
    """What it finds to be spoken where it is to find out."""
    secret: str = "nothing"
    """Of every access key."""
    vocabularies: tuple[str, ...] = ("known",)
    models: tuple[str, ...] = ("known",)
    status: int = 101
    """Other than 101: the connection is refused with this HTTP status."""
    code: str = ""
    """AWS's name for that."""
    exception: str = ""
    """The connection ends with this exception."""
    message: str = "stand-in fault"
    """What it says."""
    exception_after: int = 0
    """Messages with sound that are taken in before it."""
    malformed: Literal["", "bytes", "text", "checksum", "json"] = ""
    """What is sent in place of results."""
    repeats: bool = False
    """Whether it tells an open segment again with each message, as its words grow longer."""
    silent: bool = False
    """Whether it says nothing, and closes a connection at the end of its sound."""
    mute: bool = False
    """Whether it says nothing, and closes nothing."""
    babbles: str | bytes = ""
    """What it says again and again, and nothing else, not even goodbye."""
    idle_s: float = 15.0
    longest_s: float = 4 * 3600.0
    sessions: list[StreamSession] = field(default_factory=Kept)

    async def connection(self, request: web.Request) -> web.StreamResponse:
        """Take one connection, until it ends."""
        if self.status != 101:
            return fault(self.status, self.code or "InternalFailure", self.message)
        if code := signatures.refused(request, secret=self.secret, service="transcribe"):
            return fault(403, code, "The request signature is not the one that is expected.")
        session = StreamSession(dict(request.query))
        socket = web.WebSocketResponse(autoclose=not self.babbles)
        socket.headers["x-amzn-RequestId"] = "stand-in"
        await socket.prepare(request)
        self.sessions.append(session)
        try:
            async with beside(self._send(socket, session)):
                if await self._listen(socket, session):
                    await session.outbox.join()
                if self.babbles:
                    await babble(socket, self.babbles)
            await socket.close()
        finally:
            session.outcome = "closed"
        return socket

    async def _send(self, socket: web.WebSocketResponse, session: StreamSession) -> None:
        with suppress(ConnectionError):
            if self.babbles:
                await babble(socket, self.babbles)
            while True:
                message = await session.outbox.get()
                if not (self.silent or self.mute):
                    await self._write(socket, message)
                session.outbox.task_done()

    async def _write(self, socket: web.WebSocketResponse, message: bytes) -> None:
        match self.malformed:
            case "text":
                await socket.send_str("what?")
            case "bytes":
                await socket.send_bytes(b"what?")
            case "checksum":
                await socket.send_bytes(message[:-1] + bytes([message[-1] ^ 1]))
            case "json":
                await socket.send_bytes(event_frame(("TranscriptEvent", b'["what?"]')))
            case _:
                await socket.send_bytes(message)

    async def _listen(self, socket: web.WebSocketResponse, session: StreamSession) -> bool:
        """Take in sound; whether something is still to be said when it is over."""
        try:
            if said := wrong(session.query, vocabularies=self.vocabularies, models=self.models):
                raise _Refused("BadRequestException", said)
            return await self._receive(socket, session)
        except _Refused as refused:
            session.outbox.put_nowait(exception_frame(refused.code, refused.message))
            return True

    async def _receive(self, socket: web.WebSocketResponse, session: StreamSession) -> bool:
        while True:
            if self.exception and session.frames >= self.exception_after:
                raise _Refused(self.exception, self.message)
            try:
                message = await socket.receive(timeout=self.idle_s)
            except TimeoutError:
                raise _Refused(
                    "BadRequestException",
                    "Your request timed out because no new audio was received for 15 seconds.",
                ) from None
            if message.type is not WSMsgType.BINARY:
                return False
            sound = self._sound(session, message.data)
            if not sound and self.mute:
                continue
            if not sound:
                session.ended = True
                self._finish(session)
                await asyncio.sleep(self.delay_s + 0.005)
                return True
            self._take(session, sound)

    def _sound(self, session: StreamSession, data: bytes) -> bytes:
        try:
            headers, payload = parsed_frame(data)
        except ValueError:
            raise _Refused("BadRequestException", "Could not decode the message.") from None
        longest = _LONGEST_PIECE_S * session.rate_hz * 2
        if headers != _HEADERS or len(payload) % 2 or len(payload) > longest:
            raise _Refused("BadRequestException", "This is no AudioEvent that can be used.")
        if session.audio_s >= self.longest_s:
            raise _Refused("LimitExceededException", "The stream is longer than four hours.")
        return payload

    def _take(self, session: StreamSession, sound: bytes) -> None:
        session.sound += sound
        session.frames += 1
        piece_s = len(sound) / 2 / session.rate_hz
        session.audio_s += piece_s
        before = len(session.words)
        session.words = self._heard(session)
        for number in range(before, len(session.words)):
            # Inside this message it has come in real time.
            since_s = min(piece_s, max(0.0, session.audio_s - session.words[number][2]))
            self._tell(session, number, max(0.0, self.delay_s - since_s))
        if self.repeats and session.told > session.done:
            self._partial(session, settled=0)
        if len(session.words) == before and session.frames % _QUIET_FRAMES == 0:
            self._say(session, json.dumps({"Transcript": {"Results": []}}).encode())
        if session.finishing or session.done >= len(session.words):
            if not session.finishing:
                self._forget(session)
            return
        if session.audio_s - session.words[-1][2] >= self.ends_after_s:
            self._finish(session)

    def _heard(self, session: StreamSession, *, over: bool = False) -> list[Word]:
        pcm = (np.frombuffer(session.sound, "<i2") / np.float32(32768)).astype(np.float32)
        if over:
            silence = np.zeros(round(2 * tones.OVER_S * session.rate_hz), np.float32)
            pcm = np.concatenate([pcm, silence])
        begins_s = session.begins_s
        fresh = [(w, begins_s + a, begins_s + b) for w, a, b in self.hear(pcm, session.rate_hz)]
        return session.words[: session.heard] + fresh

    def _forget(self, session: StreamSession) -> None:
        """All words so far are told, and no other can have begun before the last second."""
        length_s = len(session.sound) / 2 / session.rate_hz
        if length_s < 2 * _KEPT_S:
            return
        gone_s = round(length_s - _KEPT_S)
        if session.words and session.words[-1][2] > session.begins_s + gone_s:
            return
        session.sound = session.sound[2 * gone_s * session.rate_hz :]
        session.begins_s += gone_s
        session.heard = len(session.words)

    def _tell(self, session: StreamSession, number: int, after_s: float) -> None:
        """Tell a word with those of its segment before it, and later that it stays."""

        def tell() -> None:
            if number < session.told or number < session.done:
                return
            session.told = number + 1
            self._partial(session, settled=session.told - session.done - 1)
            if session.stabilised:
                asyncio.get_running_loop().call_later(self.stable_s, settle)

        def settle() -> None:
            if session.told == number + 1 and session.done <= number:
                self._partial(session, settled=session.told - session.done)

        asyncio.get_running_loop().call_later(after_s, tell)

    def _partial(self, session: StreamSession, *, settled: int) -> None:
        words = session.words[session.done : session.told]
        self._say_words(session, words, partial=True, settled=settled)

    def _finish(self, session: StreamSession) -> None:
        """Tell the words that are there now as final ones, after those that are on their way."""
        session.finishing = True
        session.words = self._heard(session, over=True)
        count = len(session.words)

        def finish() -> None:
            session.finishing = False
            words = session.words[session.done : count]
            session.told, session.done = max(session.told, count), max(session.done, count)
            if words:
                session.finals_at.append(session.frames)
                self._say_words(session, words, partial=False, settled=len(words))
            if session.done >= len(session.words):
                self._forget(session)

        asyncio.get_running_loop().call_later(self.delay_s + 0.001, finish)

    def _say_words(
        self, session: StreamSession, words: list[Word], *, partial: bool, settled: int
    ) -> None:
        language = session.query.get("language-code", self.language)
        told = result(session, words, partial=partial, settled=settled, language=language)
        self._say(session, json.dumps(told, ensure_ascii=False).encode())

    def _say(self, session: StreamSession, payload: bytes) -> None:
        # Bytes, by its header, though it is JSON: as Transcribe has it.
        session.outbox.put_nowait(event_frame(("TranscriptEvent", payload)))
