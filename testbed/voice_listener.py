"""Somebody who hears the interpreter: each voice track they are let hear, and when it sounded.

async with listening(livekit.url, token) as listener:
    await listener.hears_a("pt")
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc
from livekit.rtc.data_stream import StreamError
from numpy.typing import NDArray

from agent.room_protocol import SET_LANGUAGE, TOPIC_VOICE

RATE_HZ = 24000


@dataclass(slots=True)
class HeardVoice:
    """One of the agent's tracks, as it was heard."""

    name: str
    began: float = 0.0
    """When its first frame came, `time.perf_counter()` seconds."""
    pieces: list[NDArray[np.int16]] = field(default_factory=list)
    over: bool = False
    """Whether it was taken away."""

    def pcm(self) -> NDArray[np.float32]:
        """All of it, float32 mono at `RATE_HZ` in [-1, 1]."""
        whole = np.concatenate([np.zeros(0, np.int16), *self.pieces])
        return whole.astype(np.float32) / np.float32(32768)


class VoiceListener:
    """Made by `listening`."""

    def __init__(self, room: rtc.Room, tasks: asyncio.TaskGroup) -> None:
        """Hear what `room` lets one hear."""
        self.room = room
        self.heard: dict[str, HeardVoice] = {}
        """By the track's sid."""
        self.told: list[tuple[float, dict[str, Any]]] = []
        """What the agent told of its voices, each with its time."""
        self._tasks = tasks
        self._listening: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        room.on("track_subscribed", self._on_track)
        room.on("track_unsubscribed", self._on_gone)
        room.register_text_stream_handler(TOPIC_VOICE, self._on_told)

    @property
    def agent(self) -> rtc.RemoteParticipant | None:
        """The agent in the room."""
        kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        others = self.room.remote_participants.values()
        return next((other for other in others if other.kind == kind), None)

    @property
    def voices(self) -> list[str]:
        """Names of the tracks that are heard now."""
        return [voice.name for voice in self.heard.values() if not voice.over]

    def voice(self, name: str) -> HeardVoice:
        """The newest track of a name."""
        return [voice for voice in self.heard.values() if voice.name == name][-1]

    async def speaks(self, speaks: str, *, hears: str) -> None:
        """Say which language one speaks and hears, once the agent is there."""
        await self.until(lambda: self.agent is not None)
        assert self.agent is not None
        await self.room.local_participant.perform_rpc(
            destination_identity=self.agent.identity,
            method=SET_LANGUAGE,
            payload=json.dumps({"speaks": speaks, "hears": hears}),
        )

    async def hears_a(self, name: str) -> None:
        """Wait until a track of this name is heard."""
        await self.until(lambda: name in self.voices)

    async def until(self, holds: Callable[[], bool], *, within_s: float = 20.0) -> None:
        """Wait until something holds of what was heard and told."""
        async with asyncio.timeout(within_s):
            while not holds():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await self._changed.wait()

    def leave(self) -> None:
        """Listen no more."""
        for task in self._listening.values():
            task.cancel()

    def _on_track(
        self, track: rtc.Track, _: rtc.RemoteTrackPublication, owner: rtc.RemoteParticipant
    ) -> None:
        if owner.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            voice = self.heard[track.sid] = HeardVoice(track.name)
            hearing = self._tasks.create_task(self._hear(track, voice), name="hear-voice")
            self._listening[track.sid] = hearing
            self._changed.set()

    def _on_gone(self, track: rtc.Track, *_: object) -> None:
        if track.sid in self.heard:
            self.heard[track.sid].over = True
            self._listening.pop(track.sid).cancel()
            self._changed.set()

    async def _hear(self, track: rtc.Track, voice: HeardVoice) -> None:
        stream = rtc.AudioStream.from_track(track=track, sample_rate=RATE_HZ, num_channels=1)
        try:
            async for event in stream:
                pcm = np.frombuffer(event.frame.data, np.int16)
                if not voice.pieces:
                    voice.began = time.perf_counter() - len(pcm) / RATE_HZ
                voice.pieces.append(pcm)
        finally:
            await stream.aclose()

    def _on_told(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._tasks.create_task(self._read(reader), name="told-of-voice")

    async def _read(self, reader: rtc.TextStreamReader) -> None:
        with contextlib.suppress(StreamError):
            told = json.loads(await reader.read_all())
            self.told.append((time.perf_counter(), told))
            self._changed.set()


@asynccontextmanager
async def listening(url: str, token: str) -> AsyncIterator[VoiceListener]:
    """Join without a microphone; leave when the block ends."""
    room = rtc.Room()
    async with asyncio.TaskGroup() as tasks:
        listener = VoiceListener(room, tasks)
        await room.connect(url, token)
        try:
            yield listener
        finally:
            listener.leave()
            await room.disconnect()
