"""One call from the first greeting to the last goodbye.

Around the session of `agent.session`: what the room's clients are told (engines, notices,
sources, where the time went) and how the call ends.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Literal

from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    AutoSubscribe,
    CloseEvent,
    ConversationItemAddedEvent,
    ErrorEvent,
    JobContext,
    llm,
    room_io,
    stt,
    tts,
)

from agent.floor import AgentFloor
from agent.metrics.timeline import Timeline
from agent.playout.heard_output import Playout
from agent.playout.voice_track import VoiceTrack
from agent.session import (
    OUTPUT_RATE_HZ,
    CallAgent,
    Parts,
    build_listener,
    build_session,
    room_options,
)
from agent.settings import Settings, StageChoice
from agent.turns.caller_input import CallerInput

logger = logging.getLogger(__name__)

TOPIC_TURN = "rejoinder.turn"
TOPIC_NOTICE = "rejoinder.notice"
TOPIC_SOURCE = "rejoinder.source"

NoticeStage = Literal["stt", "llm", "tts", "session"]

APOLOGIES: dict[NoticeStage, str] = {
    "stt": "Sorry, I could not make that out. Please say it again.",
    "llm": "Sorry, I cannot think of an answer right now. Please try again.",
    "tts": "My voice failed just now; my answer is in the text.",
}

_APOLOGY_PAUSE_S = 6.0
"""Least time between two apologies for the same stage, seconds: a dead engine is not
announced on every breath."""

_PUBLISH_S = 5.0
"""Longest time a message to the room may take, seconds."""


async def serve_call(ctx: JobContext, parts: Parts, settings: Settings) -> None:
    """Join the room of `ctx`, talk until the caller has gone, and leave.

    Returns when the call is over; every task of the call has ended then.
    """
    # A room's name may hold a phone number: logs carry the job's name alone.
    ctx.log_context_fields = {"job_id": ctx.job.id}
    async with asyncio.TaskGroup() as group:
        # Joins while the session starts: handlers are in place before the first event.
        connecting = group.create_task(
            ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY), name="connect"
        )
        await Call(ctx, parts, settings, group).run(connecting)


class Call:
    """State of one call; also the observer of its turns."""

    def __init__(
        self, ctx: JobContext, parts: Parts, settings: Settings, group: asyncio.TaskGroup
    ) -> None:
        """Prepare the call; `run` holds it."""
        self._ctx = ctx
        self._parts = parts
        self._settings = settings
        self._group = group
        self._timeline = Timeline()
        self._source: dict[str, Any] | None = None
        self._labels: dict[str, str] = {}
        self._apologised: dict[NoticeStage, float] = {}
        self._over = asyncio.Event()
        self._voice = VoiceTrack(rate_hz=OUTPUT_RATE_HZ)
        self._floor = AgentFloor(self._voice)
        self._listener = build_listener(parts, settings, floor=self._floor, observer=self)
        self._session: AgentSession[None] = build_session(
            parts, settings, self._listener, track=self._voice
        )
        self._floor.take(self._session)

    async def run(self, connecting: asyncio.Task[None]) -> None:
        """Talk until the session has closed; `connecting` ends when the room was joined."""
        session, room = self._session, self._ctx.room
        session.on("agent_state_changed", self._on_agent_state)
        session.on("conversation_item_added", self._on_item)
        session.on("error", self._on_error)
        session.on("close", self._on_close)
        room.on("participant_disconnected", self._on_participant_gone)
        room.on("disconnected", self._on_room_gone)
        agent = CallAgent(
            reply=self._settings.reply,
            timeline=self._timeline,
            on_source=self._remember_source,
            pace=self._parts.llm_pace,
        )
        options = room_options()
        options.text_input = room_io.TextInputOptions(text_input_cb=self._on_typed)
        work = [
            self._group.create_task(self._listener.run(), name="listen"),
            self._group.create_task(self._speak_in(room, connecting), name="voice"),
        ]
        try:
            await session.start(agent, room=room, room_options=options)
            assert session.input.audio is not None
            session.input.audio = CallerInput(session.input.audio, self._listener)
            work.append(self._keep_ledger())
            await self._announce()
            if self._settings.agent.greeting:
                session.say(self._settings.agent.greeting)
            await self._over.wait()
        finally:
            await session.aclose()
            for task in work:
                task.cancel()
            await asyncio.wait(work)
            await self._voice.aclose()
            self._ctx.shutdown(reason="the call is over")

    def _keep_ledger(self) -> asyncio.Task[None]:
        """Put the heard ledger between the session and the room."""
        output = self._session.output
        assert output.transcription is not None
        playout = Playout(voice=self._voice, text=output.transcription)
        output.audio, output.transcription = playout.audio, playout.text
        return self._group.create_task(playout.run(), name="playout")

    async def _speak_in(self, room: rtc.Room, connecting: asyncio.Task[None]) -> None:
        """Publish the agent's track as soon as the room was joined."""
        await asyncio.wait({connecting})
        if not connecting.cancelled() and connecting.exception() is None:
            await self._voice.publish(room)

    # What the turn machinery tells (agent.turns.observer.TurnObserver).

    def speech_began(self, *, at: float) -> None:
        """Nothing to do: the turn taker has stopped the play-out."""

    def utterance_ended(self, *, last_voiced: float, at: float) -> None:
        """A turn may be over."""
        self._timeline.utterance_ended(last_voiced=last_voiced, at=at)

    def recognised(self, *, asked: float, answered: float) -> None:
        """An answer is begun on these words."""
        self._timeline.recognised(asked=asked, answered=answered)

    def recognition_failed(self, *, error: Exception) -> None:
        """The caller must say it again."""
        self._apologise("stt", error)

    # What the session tells.

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._timeline.reply_began()
            if self._source is not None:
                self._publish(TOPIC_SOURCE, self._source)
                self._source = None

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role == "assistant":
            report = self._timeline.reply_ended(interrupted=item.interrupted)
            if report is not None:
                self._publish(TOPIC_TURN, report.as_json())
                self._spawn(self._announce(), name="announce")
                logger.info("turn answered", extra=report.as_log())

    def _on_error(self, event: ErrorEvent) -> None:
        error = event.error
        if getattr(error, "recoverable", False):
            return
        if isinstance(error, stt.STTError):
            self._apologise("stt", error.error)
        elif isinstance(error, llm.LLMError):
            self._apologise("llm", error.error)
        elif isinstance(error, tts.TTSError):
            self._apologise("tts", error.error)

    def _on_close(self, event: CloseEvent) -> None:
        self._over.set()

    def _on_participant_gone(self, participant: rtc.RemoteParticipant) -> None:
        """End the call when the caller's connection was lost, too.

        The framework ends it only when the caller left on purpose; a killed browser tab
        is reported as a lost connection after about 20 s.
        """
        linked = self._session.room_io.linked_participant
        if linked is not None and linked.identity == participant.identity:
            self._over.set()

    def _on_room_gone(self, reason: object) -> None:
        self._over.set()

    async def _on_typed(self, session: AgentSession[None], event: room_io.TextInputEvent) -> None:
        await session.interrupt()
        self._timeline.typed()
        session.generate_reply(user_input=event.text)

    # What the room is told.

    async def _announce(self) -> None:
        """Name the engines; some learn their model's name with their first answer."""
        settings, parts = self._settings, self._parts
        labels = {
            "rejoinder.stt": _label(settings.stt, parts.stt.model),
            "rejoinder.llm": _label(settings.llm, parts.llm.model),
            "rejoinder.tts": _label(settings.tts, parts.tts.model),
        }
        if labels != self._labels:
            self._labels = labels
            await self._ctx.room.local_participant.set_attributes(labels)

    def _remember_source(self, source: dict[str, Any], /) -> None:
        self._source = source

    def _apologise(self, stage: NoticeStage, error: Exception) -> None:
        """Tell the page at once, and the caller's ear unless it was told just now."""
        text = APOLOGIES[stage]
        logger.warning("a stage failed", extra={"stage": stage, "error": type(error).__name__})
        self._publish(TOPIC_NOTICE, {"level": "error", "stage": stage, "text": text})
        now = time.monotonic()
        if now - self._apologised.get(stage, -_APOLOGY_PAUSE_S) < _APOLOGY_PAUSE_S:
            return
        self._apologised[stage] = now
        if not self._over.is_set():
            self._spawn(self._say_apology(stage, text), name=f"apology-{stage}")

    async def _say_apology(self, stage: NoticeStage, text: str) -> None:
        if stage == "tts":
            # The engine that failed cannot say so.
            self._session.say(text, audio=_emergency_voice(text), add_to_chat_ctx=False)
        else:
            self._session.say(text, add_to_chat_ctx=False)

    def _publish(self, topic: str, message: dict[str, Any]) -> None:
        self._spawn(self._send(topic, json.dumps(message)), name=f"publish-{topic}")

    async def _send(self, topic: str, text: str) -> None:
        try:
            async with asyncio.timeout(_PUBLISH_S):
                await self._ctx.room.local_participant.send_text(text, topic=topic)
        except (rtc.participant.PublishDataError, RuntimeError, TimeoutError) as error:
            logger.info("a message to the room was lost", extra={"error": type(error).__name__})

    def _spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        if self._over.is_set():
            work.close()
            return
        self._group.create_task(work, name=name)


async def _emergency_voice(text: str) -> AsyncIterator[rtc.AudioFrame]:
    """The embedded voice, for when the chosen one is gone."""
    from agent.tts import espeak_process
    from agent.tts.options import EspeakOptions

    voice = espeak_process.build(EspeakOptions())
    try:
        async with voice.synthesize(text) as stream:
            async for audio in stream:
                yield audio.frame
    finally:
        await voice.aclose()


def _label(stage: StageChoice, model: str) -> str:
    known = model not in ("", "unknown", stage.engine)
    return f"{stage.engine} · {model}" if known else stage.engine
