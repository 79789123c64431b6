"""F5-TTS's socket server: text in one segment, float32 samples back, then `END`.

It serves one connection after the other, so each text has one of its own and lets go of it. The
voice is the one that the server was started with.

Source: SWivid/F5-TTS, src/f5_tts/socket_server.py.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from livekit.agents.utils import shortuuid

from agent.tts.f5_tts.options import Options
from agent.tts.other_voice import speed_is_fixed
from agent.tts.served.speech_body import MalformedBody
from agent.tts.served.tcp import TcpConnections
from agent.tts.served.wire import Answer, BrokeOff, Wire

logger = logging.getLogger(__name__)

RATE_HZ = 24000
_SEGMENT_BYTES = 1024
"""What the server reads at once: a longer text would be two, cut within a character."""
_END = b"END"
_SAMPLE_BYTES = 4
_READ_BYTES = 64 * 1024
_LOUDEST = 8.0
"""Models go beyond full scale, though not so far; text that is taken for samples does."""


class F5SocketWire(Wire):
    """The voice of such a server."""

    server: TcpConnections

    def __init__(self, options: Options) -> None:
        """Contact nobody yet."""
        self.server = TcpConnections(options.url)
        self.rate_hz = RATE_HZ
        self.stall_s = options.stall_s

    @property
    def model(self) -> str:
        """The voice is the server's."""
        return "F5-TTS, the server's voice"

    @asynccontextmanager
    async def speak(self, text: str) -> AsyncIterator[Answer]:
        """Ask for a text, in as many parts as the server needs."""
        async with self.server.connection() as (reader, writer):
            chunks = _floats(reader, writer, segments(text))
            yield Answer(chunks, FloatBody(), shortuuid())

    def with_voice(self, voice: str, *, speed: float) -> "F5SocketWire":
        """The same one: there is no other."""
        speed_is_fixed("f5_tts", speed)
        if voice:
            logger.warning("the voice cannot be chosen", extra={"engine": self.server.provider})
        return self


class FloatBody:
    """Float32 samples in [-1, 1], little-endian, in; s16le out."""

    def __init__(self) -> None:
        """Begin with the first sample."""
        self._held = b""
        self.usage = 0, 0

    def feed(self, data: bytes) -> bytes:
        """Take in bytes and return the samples that are whole.

        Raises:
            MalformedBody: they are something else.
        """
        data = self._held + data
        size = len(data) // _SAMPLE_BYTES * _SAMPLE_BYTES
        self._held = data[size:]
        values = np.frombuffer(data[:size], "<f4")
        if not np.all(np.abs(values) < _LOUDEST):
            raise MalformedBody("something else than float32 samples")
        scaled = np.rint(values * np.float32(32767)).clip(-32768, 32767)
        samples: bytes = scaled.astype("<i2").tobytes()
        return samples

    def end(self) -> bytes:
        """Nothing: a sample that is not whole is dropped."""
        return b""


def segments(text: str) -> list[bytes]:
    """A text in parts of at most 1024 bytes, cut at spaces where there are any."""
    parts: list[bytes] = []
    held = ""
    for word in text.split():
        for piece in _short(word):
            longer = f"{held} {piece}" if held else piece
            if len(longer.encode()) > _SEGMENT_BYTES:
                parts.append(held.encode())
                longer = piece
            held = longer
    return [*parts, held.encode()] if held else parts


def _short(word: str) -> list[str]:
    """A run without spaces, as Chinese has them, in pieces that fit."""
    most = _SEGMENT_BYTES // 4
    return [word[at : at + most] for at in range(0, len(word), most)]


async def _floats(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parts: list[bytes]
) -> AsyncIterator[bytes]:
    for part in parts:
        writer.write(part)
        await writer.drain()
        held, total = b"", 0
        while not (total % _SAMPLE_BYTES == len(_END) and held.endswith(_END)):
            data = await reader.read(_READ_BYTES)
            if not data:
                raise BrokeOff
            total += len(data)
            # The mark may come in one segment with samples, or in two.
            held += data
            yield held[: -len(_END)]
            held = held[-len(_END) :]
