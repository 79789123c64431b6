"""A captioned or interpreted room: who reads, listens and speaks in it, and who calls by telephone.

async with meeting(livekit, "interpreter") as room:
    bob = await room.listens("bob", "pt", hears="pt")
    ann = await room.speaks("ann", "en")
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from livekit import rtc

from agent.audio.streams import is_audible
from agent.room_protocol import HEARS, SPEAKS
from agent.turns.words import tokens
from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.scripted_caller.microphone import Microphone, Pcm
from testbed.caption_reader import CaptionReader, reading
from testbed.livekit_process import LiveKitProcess
from testbed.voice_listener import RATE_HZ as HEARD_HZ
from testbed.voice_listener import VoiceListener, listening

SHARED_FRAME_S = 0.05
"""Several microphones in one process take long frames: short ones come late on a busy machine."""
MIX = "phone"
"""Name of the track that is made for a telephone."""
_HEARD_S = 0.5
"""What has been silent for so long is heard no longer."""


def says(text: str, sentence: str) -> bool:
    """Whether a text is of a sentence: tiny.en mishears a word now and then."""
    said = tokens(sentence)
    return sum(word in tokens(text) for word in said) >= 0.6 * len(said)


class Meeting:
    """A room, and who is in it. The agent comes with the first of them."""

    def __init__(
        self, livekit: LiveKitProcess, stack: AsyncExitStack, agent: str, metadata: str
    ) -> None:
        self.livekit = livekit
        self.name = f"room-{secrets.token_hex(4)}"
        self.people: list[str] = []
        """Who was let in, in this order."""
        self._stack = stack
        self._agent, self._metadata = agent, metadata

    def token(self, identity: str, **options: Any) -> str:
        """To join with; the first one dispatches the agent."""
        self.people.append(identity)
        dispatch, self._agent = self._agent, ""
        metadata = self._metadata if dispatch else ""
        return self.livekit.token(
            self.name, identity, dispatch=dispatch, metadata=metadata, **options
        )

    async def reads(self, identity: str = "reader") -> CaptionReader:
        """Somebody who reads what is written; the agent is there by then."""
        reader = await self._stack.enter_async_context(
            reading(self.livekit.url, self.token(identity))
        )
        await reader.until(lambda: reader.agent is not None)
        return reader

    async def listens(self, identity: str, speaks: str, *, hears: str) -> VoiceListener:
        """Somebody without a microphone, who says which language they want to hear."""
        listener = await self._stack.enter_async_context(
            listening(self.livekit.url, self.token(identity))
        )
        await listener.speaks(speaks, hears=hears)
        return listener

    async def speaks(self, identity: str, language: str | None = None, **options: Any) -> Caller:
        """Somebody with a microphone, whom the agent hears by then; see `speaking`."""
        return await self._stack.enter_async_context(self.speaking(identity, language, **options))

    @asynccontextmanager
    async def speaking(
        self,
        identity: str,
        language: str | None = None,
        *,
        url: str = "",
        frame_s: float = SHARED_FRAME_S,
        phone: bool = False,
    ) -> AsyncIterator[Caller]:
        """The same, until the block ends.

        Args:
            identity: who they are.
            language: that they speak, and who hear none translated; None: they do not say.
            url: another way to the server.
            frame_s: of their microphone.
            phone: whether they call by telephone.
        """
        attributes = {} if language is None else {SPEAKS: language, HEARS: ""}
        token = self.token(identity, phone=phone, attributes=attributes)
        async with join(url or self.livekit.url, token, frame_s=frame_s) as caller:
            await microphone_is_heard(caller.room)
            yield caller

    async def talks(
        self, speaks: str, *, hears: str, identity: str = "talker", phone: bool = False
    ) -> "Talker":
        """Somebody who speaks and hears, by telephone or not; the agent hears them by then."""
        token = self.token(identity, phone=phone, attributes={SPEAKS: speaks, HEARS: hears})
        talker = await self._stack.enter_async_context(talking(self.livekit.url, token))
        await microphone_is_heard(talker.listener.room)
        return talker

    async def calls(self, speaks: str, *, hears: str) -> "Talker":
        """Somebody calls by telephone."""
        return await self.talks(speaks, hears=hears, identity="sip_+15550199", phone=True)


def meeting(
    livekit: LiveKitProcess, agent: str, metadata: str = ""
) -> AbstractAsyncContextManager[Meeting]:
    """A room that a named agent is sent into, with its job's metadata."""

    @asynccontextmanager
    async def place() -> AsyncIterator[Meeting]:
        async with AsyncExitStack() as stack:
            yield Meeting(livekit, stack, agent, metadata)

    return place()


async def microphone_is_heard(room: rtc.Room) -> None:
    """Wait until the agent hears somebody's own microphone."""
    [microphone] = room.local_participant.track_publications.values()
    async with asyncio.timeout(20):
        await microphone.wait_for_subscription()


class Talker:
    """Somebody with a microphone, and what they hear: the agent's tracks and everybody's own."""

    def __init__(
        self, listener: VoiceListener, microphone: Microphone, tasks: asyncio.TaskGroup
    ) -> None:
        self.listener = listener
        self.microphone = microphone
        self._tasks = tasks
        self._sounded: dict[str, float] = {}
        """When each person's own track last sounded."""
        self._listening: list[asyncio.Task[None]] = []
        listener.room.on("track_subscribed", lambda track, _, by: self._listen(track, by))

    @property
    def hears(self) -> set[str]:
        """What sounds: the agent's tracks by their names, people's own by their identities.

        A client is not told that the server takes a track from it: the track falls silent.
        """
        now = time.perf_counter()
        people = {who for who, at in self._sounded.items() if now - at < _HEARD_S}
        return people | set(self.listener.voices)

    async def is_left_with(self, *whom: str) -> None:
        """Wait until they hear these and nothing else."""
        await self.listener.until(lambda: self.hears == set(whom))

    def mix(self) -> Pcm:
        """A telephone's track, as far as it was heard."""
        return self.listener.voice(MIX).pcm()

    def hang_up(self) -> None:
        """Listen no more."""
        for task in self._listening:
            task.cancel()

    def _listen(self, track: rtc.Track, by: rtc.RemoteParticipant) -> None:
        if by.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            listening = self._tasks.create_task(self._hear(track, by.identity), name="hear")
            self._listening.append(listening)

    async def _hear(self, track: rtc.Track, identity: str) -> None:
        stream = rtc.AudioStream.from_track(track=track, sample_rate=HEARD_HZ, num_channels=1)
        try:
            async for event in stream:
                if is_audible(event.frame):
                    self._sounded[identity] = time.perf_counter()
        finally:
            await stream.aclose()


@asynccontextmanager
async def talking(url: str, token: str) -> AsyncIterator[Talker]:
    """Join with a microphone; hang up when the block ends."""
    async with listening(url, token) as listener, asyncio.TaskGroup() as tasks:
        microphone = Microphone(frame_s=SHARED_FRAME_S)
        talker = Talker(listener, microphone, tasks)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", microphone.source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await listener.room.local_participant.publish_track(track, options)
        speaking = tasks.create_task(microphone.run(), name="microphone")
        try:
            yield talker
        finally:
            speaking.cancel()
            talker.hang_up()
            await microphone.source.aclose()
