"""Callers unlike the scripted one: other tracks, text alone, many connections."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
from livekit import rtc
from livekit.rtc.data_stream import StreamError

from agent.room_protocol import (
    TOPIC_BUFFERED,
    TOPIC_CAPTIONS,
    TOPIC_CHAT,
    TOPIC_NOTICE,
    TOPIC_PICTURE,
)
from rejoinder.scripted_caller.microphone import RATE_HZ, Microphone, Pcm
from testbed.waiting import PATIENCE_S
from tests.fakes.tasks import Spawned


class TextCaller:
    """Reads and writes; takes no track and publishes none."""

    def __init__(self, room: rtc.Room, tasks: Spawned) -> None:
        self.room = room
        self.captions: list[tuple[str, str]] = []
        """Sender's identity and text, in the order of their ends."""
        self.notices: list[dict[str, Any]] = []
        self.pictures: list[dict[str, Any]] = []
        """What became of the pictures that were sent."""
        self._tasks = tasks
        self.heard = asyncio.Event()
        room.register_text_stream_handler(TOPIC_CAPTIONS, self._on_caption)
        for topic, told in ((TOPIC_NOTICE, self.notices), (TOPIC_PICTURE, self.pictures)):
            self._collect(topic, told)

    async def type(self, text: str) -> None:
        await self.room.local_participant.send_text(text, topic=TOPIC_CHAT)

    async def until(self, holds: Any, *, within_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(within_s):
            while not holds():
                await asyncio.sleep(0.02)

    def agents(self) -> list[rtc.RemoteParticipant]:
        kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        return [p for p in self.room.remote_participants.values() if p.kind == kind]

    def said(self) -> list[str]:
        """What the agent said, by its captions."""
        me = self.room.local_participant.identity
        return [text.strip() for sender, text in self.captions if sender != me]

    def _on_caption(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._tasks.spawn(self._caption(reader, sender))

    async def _caption(self, reader: rtc.TextStreamReader, sender: str) -> None:
        with suppress(StreamError):
            self.captions.append((sender, await reader.read_all()))

    def _collect(self, topic: str, told: list[dict[str, Any]]) -> None:
        async def read(reader: rtc.TextStreamReader) -> None:
            with suppress(StreamError):
                told.append(json.loads(await reader.read_all()))

        self.room.register_text_stream_handler(
            topic, lambda reader, _: self._tasks.spawn(read(reader))
        )


@asynccontextmanager
async def joined_by_text(url: str, token: str, *, hears: bool = False) -> AsyncIterator[TextCaller]:
    """Join without a microphone and, unless `hears`, without taking any track."""
    room = rtc.Room()
    async with Spawned() as tasks:
        caller = TextCaller(room, tasks)
        await room.connect(url, token, rtc.RoomOptions(auto_subscribe=hears))
        try:
            yield caller
        finally:
            await room.disconnect()


@asynccontextmanager
async def speaking(
    room: rtc.Room, source: rtc.TrackSource.ValueType, *, buffered: bool = False
) -> AsyncIterator[Microphone]:
    """Publish a microphone under some source into a joined room; the agent hears it by then.

    `buffered`: it was recorded while nobody heard it; `send_buffer` sends that.
    """
    microphone = Microphone()
    async with Spawned() as tasks:
        track = rtc.LocalAudioTrack.create_audio_track("mic", microphone.source)
        options = rtc.TrackPublishOptions(source=source, preconnect_buffer=buffered)
        published = await room.local_participant.publish_track(track, options)
        async with asyncio.timeout(10):
            await published.wait_for_subscription()
        tasks.spawn(microphone.run())
        yield microphone
    await microphone.source.aclose()


async def send_buffer(room: rtc.Room, track: str, pcm: Pcm) -> None:
    """Send what was said on this track before anybody heard it, as mobile clients do."""
    samples = (np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes()
    writer = await room.local_participant.stream_bytes(
        "preconnect-buffer",
        mime_type="audio/pcm",
        topic=TOPIC_BUFFERED,
        attributes={"trackId": track, "sampleRate": str(RATE_HZ), "channels": "1"},
    )
    await writer.write(samples)
    await writer.aclose()
