"""One call from the first greeting to the last goodbye.

Around the session of `agent.call.session`: who is served (`agent.call.callers`), what happens
when a part of the call fails (`agent.call.failures`), who is told what happens
(`agent.call.features`), and how it ends.
"""

import asyncio
import logging

from livekit import api, rtc
from livekit.agents import (
    AgentSession,
    AutoSubscribe,
    CloseEvent,
    JobContext,
    UserInputTranscribedEvent,
)

from agent.call.callers import Callers
from agent.call.parts import Parts
from agent.call.recorded import recorded, with_notice
from agent.call.refer import Outcome, refer
from agent.call.reply import OUTPUT_RATE_HZ
from agent.call.session import build_listener, build_session, room_options
from agent.call.voices import CallVoices
from agent.call.wiring import Wiring
from agent.hearing.caller_input import CallerInput
from agent.metadata import JobMetadata
from agent.personas.cast import Cast
from agent.playout.floor import AgentFloor
from agent.playout.heard_output import Playout
from agent.settings.load import Settings
from agent.survival.heartbeat import Heartbeat
from agent.survival.history import Memory, seal_for
from agent.survival.history_copy import HistoryCopy
from agent.survival.late_jobs import is_late
from agent.survival.succession import Succession
from agent.tasks import CallTasks, undivided
from agent.wording.reader import Reader

logger = logging.getLogger(__name__)

_LAST_WORDS_S = 0.5
"""The captions of the last sentence are on their way when it was heard, seconds."""
_CLOSED = (rtc.DisconnectReason.ROOM_DELETED, rtc.DisconnectReason.ROOM_CLOSED)


async def serve(ctx: JobContext, parts: Parts, settings: Settings, metadata: JobMetadata) -> None:
    """Join the room of `ctx`, talk until the caller has gone, and leave.

    Returns when the call is over; every task of the call has ended then.
    """
    async with CallTasks() as tasks:
        # Joins while the session starts: handlers are in place before the first event.
        connecting = tasks.need(
            ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY), name="connect"
        )
        cast = Cast(
            settings,
            metadata.persona,
            opening=lambda persona: with_notice(persona, settings.record),
        )
        call = Call(ctx, parts, settings, metadata, tasks, cast)
        await call.run(connecting)
    faults = {
        "restarts": tasks.restarts,
        "uninformed": tasks.uninformed,
        "features": call.features.faults,
    }
    if any(faults.values()):
        logger.warning("the call had faults", extra=faults)


class Call:
    """State of one call; also the observer of its turns."""

    def __init__(
        self,
        ctx: JobContext,
        parts: Parts,
        settings: Settings,
        metadata: JobMetadata,
        tasks: CallTasks,
        cast: Cast,
    ) -> None:
        """Prepare the call; `run` holds it."""
        self._ctx = ctx
        voices = CallVoices(parts, cast)
        self._parts = parts = voices.parts
        self._settings = settings
        self._tasks = tasks
        self._cast = cast
        self._over = asyncio.Event()
        self._cut_off = False
        """The job has lost the room, and another one may go on with the talk."""
        self._recorded = recorded(parts, settings)
        self._voice = self._recorded.track(OUTPUT_RATE_HZ)
        self._reader = Reader(cast.persona.language)
        self._floor = AgentFloor(self._voice)
        self._listener = build_listener(
            parts,
            settings,
            floor=self._floor,
            observer=self,
            language=lambda: cast.persona.spoken,
            taker=self._recorded.taker,
            asking=self._recorded.asking,
        )
        self._session: AgentSession[None] = build_session(
            parts, settings, self._listener, track=self._voice, reader=self._reader
        )
        self._floor.take(self._session)
        seal = seal_for(settings.livekit.api_secret, room=ctx.job.room.name)
        self._copy = HistoryCopy(
            settings.agent.history_url, seal, agent=ctx.job.agent_name, job=ctx.job.id
        )
        self._heartbeat = Heartbeat(
            ctx.room, tasks, dispatch=ctx.job.dispatch_id, seal=seal, sealed=self._copy.keep
        )
        self._succession = Succession(ctx, tasks, self._heartbeat, seal, returned=self._on_returned)
        self._wiring = wiring = Wiring(
            ctx.room,
            self._session,
            tasks,
            parts,
            settings,
            cast,
            self._reader,
            self._heartbeat,
            recorded=self._recorded,
            apology=voices.apology,
            served=lambda: self._callers.served,
            over=self._over.set,
            hang_up=self._hang_up,
            refer=self._refer,
        )
        self.features = wiring.features
        self._failures = wiring.failures
        self._reports = wiring.reports
        self._callers = Callers(
            ctx.room,
            self._session,
            tasks,
            wiring.notices,
            settings.agent,
            served=wiring.serve,
            left=self.features.left,
            typed=wiring.answer_typed,
            over=self._over.set,
        )
        wiring.add_features(metadata)

    async def run(self, connecting: asyncio.Task[None]) -> None:
        """Talk until the call is over; `connecting` ends when the room was joined."""
        session, room, failures = self._session, self._ctx.room, self._failures
        session.on("conversation_item_added", self._on_item)
        session.on("user_input_transcribed", self._on_transcribed)
        session.on("close", self._on_close)
        room.on("disconnected", self._on_room_gone)
        self._tasks.carry(self._copy.run, name="history-copy", lost=lambda: None)
        self._tasks.carry(self._listener.run, name="listen", lost=failures.deaf)
        self._tasks.carry(
            lambda: self._speak_in(room, connecting), name="voice", lost=failures.mute
        )
        talking = self._tasks.need(self._talk(room, connecting), name="talk")
        over = False
        try:
            await self._over.wait()
            over = not self._cut_off
        finally:
            talking.cancel()
            try:
                await self._wiring.close()
            finally:
                await self._callers.aclose()
                await self._voice.aclose()
                await self._recorded.aclose()
                await self._copy.aclose(over=over)
                self._ctx.shutdown(reason="the call is over")

    async def _talk(self, room: rtc.Room, connecting: asyncio.Task[None]) -> None:
        """Connect the parts with the room; from then on events carry the call."""
        session = self._session
        session.input.audio = CallerInput(self._callers.track, self._hear)
        self._callers.listen()
        await session.start(self._wiring.agent(), room=room, room_options=room_options())
        self._keep_ledger()
        self._reports.announce()
        await connecting
        if await is_late(self._ctx):
            self._over.set()
            return
        memory = self._succession.take_over() or await self._copy.left()
        if memory is not None:
            self._callers.expect(memory.served)
            self._wiring.changes.resume(memory.persona)
            await self._wiring.conversation.recall(memory)
        self._wiring.happenings.began()
        for name, part in (("heartbeat", self._heartbeat.run), *self._callers.runs):
            self._tasks.carry(part, name=name, lost=self._failures.deaf)
        self._callers.watch()

    def _keep_ledger(self) -> None:
        """Put the heard ledger between the session and the room."""
        output = self._session.output
        assert output.transcription is not None
        playout = Playout(voice=self._voice, text=self._recorded.captions(output.transcription))
        output.audio, output.transcription = playout.audio, playout.text
        # The voice goes on without captions.
        self._tasks.carry(playout.run, name="captions", lost=lambda: None)

    async def _speak_in(self, room: rtc.Room, connecting: asyncio.Task[None]) -> None:
        """Publish the agent's track as soon as the room was joined, and play."""
        await asyncio.wait({connecting})
        if not connecting.cancelled() and connecting.exception() is None:
            await self._voice.publish(room, listened=self._callers.listens)
            await self._voice.run()

    def _hear(self, frame: rtc.AudioFrame) -> None:
        self._listener.push(frame)
        self.features.heard(frame)

    async def _refer(self, identity: str, address: str) -> Outcome:
        """Send the caller's telephone elsewhere."""
        ctx = self._ctx
        return await refer(ctx.api, room=ctx.room.name, identity=identity, address=address)

    def _hang_up(self) -> None:
        """End the call for who is on the line too."""
        self._tasks.inform(self._close_room(), name="close-room")

    async def _close_room(self) -> None:
        request = api.DeleteRoomRequest(room=self._ctx.room.name)
        await asyncio.sleep(_LAST_WORDS_S)
        try:
            await undivided(self._ctx.api.room.delete_room(request), name="delete-room")
        finally:
            self._over.set()

    # What the turn machinery tells (agent.turns.observer.TurnObserver).

    def utterance_ended(self, *, last_voiced: float, at: float) -> None:
        """A turn may be over."""
        self._reports.timeline.utterance_ended(last_voiced=last_voiced, at=at)

    def recognised(self, *, asked: float, answered: float) -> None:
        """An answer is begun on these words."""
        self._reports.timeline.recognised(asked=asked, answered=answered)

    def recognition_failed(self, *, error: Exception) -> None:
        """The caller must say it again."""
        self._failures.recognition_failed(error)

    # What the session and the room tell.

    def _on_returned(self, memory: Memory) -> None:
        """What an earlier job knows, which was away when this one began."""
        self._tasks.inform(self._learn(memory), name="learn")

    async def _learn(self, memory: Memory) -> None:
        if await self._wiring.conversation.learn(memory):
            self._wiring.changes.resume(memory.persona)

    def _on_item(self) -> None:
        self._wiring.conversation.remember()

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            self._reader.expect(str(event.language or ""))

    def _on_close(self, event: CloseEvent) -> None:
        self._over.set()

    def _on_room_gone(self, reason: int) -> None:
        self._cut_off = reason not in _CLOSED
        self._over.set()
