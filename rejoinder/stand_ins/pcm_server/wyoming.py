"""A voice behind Wyoming over TCP, as wyoming-piper is one (rhasspy/wyoming, README.md).

`synthesize` is answered by `audio-start`, `audio-chunk` and `audio-stop`; `describe` by `info`.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agent.tasks import begin
from rejoinder.stand_ins.pcm_server.base import Request, at_once
from rejoinder.stand_ins.pcm_server.tcp import TcpVoiceStandIn

_ATTRIBUTION = {"name": "nobody", "url": ""}


@dataclass(kw_only=True)
class WyomingStandIn(TcpVoiceStandIn):
    """Set the fields before or between requests."""

    rate_hz: int = 22050
    usual_voice: str = "en_US-lessac-medium"
    voices: tuple[str, ...] = ("en_US-lessac-medium", "de_DE-thorsten-medium")
    chunk_bytes: int = 2048
    fails: str = ""
    """What it says in an `error` event, in place of what follows `fails_after` chunks."""
    fails_after: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take events."""
        while (event := await _read(reader)) is not None:
            if event["type"] == "describe":
                await _write(writer, "info", self._info())
            elif event["type"] == "synthesize" and not await self._answer(
                event["data"], reader, writer
            ):
                return

    async def _answer(
        self, data: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; whether the connection goes on."""
        with self.answering("synthesize", data) as record:
            speaking = begin(self._speak(record, writer), name="stand-in")
            # A client says nothing more: what comes is its end.
            listening = begin(reader.read(1), name="stand-in")
            try:
                await asyncio.wait({speaking, listening}, return_when=asyncio.FIRST_COMPLETED)
                if speaking.done():
                    with suppress(ConnectionError):
                        return await speaking
                record.outcome = "cancelled"
                return False
            finally:
                for task in (speaking, listening):
                    task.cancel()
                await asyncio.gather(speaking, listening, return_exceptions=True)

    async def _speak(self, record: Request, writer: asyncio.StreamWriter) -> bool:
        how = self.how
        await asyncio.sleep(how.first_byte_s)
        if how.malformed:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            record.outcome = "refused"
            return False
        if self.fails and not self.fails_after:
            return await self._fail(record, writer)
        voice = record.body.get("voice") or {}
        named = voice.get("name", self.usual_voice)
        if voice.get("speaker"):
            named += f"#{voice['speaker']}"
        pcm = await self.said(record.body["text"], voice=named)
        form = {"rate": self.rate_hz, "width": 2, "channels": 1}
        await _write(writer, "audio-start", {**form, "timestamp": 0})
        async for chunk in self.cut(at_once(pcm)):
            if how.cut_after is not None and record.chunks >= how.cut_after:
                record.outcome = "cut"
                return False
            if self.fails and record.chunks >= self.fails_after:
                return await self._fail(record, writer)
            if how.stall_after is not None and record.chunks >= how.stall_after:
                await asyncio.sleep(3600)
            await _write(writer, "audio-chunk", form, chunk)
            record.chunks += 1
            await asyncio.sleep(how.between_s)
        await _write(writer, "audio-stop", {})
        record.outcome = "completed"
        return True

    async def _fail(self, record: Request, writer: asyncio.StreamWriter) -> bool:
        await _write(writer, "error", {"text": self.fails, "code": "ValueError"})
        record.outcome = "refused"
        return False

    def _info(self) -> dict[str, Any]:
        voices = [
            {
                "name": name,
                "languages": [name.partition("-")[0]],
                "attribution": _ATTRIBUTION,
                "installed": True,
            }
            for name in self.voices
        ]
        program = {"name": "piper", "attribution": _ATTRIBUTION, "installed": True}
        return {"tts": [program | {"voices": voices}]}


async def _read(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    line = await reader.readline()
    if not line:
        return None
    event: dict[str, Any] = json.loads(line)
    data = event.get("data") or {}
    if length := event.get("data_length"):
        data |= json.loads(await reader.readexactly(length))
    if length := event.get("payload_length"):
        await reader.readexactly(length)
    return event | {"data": data}


async def _write(
    writer: asyncio.StreamWriter, kind: str, data: dict[str, Any], payload: bytes = b""
) -> None:
    """As wyoming 1.7 writes it: the data behind the line, where there are any."""
    head: dict[str, Any] = {"type": kind, "version": "1.7.0"}
    said = json.dumps(data, ensure_ascii=False).encode() if data else b""
    if said:
        head["data_length"] = len(said)
    if payload:
        head["payload_length"] = len(payload)
    writer.write(json.dumps(head).encode() + b"\n" + said + payload)
    await writer.drain()
