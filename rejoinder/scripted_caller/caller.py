"""A caller without a browser: joins a room, speaks from memory, hears and reads all.

The room tests, `rejoinder call` and the benchmarks are built on it.
"""

import asyncio
import contextlib
import json
import time
import wave
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from livekit import rtc
from livekit.rtc.data_stream import StreamError

from agent.errors import RejoinderError
from agent.remote.proxies import let_native_client_reach
from agent.room_protocol import (
    FINAL,
    SEGMENT,
    STATE,
    TOPIC_CAPTIONS,
    TOPIC_CHAT,
    TOPIC_COST,
    TOPIC_NOTICE,
    TOPIC_SOURCE,
    TOPIC_TOOL,
    TOPIC_TURN,
)
from agent.tasks import begin, undivided
from rejoinder.scripted_caller.hearing import Hearing, Pcm, voiced_span
from rejoinder.scripted_caller.microphone import FRAME_S, RATE_HZ, Microphone, Utterance

_LOOK_S = 0.05
_BREATH_S = 0.6
"""Pauses of a speaker who goes on are shorter, seconds; the next answer takes longer."""

_JOIN_S = 2.0
"""Longest time that a caller who hangs up while joining waits for the server."""


class NoAgentError(RejoinderError):
    """Nobody answered: no agent joined the room in time."""


class CallLost(RejoinderError):
    """The connection to the room ended before the caller hung up."""


@dataclass(slots=True)
class Caption:
    """One segment of speech as text. Times are `time.perf_counter()` seconds."""

    segment: str
    by_agent: bool
    text: str
    began: float
    updated: float
    """When the text last changed."""
    final: bool = False


@dataclass(slots=True)
class Exchange:
    """What the caller measured around one utterance of its own; milliseconds."""

    voice_to_voice_ms: float | None = None
    """Last voiced sample said → first sound heard after it."""
    barge_in_ms: float | None = None
    """First voiced sample said → last sound of the agent's interrupted speech."""


@dataclass(slots=True)
class Log:
    """Everything the room told, in order of arrival, each with its arrival time."""

    captions: list[Caption] = field(default_factory=list)
    turns: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    costs: list[dict[str, Any]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    states: list[tuple[float, str]] = field(default_factory=list)


class Caller:
    """One joined caller. Made by `join`."""

    def __init__(
        self,
        room: rtc.Room,
        microphone: Microphone,
        hearing: Hearing,
        group: asyncio.TaskGroup,
        *,
        speaks: bool = True,
    ) -> None:
        """Wire the room's events; `join` does this."""
        self.room = room
        self.microphone = microphone
        self.hearing = hearing
        self.log = Log()
        self._group = group
        self._speaks = speaks
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()
        self._closed = False
        """Whether somebody has closed the room."""
        room.on("disconnected", self._on_disconnected)
        room.on("track_subscribed", self._on_track)
        room.on("participant_attributes_changed", self._on_attributes)
        room.on("participant_connected", lambda _: self._changed.set())
        room.on("participant_disconnected", lambda _: self._changed.set())
        room.register_text_stream_handler(TOPIC_CAPTIONS, self._on_caption)
        for topic, sink in (
            (TOPIC_TURN, self.log.turns),
            (TOPIC_NOTICE, self.log.notices),
            (TOPIC_SOURCE, self.log.sources),
            (TOPIC_COST, self.log.costs),
            (TOPIC_TOOL, self.log.tools),
        ):
            self._collect(topic, sink)

    @property
    def agent(self) -> rtc.RemoteParticipant | None:
        """The agent in the room, if one has joined; of several the newest: the others are dead."""
        kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        agents = [p for p in self.room.remote_participants.values() if p.kind == kind]
        return agents[-1] if agents else None

    async def wait_for_agent(self, *, timeout_s: float = 20.0) -> rtc.RemoteParticipant:
        """Wait until an agent is in the room and its track is heard, if any is taken.

        Raises:
            NoAgentError: none came in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while (agent := self.agent) is None or (self._speaks and self._listening is None):
                    await self._next_change()
        except TimeoutError:
            raise NoAgentError(
                f"no agent joined within {timeout_s:.0f} s: is a worker registered with this "
                "server, and is it free?"
            ) from None
        return agent

    async def wait_for_state(self, *states: str, timeout_s: float = 20.0) -> str:
        """Wait until the agent's state is one of `states`; return it."""
        async with asyncio.timeout(timeout_s):
            while True:
                state = self.agent.attributes.get(STATE, "") if self.agent else ""
                if state in states:
                    return state
                await self._next_change()

    async def wait_until(self, condition: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
        """Wait until `condition()` holds; looked at whenever the room tells something."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await self._next_change()

    async def say(self, pcm: Pcm) -> Utterance:
        """Speak (float32 mono 48 kHz) and return when the last sample has left."""
        utterance = self.microphone.say(pcm)
        await utterance.done.wait()
        return utterance

    async def wait_for_answer(self, utterance: Utterance, *, timeout_s: float = 30.0) -> float:
        """Wait for the first sound of the answer; return its `time.perf_counter()`."""
        _, last = self._voiced(utterance)
        async with asyncio.timeout(timeout_s):
            return await self.hearing.wait_for_sound(after=self._deaf_until(utterance, last))

    async def wait_for_reply(
        self, utterance: Utterance, *, timeout_s: float = 60.0, quiet_s: float = 1.2
    ) -> Exchange:
        """Wait until the answer to `utterance` was heard to its end; measure it.

        A reply is over when the agent listens again and nothing was heard for `quiet_s`.
        """
        await self.wait_for_answer(utterance, timeout_s=timeout_s)
        async with asyncio.timeout(timeout_s):
            while True:
                await self.hearing.wait_for_silence(lasting_s=quiet_s)
                if self._listens():
                    return self.measure(utterance)
                await asyncio.sleep(_LOOK_S)

    def measure(self, utterance: Utterance) -> Exchange:
        """How fast an utterance silenced the agent and was answered, as far as known now."""
        first, last = self._voiced(utterance)
        answered = self._deaf_until(utterance, last)
        exchange = Exchange()
        for sound in self.hearing.sounds(join_s=_BREATH_S):
            if sound.began < first < sound.ended + _BREATH_S:
                exchange.barge_in_ms = max(0.0, (sound.ended - first) * 1e3)
            elif sound.began > answered and exchange.voice_to_voice_ms is None:
                exchange.voice_to_voice_ms = (sound.began - last) * 1e3
        return exchange

    async def type(self, text: str) -> None:
        """Send a chat message to the agent."""
        sending = self.room.local_participant.send_text(text, topic=TOPIC_CHAT)
        await undivided(sending, name="type")

    def record(self, path: Path) -> None:
        """Write a stereo 16-bit WAV: left what was said, right what was heard."""
        heard = self.hearing.pcm()
        said = np.zeros_like(heard)
        for utterance in self.microphone.said:
            if utterance.began is None:
                continue
            for began, pcm in utterance.pieces():
                at = max(0, round((began - self.hearing.began) * RATE_HZ))
                piece = pcm[: max(0, len(said) - at)]
                said[at : at + len(piece)] += piece
        stereo = np.stack([said, heard], axis=1)
        with wave.open(str(path), "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(RATE_HZ)
            out.writeframes((np.clip(stereo, -1, 1) * 32767).astype("<i2").tobytes())

    def _voiced(self, utterance: Utterance) -> tuple[float, float]:
        first, last = voiced_span(utterance.pcm)
        return utterance.left(first), utterance.left(last)

    def _deaf_until(self, utterance: Utterance, last: float) -> float:
        """The end of the speech that this utterance interrupted: not its answer."""
        first, _ = self._voiced(utterance)
        sounds = self.hearing.sounds(join_s=_BREATH_S)
        ends = [s.ended for s in sounds if s.began < first and s.ended > first]
        return max([last, *ends])

    def _listens(self) -> bool:
        state = self.agent.attributes.get(STATE) if self.agent else None
        return state in (None, "listening", "idle")

    def _spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def watch(self) -> None:
        """Raise `CallLost` when the connection ends."""
        await self._lost.wait()
        if self._closed:
            raise CallLost("the agent, or whoever runs it, has ended the call")
        raise CallLost("the connection was lost: the server is gone, or took the caller out")

    def _on_disconnected(self, reason: rtc.DisconnectReason.ValueType) -> None:
        self._closed = reason == rtc.DisconnectReason.ROOM_DELETED
        self._lost.set()

    def hang_up(self) -> None:
        """End everything that still listens or reads."""
        for task in self._tasks:
            task.cancel()

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _on_track(
        self, track: rtc.Track, _: rtc.RemoteTrackPublication, owner: rtc.RemoteParticipant
    ) -> None:
        by_agent = owner.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        if track.kind == rtc.TrackKind.KIND_AUDIO and (by_agent or self._listening is None):
            # Another agent may take the place of one that died: its voice is in the same recording.
            self._listening = self._spawn(self.hearing.listen(track), name="hear")
            self._changed.set()

    def _on_attributes(self, changed: dict[str, str], owner: rtc.Participant) -> None:
        if STATE in changed:
            self.log.states.append((time.perf_counter(), changed[STATE]))
        self._changed.set()

    def _on_caption(self, reader: rtc.TextStreamReader, identity: str) -> None:
        self._spawn(self._read_caption(reader, identity), name="caption")

    async def _read_caption(self, reader: rtc.TextStreamReader, identity: str) -> None:
        info = reader.info.attributes or {}
        segment = info.get(SEGMENT, reader.info.stream_id)
        mine = identity == self.room.local_participant.identity
        now = time.perf_counter()
        caption = next((c for c in self.log.captions if c.segment == segment), None)
        if caption is None:
            caption = Caption(segment, not mine, "", now, now)
            self.log.captions.append(caption)
        text = ""
        try:
            async for piece in reader:
                text += piece
                if caption.text != text:
                    caption.text, caption.updated = text, time.perf_counter()
                self._changed.set()
        except StreamError:  # hung up in the middle of a caption
            return
        caption.final = (reader.info.attributes or {}).get(FINAL) == "true"
        self._changed.set()

    def _collect(self, topic: str, sink: list[dict[str, Any]]) -> None:
        async def read(reader: rtc.TextStreamReader) -> None:
            with contextlib.suppress(StreamError):  # hung up before its end
                sink.append(json.loads(await reader.read_all()))
            self._changed.set()

        self.room.register_text_stream_handler(
            topic,
            lambda reader, _: (self._spawn(read(reader), name=topic), None)[1],
        )


@asynccontextmanager
async def join(
    url: str, token: str, *, frame_s: float = FRAME_S, speaks: bool = True
) -> AsyncIterator[Caller]:
    """Join the room of `token` and publish a microphone; leave when the block ends.

    Args:
        url: of the server, ws:// or wss://.
        token: to join with.
        frame_s: audio that is sent or taken in at a time. Longer frames cost less and change
            no measured time; what waits for a sound is told that much later.
        speaks: without it there is no microphone and no track is taken: it types and reads.

    Raises (in an ExceptionGroup):
        rtc.ConnectError: the server refused or cannot be reached.
        CallLost: the room was closed or the server has gone.
    """
    let_native_client_reach(url)
    room = rtc.Room()
    async with asyncio.TaskGroup() as group:
        microphone, hearing = Microphone(frame_s=frame_s), Hearing(frame_s=frame_s)
        caller = Caller(room, microphone, hearing, group, speaks=speaks)
        await _connect(room, url, token, takes_tracks=speaks)
        work: list[asyncio.Task[None]] = []
        try:
            if speaks:
                await undivided(_publish(room, microphone), name="publish microphone")
                work.append(group.create_task(microphone.run(), name="microphone"))
            work.append(group.create_task(caller.watch(), name="watch"))
            yield caller
        finally:
            for task in work:
                task.cancel()
            await room.disconnect()
            caller.hang_up()
            await microphone.source.aclose()


async def _publish(room: rtc.Room, microphone: Microphone) -> None:
    track = rtc.LocalAudioTrack.create_audio_track("microphone", microphone.source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)


async def _connect(room: rtc.Room, url: str, token: str, *, takes_tracks: bool) -> None:
    """Connect; when cancelled meanwhile, leave again.

    `Room.connect` itself is not cancelled: the native library, if it has connected then, waits
    15 s for an answer that never comes and ends the process.
    """
    options = rtc.RoomOptions(auto_subscribe=takes_tracks)
    connecting = begin(room.connect(url, token, options), name="connect")
    try:
        await asyncio.shield(connecting)
    except asyncio.CancelledError:
        # A server that does not answer at all is not waited for.
        await asyncio.wait({connecting}, timeout=_JOIN_S)
        if connecting.done() and connecting.exception() is None:
            await room.disconnect()
        raise
