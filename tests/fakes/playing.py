"""The agent's track and the heard ledger, in front of a room that plays on virtual time."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

from agent.playout.heard_output import Playout
from agent.playout.voice_track import VoiceTrack

RATE_HZ = 24000


@dataclass
class Source:
    """Stands for the native source: a queue that plays in real time."""

    pieces: list[tuple[float, np.ndarray]] = field(default_factory=list)
    """When each piece begins to sound, and its samples."""
    ends: float = 0.0
    forgets: bool = False
    """Keep nothing: for replies of hours."""
    rate_hz: int = RATE_HZ

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def queued_duration(self) -> float:
        return max(0.0, self.ends - self._now)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        pcm = np.frombuffer(frame.data, np.int16)
        begins = max(self.ends, self._now)
        if not self.forgets:
            self.pieces.append((begins, pcm))
        self.ends = begins + len(pcm) / self.rate_hz

    def clear_queue(self) -> None:
        kept = []
        for begins, pcm in self.pieces:
            heard = round((self._now - begins) * self.rate_hz)
            if heard > 0:
                kept.append((begins, pcm[:heard]))
        self.pieces = kept
        self.ends = min(self.ends, self._now)

    async def aclose(self) -> None:
        pass

    def heard(self) -> np.ndarray:
        return np.concatenate([np.zeros(0, np.int16), *(pcm for _, pcm in self.pieces)])


class Captions(io.TextOutput):
    def __init__(self) -> None:
        super().__init__(label="captions", next_in_chain=None)
        self.text = ""
        self.segments = 0

    async def capture_text(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        self.segments += 1


async def rig() -> tuple[Source, VoiceTrack, Playout, Captions, asyncio.Task[None]]:
    source = Source()
    voice = VoiceTrack(rate_hz=RATE_HZ, source=source)  # type: ignore[arg-type]
    captions = Captions()
    playout = Playout(voice=voice, text=captions)

    async def follow() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(playout.run())
            group.create_task(voice.run())

    following = asyncio.create_task(follow())
    voice.start()
    return source, voice, playout, captions, following


def finished(playout: Playout) -> list[Any]:
    seen: list[Any] = []
    playout.audio.on("playback_finished", seen.append)
    return seen
