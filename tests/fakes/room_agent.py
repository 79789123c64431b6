"""An agent without engines: a test tells it what to say, to show and to hear.

It speaks to the room as the worker does (docs/room-protocol.md): voice, captions of both
sides, state, engines, turns, sources and notices.
"""

import asyncio
import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from livekit import rtc

from rejoinder.stand_ins import tones

RATE_HZ = 48000
FRAME = RATE_HZ // 50
ENGINES = {
    "rejoinder.stt": "openai · whisper-tiny.en",
    "rejoinder.llm": "handbook · 9 documents",
    "rejoinder.tts": "openai · en_US-hibari-heart",
}


class RoomAgent:
    """One agent in one room; give `RoomAgent.scene` to a ScriptedWorker.

    Attributes:
        here: agents that are in their rooms, in order of arrival.
        chat: typed messages that arrived.
        caller: identity of the caller, once there.
    """

    def __init__(self) -> None:
        self.here: asyncio.Queue[RoomAgent] = asyncio.Queue()
        self.chat: asyncio.Queue[str] = asyncio.Queue()
        self.caller = ""
        self.room: rtc.Room
        self._source: rtc.AudioSource
        self._readers: set[asyncio.Task[None]] = set()
        self._words: dict[str, int] = {}

    async def scene(self, room: rtc.Room) -> None:
        """Enter a room and stay until it is left."""
        agent = RoomAgent()
        agent.room = room
        agent.caller = next(iter(room.remote_participants), "")
        room.register_text_stream_handler("lk.chat", agent._on_chat)
        agent._source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=200)
        await agent.attributes({"lk.agent.state": "initializing", **ENGINES})
        track = rtc.LocalAudioTrack.create_audio_track("voice", agent._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await room.local_participant.publish_track(track, options)
        await agent.state("listening")
        await self.here.put(agent)
        try:
            await asyncio.Event().wait()
        finally:
            for reader in agent._readers:
                reader.cancel()

    async def attributes(self, values: dict[str, str]) -> None:
        """Set participant attributes."""
        await self.room.local_participant.set_attributes(values)

    async def state(self, state: str) -> None:
        """Set `lk.agent.state`."""
        await self.attributes({"lk.agent.state": state})

    async def hear(self, text: str, *, segment: str | None = None, final: bool = True) -> str:
        """Show the caller's caption so far, whole; gives the id of its segment."""
        segment = segment or f"SG_{secrets.token_hex(4)}"
        writer = await self.room.local_participant.stream_text(
            topic="lk.transcription",
            sender_identity=self.caller,
            attributes={
                "lk.segment_id": segment,
                "lk.transcription_final": "true" if final else "false",
            },
        )
        await writer.write(text)
        await writer.aclose()
        return segment

    async def say(
        self,
        text: str,
        *,
        word_s: float = tones.WORD_S,
        stop_after: int | None = None,
        aloud: bool = True,
    ) -> None:
        """Speak word by word, each a tone, the caption in step; a barge-in ends it early."""
        await self.state("speaking")
        words = text.split(" ")[:stop_after]
        writer = await self.room.local_participant.stream_text(
            topic="lk.transcription",
            attributes={
                "lk.segment_id": f"SG_{secrets.token_hex(4)}",
                "lk.transcription_final": "false",
            },
        )
        for n, word in enumerate(words):
            await writer.write(word if n == 0 else f" {word}")
            if aloud:
                await self._play(tones.speak([self._index(word)], rate_hz=RATE_HZ))
            else:
                await asyncio.sleep(word_s)
        await writer.aclose(attributes={"lk.transcription_final": "true"})
        await self.state("listening")

    async def tell(self, topic: str, message: dict[str, Any]) -> None:
        """Send one JSON message on `rejoinder.<topic>`."""
        await self.room.local_participant.send_text(json.dumps(message), topic=f"rejoinder.{topic}")

    async def turn(self, number: int, stages: Sequence[tuple[str, int, int]], **more: Any) -> None:
        """Report where a turn's time went: (stage, from ms, to ms)."""
        message: dict[str, Any] = {
            "turn": number,
            "interrupted": False,
            "stages": [{"stage": s, "from_ms": a, "to_ms": b} for s, a, b in stages],
            "total_ms": max((b for _, _, b in stages), default=0),
        }
        await self.tell("turn", message | more)

    async def _play(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), FRAME * 2):
            piece = pcm[at : at + FRAME * 2].ljust(FRAME * 2, b"\0")
            await self._source.capture_frame(rtc.AudioFrame(piece, RATE_HZ, 1, FRAME))

    def _index(self, word: str) -> int:
        return self._words.setdefault(word.lower().strip(".,?!"), len(self._words))

    def _on_chat(self, reader: rtc.TextStreamReader, identity: str) -> None:
        task = asyncio.get_running_loop().create_task(self._read(reader), name="fake-agent-chat")
        self._readers.add(task)
        task.add_done_callback(self._readers.discard)

    async def _read(self, reader: rtc.TextStreamReader) -> None:
        with suppress(asyncio.CancelledError):
            await self.chat.put(await reader.read_all())
