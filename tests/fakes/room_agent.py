"""An agent without engines: a test tells it what to say, to show, to hear and to do.

It speaks to the room as the worker does (docs/room-protocol.md): voice, captions of both
sides, state, engines, turns, sources and notices; it answers remote procedure calls and is shown
pictures.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Picture:
    """As it arrived."""

    name: str
    mime_type: str
    body: bytes


class RoomAgent:
    """One agent in one room; give `RoomAgent.scene` to a ScriptedWorker.

    Attributes:
        here: agents that are in their rooms, in order of arrival.
        chat: typed messages that arrived.
        pictures: pictures that arrived, whole.
        asked: remote procedure calls that arrived: method and payload.
        caller: identity of the caller, once there.
    """

    def __init__(self) -> None:
        self.here: asyncio.Queue[RoomAgent] = asyncio.Queue()
        self.chat: asyncio.Queue[str] = asyncio.Queue()
        self.pictures: asyncio.Queue[Picture] = asyncio.Queue()
        self.asked: list[tuple[str, dict[str, Any]]] = []
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
        room.register_byte_stream_handler("images", agent._on_picture)
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

    def answer(self, method: str, answer: Callable[[dict[str, Any]], Any]) -> None:
        """Answer this remote procedure call: `answer` is given the payload, or raises RpcError."""

        async def answered(call: rtc.RpcInvocationData) -> str:
            wish = json.loads(call.payload)
            self.asked.append((method, wish))
            return json.dumps(answer(wish))

        self.room.local_participant.register_rpc_method(method, answered)

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
        self._read(self._chat(reader))

    def _on_picture(self, reader: rtc.ByteStreamReader, identity: str) -> None:
        self._read(self._picture(reader))

    def _read(self, reading: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(reading, name="fake-agent-reader")
        self._readers.add(task)
        task.add_done_callback(self._readers.discard)

    async def _chat(self, reader: rtc.TextStreamReader) -> None:
        with suppress(asyncio.CancelledError):
            await self.chat.put(await reader.read_all())

    async def _picture(self, reader: rtc.ByteStreamReader) -> None:
        with suppress(asyncio.CancelledError):
            body = b"".join([piece async for piece in reader])
            assert len(body) == reader.info.size
            await self.pictures.put(Picture(reader.info.name, reader.info.mime_type, body))
