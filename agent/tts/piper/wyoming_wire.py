"""A voice behind Wyoming: wyoming-piper, and whatever else speaks it.

A connection for each text, as the server has no way to stop but its end.

Source: rhasspy/wyoming, README.md; rhasspy/wyoming-piper, wyoming_piper/handler.py.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit.agents.utils import shortuuid

from agent.remote.openai_errors import BrokenOff, one_line
from agent.remote.wyoming import LINE_LIMIT, Event, NotWyoming, read_event, write_event
from agent.tts.other_voice import speed_is_fixed
from agent.tts.piper.options import Options
from agent.tts.served.speech_body import MalformedBody, SpeechBody
from agent.tts.served.tcp import TcpConnections
from agent.tts.served.wire import Answer, BrokeOff, Wire

_SAMPLE_BYTES = 2


class WyomingServer(TcpConnections):
    """Such a server."""

    def __init__(self, url: str) -> None:
        """`url` is `tcp://HOST:PORT`."""
        super().__init__(url, line_limit=LINE_LIMIT)

    async def voices(self) -> list[str]:
        """Its voices, of all programs that it has.

        Raises:
            Unreachable: there is no connection.
            BrokeOff: it does not answer.
            MalformedBody: it speaks something else.
        """
        async with self.connection() as (reader, writer):
            write_event(writer, Event("describe"))
            await writer.drain()
            info = await _next(reader, "info")
        return [name for program in _list(info.data, "tts") for name in _names(program)]


class WyomingWire(Wire):
    """One voice of such a server."""

    server: WyomingServer

    def __init__(self, options: Options, server: WyomingServer) -> None:
        """Ask `server` as `options` say."""
        self.server = server
        self.rate_hz = options.sample_rate_hz
        self.stall_s = options.stall_s
        self._options = options

    @property
    def model(self) -> str:
        """The voice."""
        return f"Wyoming, {self._options.voice or 'its usual voice'}"

    @asynccontextmanager
    async def speak(self, text: str) -> AsyncIterator[Answer]:
        """Ask for a text."""
        async with self.server.connection() as (reader, writer):
            write_event(writer, Event("synthesize", self._request(text)))
            await writer.drain()
            start = await _next(reader, "audio-start")
            yield Answer(_payloads(reader), self._body(start), request_id=shortuuid())

    def with_voice(self, voice: str, *, speed: float) -> "WyomingWire":
        """Another voice of the server."""
        speed_is_fixed("piper", speed)
        own = self._options
        return WyomingWire(own.model_copy(update={"voice": voice or own.voice}), self.server)

    def _request(self, text: str) -> dict[str, Any]:
        own = self._options
        voice = {"name": own.voice, "speaker": own.speaker}
        asked = {name: value for name, value in voice.items() if value}
        # A line break would end the sentence.
        request: dict[str, Any] = {"text": " ".join(text.split())}
        return request | ({"voice": asked} if asked else {})

    def _body(self, start: Event) -> SpeechBody:
        rate_hz, width, channels = (start.data.get(name) for name in ("rate", "width", "channels"))
        if width != _SAMPLE_BYTES:
            raise MalformedBody("samples that have not 16 bits")
        return SpeechBody(f"audio/pcm;rate={rate_hz};channels={channels}", rate_hz=self.rate_hz)


async def _payloads(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while (event := await _next(reader)).type != "audio-stop":
        if event.type == "audio-chunk":
            yield event.payload


async def _next(reader: asyncio.StreamReader, kind: str = "") -> Event:
    """The next message, or the next of one kind.

    Raises:
        MalformedBody: it is of something else.
        BrokenOff: the server says that it failed.
        BrokeOff: the connection has ended; or `EOFError`, in the middle of a message.
    """
    while True:
        try:
            event = await read_event(reader)
        except NotWyoming as error:
            raise MalformedBody(str(error)) from error
        if event is None:
            raise BrokeOff
        if event.type == "error":
            raise BrokenOff(
                "the speech server failed",
                reason=one_line(str(event.data.get("text", ""))),
                retryable=True,
            )
        if kind in ("", event.type):
            return event


def _list(data: Any, name: str) -> list[Any]:
    found = data.get(name) if hasattr(data, "get") else None
    return found if isinstance(found, list) else []


def _names(program: Any) -> list[str]:
    """The names of the voices, which older servers call models."""
    listed = _list(program, "voices") or _list(program, "models")
    return [str(voice["name"]) for voice in listed if isinstance(voice, dict) and "name" in voice]
