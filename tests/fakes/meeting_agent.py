"""An agent in a meeting that a test directs: it captions, speaks and answers as the worker does.

See docs/interpreter.md and docs/room-protocol.md for what it sends.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit import rtc

from agent.room_protocol import (
    CAPTION,
    CAPTION_OF,
    CLONE_VOICE,
    CLONING,
    FINAL,
    LANGUAGE,
    MODE,
    RECORDED,
    SEGMENT,
    SET_LANGUAGE,
    TOPIC_CAPTIONS,
    TOPIC_CLONE,
    TOPIC_NOTICE,
    TOPIC_VOICE,
    TRACK,
    UNTRANSLATED,
)
from rejoinder.stand_ins import tones
from testbed.livekit_process import LiveKitProcess
from testbed.waiting import until

RATE_HZ = 48000
FRAME = RATE_HZ // 50


class MeetingAgent:
    """One agent in one room; made by `agent_in`.

    Attributes:
        told: what people said of their languages, as (name, message), in order.
        asked: what people asked for as their own voice, the same.
        stands: what they are answered, by what they ask; an exception is raised.
    """

    def __init__(self, room: rtc.Room) -> None:
        self.room = room
        self.told: asyncio.Queue[tuple[str, dict[str, str]]] = asyncio.Queue()
        self.asked: asyncio.Queue[tuple[str, dict[str, bool]]] = asyncio.Queue()
        self.stands: dict[bool | None, dict[str, Any] | rtc.RpcError] = {None: {"state": "none"}}

    async def identity(self, name: str) -> str:
        """Of somebody in the room, by their name."""
        return (await self._person(name)).identity

    async def track(self, name: str) -> str:
        """Sid of somebody's microphone; empty without one."""
        return next(iter((await self._person(name)).track_publications), "")

    async def _person(self, name: str) -> rtc.RemoteParticipant:
        """Who has joined; a page may know it before the agent does."""
        people = self.room.remote_participants
        await until(lambda: any(person.name == name for person in people.values()), name)
        return next(person for person in people.values() if person.name == name)

    def answer(self) -> None:
        """From now on answer who says their languages."""
        self.room.local_participant.register_rpc_method(SET_LANGUAGE, self._set_language)

    async def offers_own_voices(self) -> None:
        """People may be heard in their own voice."""
        self.room.local_participant.register_rpc_method(CLONE_VOICE, self._clone_voice)
        await self.room.local_participant.set_attributes({CLONING: "ask"})

    async def records(self, kept: str) -> None:
        """Tell that the room is kept: `audio`, `events`, or empty."""
        await self.room.local_participant.set_attributes({RECORDED: kept})

    async def asks(self) -> tuple[str, dict[str, bool]]:
        """The next call about somebody's own voice: their name, and what they ask."""
        async with asyncio.timeout(10):
            return await self.asked.get()

    async def tell_of_voice(self, name: str, state: str, text: str) -> None:
        """Tell somebody alone what has become of their own voice."""
        message = json.dumps({"state": state, "why": "agreed", "text": text})
        await self.room.local_participant.send_text(
            message, topic=TOPIC_CLONE, destination_identities=[await self.identity(name)]
        )

    async def languages(self) -> tuple[str, dict[str, str]]:
        """The next message on somebody's languages: their name, and what they said."""
        async with asyncio.timeout(10):
            return await self.told.get()

    async def caption(
        self, name: str, text: str, *, segment: str, language: str, final: bool = True
    ) -> None:
        """Show what somebody said."""
        await self._write(
            name, text, segment, {LANGUAGE: language, CAPTION: "original", FINAL: _flag(final)}
        )

    async def translate(
        self, name: str, text: str, *, of: str, language: str, works: bool = True
    ) -> None:
        """Show a translation of what somebody said."""
        told = {LANGUAGE: language, CAPTION: "translation", FINAL: "true", CAPTION_OF: of}
        untranslated = {} if works else {UNTRANSLATED: "true"}
        await self._write(name, text, f"{of}-{language}", told | untranslated)

    async def voice(self, name: str, *, language: str, segment: str, playing: bool) -> None:
        """Tell that somebody's translation begins to sound, or is over."""
        message = {
            "speaker": await self.identity(name),
            "language": language,
            "segment": segment,
            "playing": playing,
        }
        await self.tell(TOPIC_VOICE, message)

    async def notice(self, text: str, *, level: str = "error") -> None:
        """Show everybody something."""
        await self.tell(TOPIC_NOTICE, {"level": level, "stage": "session", "text": text})

    async def tell(self, topic: str, message: Any) -> None:
        """Send one JSON message."""
        await self.room.local_participant.send_text(json.dumps(message), topic=topic)

    @asynccontextmanager
    async def speaking(self, language: str) -> AsyncIterator[None]:
        """Have a voice track of a language, and speak in it for as long as the block lasts."""
        source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=200)
        track = rtc.LocalAudioTrack.create_audio_track(language, source)
        publication = await self.room.local_participant.publish_track(track)
        async with asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(_play(source), name="fake-voice")
            try:
                yield
            finally:
                playing.cancel()
                await self.room.local_participant.unpublish_track(publication.sid)

    async def _write(self, name: str, text: str, segment: str, told: dict[str, str]) -> None:
        writer = await self.room.local_participant.stream_text(
            topic=TOPIC_CAPTIONS,
            sender_identity=await self.identity(name),
            attributes={SEGMENT: segment, TRACK: await self.track(name), **told},
        )
        await writer.write(text)
        await writer.aclose()

    async def _clone_voice(self, call: rtc.RpcInvocationData) -> str:
        caller = self.room.remote_participants.get(call.caller_identity)
        asked = json.loads(call.payload)
        await self.asked.put((caller.name if caller else "", asked))
        answer = self.stands[asked.get("ask")]
        if isinstance(answer, rtc.RpcError):
            raise answer
        return json.dumps(answer)

    async def _set_language(self, call: rtc.RpcInvocationData) -> str:
        caller = self.room.remote_participants.get(call.caller_identity)
        if caller is None:  # a call may be faster than the news that somebody has come
            raise rtc.RpcError(404, "who are you?")
        await self.told.put((caller.name, json.loads(call.payload)))
        return call.payload


@asynccontextmanager
async def agent_in(
    livekit: LiveKitProcess,
    room: str,
    *,
    mode: str = "interpret",
    identity: str = "agent-1",
    answers: bool = True,
) -> AsyncIterator[MeetingAgent]:
    """An agent in a room until the block ends; it `answers` who says their languages."""
    joined = rtc.Room()
    agent = MeetingAgent(joined)
    await joined.connect(livekit.url, livekit.token(room, identity, agent=True))
    try:
        if answers:
            agent.answer()
        await joined.local_participant.set_attributes({MODE: mode})
        yield agent
    finally:
        await joined.disconnect()


async def _play(source: rtc.AudioSource) -> None:
    pcm = tones.speak(range(4), rate_hz=RATE_HZ)
    while True:
        for at in range(0, len(pcm), FRAME * 2):
            piece = pcm[at : at + FRAME * 2].ljust(FRAME * 2, b"\0")
            await source.capture_frame(rtc.AudioFrame(piece, RATE_HZ, 1, FRAME))


def _flag(value: bool) -> str:
    return "true" if value else "false"
