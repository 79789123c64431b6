"""One stream: sound to Transcribe as it comes, words from it as they come.

Transcribe bills seconds of sound, and 15 s at least for each connection; opening one takes the time
in which a caller's first words are said. So there is one for a whole call, and the silence between
utterances goes through it. It is ended, and another opened with the next sound,

- when no sound has come for a while, as from a caller who is muted: Transcribe would end it after
  15 s without;
- shortly before the four hours that one may last, in a silence.

Source: https://docs.aws.amazon.com/transcribe/latest/dg/streaming.html, limits-guidelines.html;
https://aws.amazon.com/transcribe/pricing/.
"""

import asyncio
from collections import deque

import aiohttp
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, APITimeoutError, LanguageCode, stt
from livekit.agents.types import TimedString
from livekit.agents.utils import aio
from livekit.agents.utils.audio import AudioByteStream

from agent.audio import pcm
from agent.remote.aws import event_stream
from agent.remote.openai_errors import TimedOut
from agent.remote.websocket import Socket
from agent.stt.telling import TellingStream
from agent.stt.transcribe import wire
from agent.stt.transcribe.options import Options
from agent.stt.transcribe.service import TranscribeService
from agent.tasks import first_of

PAUSE_S = 12.0
"""Without sound for so long a connection is ended."""
LONGEST_S = 3.9 * 3600
"""A connection that has taken so much sound is ended where no segment is open and the next message
is all zeros, as who listens sends them between utterances."""
_RATE_HZ = pcm.SPEECH_RATE_HZ
_PIECE = _RATE_HZ // 20
"""Samples in a message: 50 ms, the shortest that Transcribe advises."""
_SEND_S = 5.0
"""A service that has taken no sound for so long takes none any more."""
_ANSWER_S = 3.0
"""After the end of a connection's sound: longest wait for its last words."""


class TranscribeStream(TellingStream):
    """Sound of any rate goes out as mono s16le at 16 kHz, in messages of 50 ms.

    Words that stay as they are come as PREFLIGHT_TRANSCRIPT, those that may change as
    INTERIM_TRANSCRIPT. `flush` sends what is left of a message and asks for nothing: Transcribe
    makes words final after a pause of its own. Closing it closes the connection.
    """

    preflight_stays = True

    def __init__(
        self,
        engine: stt.STT[str],
        service: TranscribeService,
        options: Options,
        *,
        language: str,
        conn_options: APIConnectOptions,
    ) -> None:
        super().__init__(stt=engine, conn_options=conn_options, sample_rate=_RATE_HZ)
        self._service, self._options = service, options
        self._spoken = language
        """Tag of the language that is spoken, where it is not the one of the settings."""
        self._session = ""
        """By which AWS finds the connection."""
        self.connections = 0
        """How many were opened: each is billed for itself."""

    async def _run(self) -> None:
        self._pieces = AudioByteStream(_RATE_HZ, 1, _PIECE)
        self._waiting: deque[bytes] = deque()
        """Messages that were not sent yet."""
        self._over = False
        """Whether no more sound comes."""
        self._before_s = 0.0
        """Sound that went through connections before this one."""
        while True:
            await self._converse()
            await self._fetch()
            if not self._waiting:
                return

    async def _converse(self) -> None:
        """Use one connection until its sound is over and its words are there."""
        parameters = wire.parameters(self._options, self._spoken)
        self._session = parameters["session-id"]
        socket = await self._service.connect(parameters, timeout_s=self._conn_options.timeout)
        self.connections += 1
        self.listening = True
        self._sent_s, self._told_any = 0.0, False
        self._ending = self._idle = False
        """Whether the service knows that no more sound comes."""
        self._open, self._stays, self._open_to_s = "", False, 0.0
        """Words of the segment that is not over, whether they stay, and where the last one ends."""
        patience = asyncio.timeout(None)
        try:
            async with first_of(APIError), asyncio.TaskGroup() as group:
                sending = group.create_task(
                    self._send(socket, patience), name="transcribe stream: sound"
                )
                await self._receive(socket, patience)
                sending.cancel()
        finally:
            self.listening = False
            await self._service.hang_up(socket)
        if self._open:
            data = stt.SpeechData(LanguageCode(self._language_of("")), self._open)
            self._say(stt.SpeechEventType.FINAL_TRANSCRIPT, data)
        self._before_s += self._sent_s

    # To the service.

    async def _send(self, socket: Socket, patience: asyncio.Timeout) -> None:
        try:
            while (piece := await self._next_piece()) is not None:
                await self._put(socket, piece)
                self._sent_s += len(piece) / 2 / _RATE_HZ
            self._ending = True
            now = asyncio.get_running_loop().time()
            told_all = not self._sent_s or (self._idle and not self._open)
            patience.reschedule(now + (0.0 if told_all else _ANSWER_S))
            if self._sent_s:
                await self._put(socket, b"")
        except (aiohttp.ClientError, ConnectionError):
            return  # who receives learns of it, and why

    async def _next_piece(self) -> bytes | None:
        """What this connection is sent next; None: it is to end."""
        try:
            async with asyncio.timeout(PAUSE_S):
                await self._fetch()
        except TimeoutError:
            self._idle = True
            return None
        if not self._waiting:
            return None
        may_end = self._sent_s >= LONGEST_S and not self._open
        if may_end and not any(self._waiting[0]):
            return None
        return self._waiting.popleft()

    async def _fetch(self) -> None:
        """Wait until there is something to be sent, or never will be."""
        while not self._waiting and not self._over:
            try:
                item = await self._input_ch.recv()
            except aio.ChanClosed:
                self._over = True
                return
            if isinstance(item, rtc.AudioFrame):
                whole = self._pieces.push(pcm.mono_s16le(item))
            else:
                whole = self._pieces.flush()
            self._waiting.extend(bytes(frame.data) for frame in whole)

    async def _put(self, socket: Socket, sound: bytes) -> None:
        try:
            async with asyncio.timeout(_SEND_S):
                await socket.send_bytes(event_stream.event(wire.AUDIO, sound))
        except TimeoutError as error:
            raise APITimeoutError(f"Transcribe has taken no sound for {_SEND_S:g} s") from error

    # From the service.

    async def _receive(self, socket: Socket, patience: asyncio.Timeout) -> None:
        try:
            async with patience:
                while True:
                    message = await self._service.receive(socket)
                    if message.type is aiohttp.WSMsgType.TEXT:
                        raise wire.no_result()
                    if message.type is not aiohttp.WSMsgType.BINARY:
                        if self._ending and not (
                            self._open and socket.close_code != aiohttp.WSCloseCode.OK
                        ):
                            return
                        raise self._service.lost(socket)
                    self.messages += 1
                    self._told_any = True
                    self._take(message.data)
        except TimeoutError as error:
            # It has had its time to say the last words.
            if self._sent_s and not (self._told_any or self._idle):
                raise TimedOut("Transcribe has said nothing, nor ended its stream") from error

    def _take(self, data: bytes) -> None:
        try:
            message = event_stream.read(data)
        except event_stream.Malformed as error:
            raise wire.no_result() from error
        if message.failed:
            raise self._service.failed(message.kind, wire.explanation(message.payload))
        if message.kind == wire.RESULTS:
            for result in wire.results(message.payload):
                self._tell(result)

    def _tell(self, result: wire.Result) -> None:
        kinds = stt.SpeechEventType
        if result.final:
            if not result.text and not self._open:
                return
            kind = kinds.FINAL_TRANSCRIPT
            self._open, self._stays, self._open_to_s = "", False, 0.0
        else:
            # The same words may turn out to last longer.
            ends_s = result.words[-1].ends_s if result.words else result.ends_s
            grown = result.text != self._open or ends_s > self._open_to_s
            if not result.text or not (grown or (result.stable and not self._stays)):
                return
            kind = kinds.PREFLIGHT_TRANSCRIPT if result.stable else kinds.INTERIM_TRANSCRIPT
            self._open, self._stays, self._open_to_s = result.text, result.stable, ends_s
        offset_s = self.start_time_offset + self._before_s
        data = stt.SpeechData(
            LanguageCode(self._language_of(result.language)),
            result.text,
            start_time=offset_s + result.begins_s,
            end_time=offset_s + result.ends_s,
            words=[
                TimedString(word.text, offset_s + word.begins_s, offset_s + word.ends_s)
                for word in result.words
            ]
            or None,
        )
        self._say(kind, data)

    def _language_of(self, found: str) -> str:
        return found or self._spoken or self._options.language or self._options.language_code

    def _say(self, kind: stt.SpeechEventType, data: stt.SpeechData) -> None:
        self._event_ch.send_nowait(
            stt.SpeechEvent(kind, request_id=self._session, alternatives=[data])
        )
