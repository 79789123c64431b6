"""F5-TTS's socket server (SWivid/F5-TTS, src/f5_tts/socket_server.py).

It reads up to 1024 bytes as one text, sends float32 samples and `END`, and serves one connection
after the other. When it fails it closes the connection.
"""

import asyncio
from dataclasses import dataclass, field

import numpy as np

from agent.tasks import begin
from rejoinder.stand_ins.pcm_server.base import Request, at_once
from rejoinder.stand_ins.pcm_server.tcp import TcpVoiceStandIn

_SEGMENT_BYTES = 1024
_LOOK_S = 0.002


@dataclass(kw_only=True)
class F5SocketStandIn(TcpVoiceStandIn):
    """Set the fields before or between requests."""

    rate_hz: int = 24000
    chunk_bytes: int = 8192
    end_alone: bool = False
    """Whether `END` comes in a segment of its own; else behind the last samples."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take texts, when it is this connection's turn."""
        async with self._turn:
            while text := await reader.read(_SEGMENT_BYTES):
                if not await self._answer(text, reader, writer):
                    return

    async def _answer(
        self, text: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one text; whether the connection goes on."""
        with self.answering("text", {"text": text.decode(errors="replace")}) as record:
            speaking = begin(self._speak(record, writer), name="stand-in")
            try:
                # A client waits for the end: what comes before is its own.
                while not speaking.done():
                    if reader.at_eof() or writer.transport.is_closing():
                        record.outcome = "cancelled"
                        return False
                    await asyncio.sleep(_LOOK_S)
                return await speaking
            except ConnectionError:
                record.outcome = "cancelled"
                return False
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)

    async def _speak(self, record: Request, writer: asyncio.StreamWriter) -> bool:
        how = self.how
        await asyncio.sleep(how.first_byte_s)
        if how.malformed:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            record.outcome = "refused"
            return False
        pcm = np.frombuffer(await self.said(record.body["text"], voice=""), "<i2")
        floats = (pcm / np.float32(32768)).astype("<f4").tobytes()
        async for chunk in self.cut(at_once(floats)):
            if how.cut_after is not None and record.chunks >= how.cut_after:
                record.outcome = "cut"
                return False
            if how.stall_after is not None and record.chunks >= how.stall_after:
                await asyncio.sleep(3600)
            writer.write(chunk)
            await writer.drain()
            record.chunks += 1
            await asyncio.sleep(how.between_s)
        if self.end_alone:
            await asyncio.sleep(0.02)
        writer.write(b"END")
        await writer.drain()
        record.outcome = "completed"
        return True
