"""One call from the first greeting to the last goodbye.

Around the session of `agent.call.session`: who is served (`agent.call.membership`), what the
room's clients are told (engines, notices, sources, where the time went), what happens when a part
of the call fails, and how it ends.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    AutoSubscribe,
    CloseEvent,
    ConversationItemAddedEvent,
    ErrorEvent,
    JobContext,
    UserInputTranscribedEvent,
    llm,
    stt,
    tts,
)

from agent.call.caller_track import CallerTrack
from agent.call.conversation import Conversation
from agent.call.floor import AgentFloor
from agent.call.guesses import Guesses
from agent.call.membership import Membership
from agent.call.notices import APOLOGIES, Notices, NoticeStage
from agent.call.parts import Parts
from agent.call.presence import Presence
from agent.call.reply import OUTPUT_RATE_HZ, CallAgent
from agent.call.session import (
    INPUT_FRAME_MS,
    INPUT_RATE_HZ,
    build_listener,
    build_session,
    expected_language,
    room_options,
)
from agent.call.timeline import Timeline
from agent.call.typed_text import TOO_LONG, TypedText
from agent.hearing.caller_input import CallerInput
from agent.playout.heard_output import Playout
from agent.playout.voice_track import VoiceTrack
from agent.room_protocol import LLM, STT, TOPIC_SOURCE, TOPIC_TURN, TTS
from agent.settings.load import Settings, StageChoice
from agent.survival.heartbeat import Heartbeat, take_over
from agent.survival.history import seal_for
from agent.tasks import CallTasks
from agent.wording.reader import Reader

logger = logging.getLogger(__name__)

_GOODBYE_S = 10.0
"""Longest time the last sentence of a call that cannot go on may take, seconds."""
_CLOSE_S = 10.0
"""Longest time the session may take to close, seconds."""


async def serve_call(ctx: JobContext, parts: Parts, settings: Settings) -> None:
    """Join the room of `ctx`, talk until the caller has gone, and leave.

    Returns when the call is over; every task of the call has ended then.
    """
    # A room's name may hold a phone number: logs carry the job's name alone.
    ctx.log_context_fields = {"job_id": ctx.job.id}
    async with CallTasks() as tasks:
        # Joins while the session starts: handlers are in place before the first event.
        connecting = tasks.need(
            ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY), name="connect"
        )
        await Call(ctx, parts, settings, tasks).run(connecting)
    if tasks.restarts or tasks.uninformed:
        logger.warning(
            "the call had faults",
            extra={"restarts": tasks.restarts, "uninformed": tasks.uninformed},
        )


class Call:
    """State of one call; also the observer of its turns."""

    def __init__(self, ctx: JobContext, parts: Parts, settings: Settings, tasks: CallTasks) -> None:
        """Prepare the call; `run` holds it."""
        self._ctx = ctx
        self._parts = parts
        self._settings = settings
        self._tasks = tasks
        self._timeline = Timeline()
        self._source: dict[str, Any] | None = None
        self._over = asyncio.Event()
        self._voice = VoiceTrack(rate_hz=OUTPUT_RATE_HZ)
        self._reader = Reader(expected_language(settings))
        self._floor = AgentFloor(self._voice)
        self._listener = build_listener(parts, settings, floor=self._floor, observer=self)
        self._session: AgentSession[None] = build_session(
            parts, settings, self._listener, track=self._voice, reader=self._reader
        )
        self._floor.take(self._session)
        self._guesses = Guesses(self._session)
        self._notices = Notices(ctx.room, tasks, self._session)
        chosen = settings.agent
        self._seal = seal_for(settings.livekit.api_secret, room=ctx.job.room.name)
        self._heartbeat = Heartbeat(ctx.room, tasks, dispatch=ctx.job.dispatch_id, seal=self._seal)
        self._conversation = Conversation(self._session, tasks, self._heartbeat, settings)
        self._track = CallerTrack(ctx.room, rate_hz=INPUT_RATE_HZ, frame_ms=INPUT_FRAME_MS)
        self._presence = Presence(return_s=chosen.return_s, goodbye_s=chosen.goodbye_s)
        self._membership = Membership(
            ctx.room,
            self._session,
            self._track,
            self._notices,
            self._presence,
            served=self._conversation.serve,
            over=self._over.set,
        )
        self._typed = TypedText(
            tasks,
            most_chars=chosen.typed_chars,
            heeded=self._membership.heeds,
            answer=self._answer_typed,
            too_long=self._tell_too_long,
        )

    async def run(self, connecting: asyncio.Task[None]) -> None:
        """Talk until the call is over; `connecting` ends when the room was joined."""
        session, room = self._session, self._ctx.room
        session.on("agent_state_changed", self._on_agent_state)
        session.on("conversation_item_added", self._on_item)
        session.on("error", self._on_error)
        session.on("user_input_transcribed", self._on_transcribed)
        session.on("close", self._on_close)
        room.on("disconnected", self._on_room_gone)
        self._tasks.carry(
            self._listener.run, name="listen", lost=lambda: self._cannot_go_on(mute=False)
        )
        self._tasks.carry(
            lambda: self._speak_in(room, connecting),
            name="voice",
            lost=lambda: self._cannot_go_on(mute=True),
        )
        talking = self._tasks.need(self._talk(room, connecting), name="talk")
        try:
            await self._over.wait()
        finally:
            talking.cancel()
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_CLOSE_S):
                        await session.aclose()
            finally:
                await self._track.aclose()
                await self._voice.aclose()
                self._ctx.shutdown(reason="the call is over")

    async def _talk(self, room: rtc.Room, connecting: asyncio.Task[None]) -> None:
        """Connect the parts with the room; from then on events carry the call."""
        session = self._session
        agent = CallAgent(
            reply=self._settings.reply,
            timeline=self._timeline,
            on_source=self._remember_source,
            on_failure=lambda error: self._reply_failed("llm", error),
            on_turn_over=self._guesses.turn_is_over,
            reader=self._reader,
            parts=self._parts,
        )
        session.input.audio = CallerInput(self._track, self._listener.push)
        self._typed.listen(room)
        await session.start(agent, room=room, room_options=room_options())
        self._keep_ledger()
        self._announce()
        await connecting
        memory = take_over(self._ctx, self._tasks, self._seal)
        if memory is not None:
            self._presence.expect(memory.served)
            await self._conversation.recall(memory)
        for name, part in (
            ("heartbeat", self._heartbeat.run),
            ("membership", self._membership.run),
            ("typed", self._typed.run),
        ):
            self._tasks.carry(part, name=name, lost=lambda: self._cannot_go_on(mute=False))
        self._membership.watch()

    def _keep_ledger(self) -> None:
        """Put the heard ledger between the session and the room."""
        output = self._session.output
        assert output.transcription is not None
        playout = Playout(voice=self._voice, text=output.transcription)
        output.audio, output.transcription = playout.audio, playout.text
        # The voice goes on without captions.
        self._tasks.carry(playout.run, name="captions", lost=lambda: None)

    async def _speak_in(self, room: rtc.Room, connecting: asyncio.Task[None]) -> None:
        """Publish the agent's track as soon as the room was joined, and play."""
        await asyncio.wait({connecting})
        if not connecting.cancelled() and connecting.exception() is None:
            await self._voice.publish(room, listened=self._membership.listens)
            await self._voice.run()

    # What happens when a part is lost.

    def _cannot_go_on(self, *, mute: bool) -> None:
        """A part has failed too often: say so if there is a voice, and end the call."""
        self._notices.notice(APOLOGIES["session"], stage="session", level="error")
        if mute:
            self._over.set()
        else:
            self._tasks.need(self._say_goodbye(), name="goodbye")

    async def _say_goodbye(self) -> None:
        with suppress(RuntimeError, TimeoutError):  # the session may be closing
            async with asyncio.timeout(_GOODBYE_S):
                await self._session.interrupt(force=True)
                await self._session.say(APOLOGIES["session"], add_to_chat_ctx=False)
        self._over.set()

    # What the turn machinery tells (agent.turns.observer.TurnObserver).

    def utterance_ended(self, *, last_voiced: float, at: float) -> None:
        """A turn may be over."""
        self._timeline.utterance_ended(last_voiced=last_voiced, at=at)

    def recognised(self, *, asked: float, answered: float) -> None:
        """An answer is begun on these words."""
        self._timeline.recognised(asked=asked, answered=answered)

    def recognition_failed(self, *, error: Exception) -> None:
        """The caller must say it again."""
        self._notices.apologise("stt", error)

    # What the session tells.

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._timeline.reply_began()
            if self._source is not None:
                self._notices.publish(TOPIC_SOURCE, self._source)
                self._source = None

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        self._conversation.remember()
        if isinstance(item, llm.ChatMessage) and item.role == "assistant":
            report = self._timeline.reply_ended(interrupted=item.interrupted)
            if report is not None:
                self._notices.publish(TOPIC_TURN, report.as_json())
                self._announce()
                logger.info("turn answered", extra=report.as_log())

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            self._reader.expect(str(event.language or ""))

    def _on_error(self, event: ErrorEvent) -> None:
        error = event.error
        if getattr(error, "recoverable", False):
            if isinstance(error, tts.TTSError):
                self._guesses.tell(self._notices.voice_replaced)
            return
        if isinstance(error, stt.STTError):
            self._notices.apologise("stt", error.error)
        elif isinstance(error, tts.TTSError):
            self._reply_failed("tts", error.error)

    def _reply_failed(self, stage: NoticeStage, error: Exception) -> None:
        self._guesses.failed(error, lambda: self._notices.apologise(stage, error))

    def _on_close(self, event: CloseEvent) -> None:
        self._over.set()

    def _on_room_gone(self, reason: object) -> None:
        self._over.set()

    async def _answer_typed(self, text: str) -> None:
        with suppress(RuntimeError):  # the session may be closing
            await self._session.interrupt(force=True)
            self._timeline.typed()
            self._conversation.ask(text)

    def _tell_too_long(self) -> None:
        most = self._settings.agent.typed_chars
        self._notices.notice(TOO_LONG.format(most=most), stage="session", level="info")

    def _announce(self) -> None:
        """Name the engines; some learn their model's name with their first answer."""
        settings, parts = self._settings, self._parts
        self._notices.announce(
            {
                STT: _label(settings.stt, parts.stt.model),
                LLM: _label(settings.llm, parts.llm.model),
                TTS: _label(settings.tts, parts.tts.model),
            }
        )

    def _remember_source(self, source: dict[str, Any], /) -> None:
        self._source = source


def _label(stage: StageChoice, model: str) -> str:
    known = model not in ("", "unknown", stage.engine)
    return f"{stage.engine} · {model}" if known else stage.engine
