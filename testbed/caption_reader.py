"""Somebody in a room who reads the captions of all: each segment as it came, with its times.

async with reading(livekit.url, token) as reader:
    await reader.until(lambda: reader.written("pt"))
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from livekit import rtc
from livekit.rtc.data_stream import StreamError

from agent.room_protocol import (
    CAPTION,
    CAPTION_OF,
    FINAL,
    LANGUAGE,
    SEGMENT,
    TOPIC_CAPTIONS,
    TOPIC_NOTICE,
    TRACK,
    UNTRANSLATED,
)


@dataclass(slots=True)
class Segment:
    """A caption, by its newest version."""

    number: str
    speaker: str
    track: str
    language: str
    kind: str
    of: str
    untranslated: bool
    text: str = ""
    final: bool = False
    versions: list[tuple[float, str, bool]] = field(default_factory=list)
    """Each version: when it was whole, `time.perf_counter()` seconds, its text, whether final."""

    @property
    def shown(self) -> float:
        """When the first final version was there."""
        return next(at for at, _, final in self.versions if final)


class CaptionReader:
    """Made by `reading`."""

    def __init__(self, room: rtc.Room, tasks: asyncio.TaskGroup) -> None:
        """Read what `room` is sent."""
        self.room = room
        self.segments: dict[str, Segment] = {}
        self.notices: list[str] = []
        self._tasks = tasks
        self._changed = asyncio.Event()
        room.register_text_stream_handler(TOPIC_CAPTIONS, self._on_caption)
        room.register_text_stream_handler(TOPIC_NOTICE, self._on_notice)

    @property
    def agent(self) -> rtc.RemoteParticipant | None:
        """The agent in the room."""
        kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        others = self.room.remote_participants.values()
        return next((other for other in others if other.kind == kind), None)

    def final(self, *, kind: str = "", language: str = "", speaker: str = "") -> list[Segment]:
        """Segments that are final and not empty, in the order of their coming."""
        return [
            segment
            for segment in self.segments.values()
            if segment.final
            and segment.text
            and kind in ("", segment.kind)
            and language in ("", segment.language)
            and speaker in ("", segment.speaker)
        ]

    def text(self, **which: str) -> str:
        """Their texts after each other."""
        return " ".join(segment.text for segment in self.final(**which))

    async def until(self, holds: Callable[[], bool], *, within_s: float = 20.0) -> None:
        """Wait until something holds of what was read."""
        async with asyncio.timeout(within_s):
            while not holds():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await self._changed.wait()

    def _on_caption(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._tasks.create_task(self._read(reader, sender), name="caption")

    async def _read(self, reader: rtc.TextStreamReader, sender: str) -> None:
        try:
            text = await reader.read_all()
        except StreamError:
            return
        told = reader.info.attributes or {}
        segment = self.segments.setdefault(
            told[SEGMENT],
            Segment(
                told[SEGMENT],
                sender,
                told.get(TRACK, ""),
                told.get(LANGUAGE, ""),
                told.get(CAPTION, ""),
                told.get(CAPTION_OF, ""),
                UNTRANSLATED in told,
            ),
        )
        final = told.get(FINAL) == "true"
        segment.text, segment.final = text, final
        segment.language = told.get(LANGUAGE, "")
        segment.versions.append((time.perf_counter(), text, final))
        self._changed.set()

    def _on_notice(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._tasks.create_task(self._notice(reader), name="notice")

    async def _notice(self, reader: rtc.TextStreamReader) -> None:
        with contextlib.suppress(StreamError):
            self.notices.append(json.loads(await reader.read_all())["text"])
            self._changed.set()


@asynccontextmanager
async def reading(url: str, token: str) -> AsyncIterator[CaptionReader]:
    """Join without a microphone and without hearing; leave when the block ends."""
    room = rtc.Room()
    async with asyncio.TaskGroup() as tasks:
        reader = CaptionReader(room, tasks)
        await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
        try:
            yield reader
        finally:
            await room.disconnect()
