"""One call from the first greeting to the last goodbye.

Around the session of `agent.call.session`: who is served (`agent.call.callers`), what happens
when a part of the call fails (`agent.call.failures`), who is told what happens
(`agent.call.features`), and how it ends.
"""

import asyncio
import logging
from contextlib import suppress

from livekit import api, rtc
from livekit.agents import (
    AgentSession,
    AutoSubscribe,
    CloseEvent,
    JobContext,
    UserInputTranscribedEvent,
    llm,
)

from agent.call.callers import Callers
from agent.call.conversation import Conversation
from agent.call.costs import Costs
from agent.call.failures import Failures
from agent.call.features import Features, Surroundings, load_features
from agent.call.happenings import Happenings
from agent.call.notices import Notices
from agent.call.parts import Parts
from agent.call.persona_changes import PersonaChanges
from agent.call.recorded import recorded, with_notice
from agent.call.reply import OUTPUT_RATE_HZ, CallAgent
from agent.call.reports import Reports
from agent.call.session import build_listener, build_session, limits_of, room_options
from agent.call.sources import Sources
from agent.call.tool_use import ToolUse
from agent.call.voices import CallVoices
from agent.costs.bill import bill_of
from agent.hearing.caller_input import CallerInput
from agent.metadata import JobMetadata
from agent.personas.cast import Cast
from agent.playout.floor import AgentFloor
from agent.playout.heard_output import Playout
from agent.settings.load import Settings
from agent.survival.heartbeat import Heartbeat, take_over
from agent.survival.history import seal_for
from agent.tasks import CallTasks, undivided
from agent.wording.reader import Reader

logger = logging.getLogger(__name__)

_CLOSE_S = 10.0
"""Longest time the session may take to close, seconds."""


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
        call = Call(ctx, parts, settings, tasks, cast)
        call.add_features(metadata)
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
        self, ctx: JobContext, parts: Parts, settings: Settings, tasks: CallTasks, cast: Cast
    ) -> None:
        """Prepare the call; `run` holds it."""
        self._ctx = ctx
        voices = CallVoices(parts, cast)
        self._parts = parts = voices.parts
        self._settings = settings
        self._tasks = tasks
        self._cast = cast
        self._over = asyncio.Event()
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
        self._notices = Notices(ctx.room, tasks, self._session, cast, spare=voices.apology)
        parts.watch(self._notices.engine_changed)
        self._failures = Failures(self._session, tasks, self._notices, over=self._over.set)
        self._sources = Sources()
        self._reports = Reports(
            self._notices, parts, self._sources, answered=self._recorded.answered
        )
        costs = Costs(
            self._session,
            parts.meter,
            settings.prices,
            publish=self._notices.publish if settings.pricing.told else None,
            keep=self._recorded.cost,
        )
        self._tool_use = ToolUse(self._session, cast, settings.tools, publish=self._notices.publish)
        self._changes = PersonaChanges(
            cast,
            self._session,
            self._notices,
            self._reader,
            tools=self._tools,
            became=lambda persona: self.features.became(persona),
        )
        self.features = Features(
            tasks, [costs, self._recorded, self._reports, self._changes, self._tool_use]
        )
        chosen = settings.agent
        self._seal = seal_for(settings.livekit.api_secret, room=ctx.job.room.name)
        self._heartbeat = Heartbeat(ctx.room, tasks, dispatch=ctx.job.dispatch_id, seal=self._seal)
        self._conversation = Conversation(
            self._session,
            tasks,
            self._heartbeat,
            cast,
            typed_chars=chosen.typed_chars,
            history_chars=settings.reply.history_chars,
        )
        self._callers = Callers(
            ctx.room,
            self._session,
            tasks,
            self._notices,
            self.features,
            self._conversation,
            chosen,
            over=self._over.set,
        )
        self._happenings = Happenings(
            ctx.room, self._session, self.features, served=lambda: self._callers.served
        )

    def add_features(self, metadata: JobMetadata) -> None:
        """Have all features of the table and the settings go along."""
        surroundings = Surroundings(
            room=self._ctx.room,
            session=self._session,
            tasks=self._tasks,
            notices=self._notices,
            cast=self._cast,
            parts=self._parts,
            sources=self._sources,
            settings=self._settings,
            metadata=metadata,
            bill=lambda: bill_of(self._parts.meter, self._settings.prices),
            end=self._hang_up,
            tools_changed=self._changes.tools_changed,
        )
        for module in load_features(self._settings):
            self.features.add(module, surroundings)

    async def run(self, connecting: asyncio.Task[None]) -> None:
        """Talk until the call is over; `connecting` ends when the room was joined."""
        session, room, failures = self._session, self._ctx.room, self._failures
        session.on("conversation_item_added", self._on_item)
        session.on("user_input_transcribed", self._on_transcribed)
        session.on("close", self._on_close)
        room.on("disconnected", self._on_room_gone)
        self._tasks.carry(self._listener.run, name="listen", lost=failures.deaf)
        self._tasks.carry(
            lambda: self._speak_in(room, connecting), name="voice", lost=failures.mute
        )
        talking = self._tasks.need(self._talk(room, connecting), name="talk")
        try:
            await self._over.wait()
        finally:
            talking.cancel()
            self._tool_use.end()
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_CLOSE_S):
                        await session.aclose()
            finally:
                self.features.gone()
                await self._callers.aclose()
                await self._voice.aclose()
                await self._recorded.aclose()
                self._ctx.shutdown(reason="the call is over")

    async def _talk(self, room: rtc.Room, connecting: asyncio.Task[None]) -> None:
        """Connect the parts with the room; from then on events carry the call."""
        session = self._session
        agent = CallAgent(
            cast=self._cast,
            reply=self._settings.reply,
            limits=limits_of(self._settings.llm),
            timeline=self._reports.timeline,
            sources=self._sources,
            on_failure=self._failures.model_failed,
            on_turn_over=self._failures.turn_is_over,
            reader=self._reader,
            parts=self._parts,
            tools=self._tools(),
            brief=self.features.brief,
            on_unseen=self.features.unseen,
        )
        session.input.audio = CallerInput(self._callers.track, self._listener.push)
        self._callers.listen()
        await session.start(agent, room=room, room_options=room_options())
        self._keep_ledger()
        self._reports.announce()
        await connecting
        memory = take_over(self._ctx, self._tasks, self._seal)
        if memory is not None:
            self._callers.expect(memory.served)
            self._changes.resume(memory.persona)
            await self._conversation.recall(memory)
        self._happenings.began()
        for name, part in (("heartbeat", self._heartbeat.run), *self._callers.runs):
            self._tasks.carry(part, name=name, lost=self._failures.deaf)
        self._callers.watch()

    def _tools(self) -> list[llm.Tool]:
        return self._tool_use.offered(self.features.tools())

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

    def _hang_up(self) -> None:
        """End the call for who is on the line too."""
        self._tasks.inform(self._close_room(), name="close-room")

    async def _close_room(self) -> None:
        request = api.DeleteRoomRequest(room=self._ctx.room.name)
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

    def _on_item(self) -> None:
        self._conversation.remember()

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            self._reader.expect(str(event.language or ""))

    def _on_close(self, event: CloseEvent) -> None:
        self._over.set()

    def _on_room_gone(self, reason: object) -> None:
        self._over.set()
