"""The data path of one call, on one page.

caller's track ─► ear (Silero VAD) ─► turn taker ─► STT ─► guess, then final transcript
│                       │                            │
holds and stops the play-out   says when the turn is over     LLM ─► reply text
│                       │                            │
agent's track ◄── play-out, held back until then ◄── TTS ◄── first clause, sentences
"""

import asyncio
import ipaddress
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from livekit import rtc
from livekit.agents import (
    Agent,
    AgentSession,
    APIConnectOptions,
    ModelSettings,
    llm,
    room_io,
    stt,
    tts,
)
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, FlushSentinel, TimedString
from livekit.agents.voice.agent_session import SessionConnectOptions

from agent.audio.marks import Mute
from agent.audio.streams import at_rate
from agent.call.timeline import Timeline
from agent.hearing.ear import Probability, load_detector
from agent.hearing.end_model import EndModel, load_end_model
from agent.llm.marks import SOURCE
from agent.llm.reply_filter import Habit, filtered_reply
from agent.options import ModelOptions
from agent.playout.caption import Caption
from agent.remote.hedging import Pace, hedged_stream, with_filler
from agent.remote.learned import page
from agent.settings.engines import Stage, load_engine
from agent.settings.load import Settings, StageChoice
from agent.tasks import fault
from agent.tts.espeak.options import Options as EspeakOptions
from agent.tts.spoken_reply import ReplyVoice, Track
from agent.turns.faces import StreamAdapter, TurnDetector
from agent.turns.listener import Floor, Listener
from agent.turns.observer import TurnObserver
from agent.turns.schedule import Eagerness
from agent.wording.markup import without_markup
from agent.wording.reader import Reader, preload_words
from agent.wording.sentences import SentenceTokenizer
from agent.wording.spoken_form import SpokenForm

logger = logging.getLogger(__name__)

INPUT_RATE_HZ = 16000
"""What Silero and every recogniser here work at; WebRTC resamples for us."""
INPUT_FRAME_MS = 10
OUTPUT_RATE_HZ = 24000
"""What most voices speak at; Opus carries it whole."""

_VOICE_LANGUAGE = re.compile(r"[a-z]{2,3}(?=[-_][A-Za-z]{2}\b|[-_][A-Z]{2}[-_]|$)")
"""With which names of voices begin: `de`, `en-gb`, `en_US-joe-medium`."""

_RETRY_INTERVAL_S = 0.25
_CLOSE_S = 5.0
_NEVER = 1_000_000
"""A dead engine is told to the caller; it does not end the call."""

_MOST_GUESSES = 8
"""Answers begun in one turn; the turn taker stops earlier."""
_LONGEST_TURN_S = 600.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process loads before its call, and closes after it."""

    detector: Callable[[], Probability]
    """Makes the speech detector of one track."""
    end_model: EndModel | None
    stt: stt.STT[str]
    llm: llm.LLM[str]
    spare_tts: tts.TTS[str]
    """The embedded voice: says what the chosen one does not."""
    tts: tts.TTS[str]
    stt_pace: Pace | None
    llm_pace: Pace | None
    llm_habit: Habit

    async def aclose(self) -> None:
        """Close the engines: connections, threads, child processes; 5 s at most each."""
        for engine in (self.stt, self.llm, self.tts, self.spare_tts):
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await engine.aclose()
            except Exception as error:  # noqa: BLE001 - the other engines are closed all the same
                logger.warning("an engine was not closed", extra=fault(error))


class SourceListener(Protocol):
    """Hears where an answer was found, before its first word is spoken."""

    def __call__(self, source: dict[str, Any], /) -> None:
        """Take one source; a newer one replaces it."""


def preload(settings: Settings) -> None:
    """Load what all processes can share, before they part; blocking. A second time costs nothing.

    Starts no thread and no event loop: a fork would take neither along.

    Raises:
        EngineUnavailable: a package that an engine needs is missing.
    """
    load_detector()
    preload_words()
    stages: dict[Stage, StageChoice] = {
        "stt": settings.stt, "llm": settings.llm, "tts": settings.tts
    }  # fmt: skip
    for stage, choice in stages.items():
        module = load_engine(stage, choice.engine)
        if hasattr(module, "preload"):
            module.preload()
    # Made here, they are the same memory for all.
    pace_of("stt", settings.stt)
    pace_of("llm", settings.llm)
    _habit()


def load_parts(settings: Settings) -> Parts:
    """Load models and make engines; blocking, once per process.

    Raises:
        EngineUnavailable: a package that an engine needs is missing.
    """
    preload(settings)
    return Parts(
        detector=load_detector(),
        end_model=load_end_model() if settings.turn.model == "v1-mini" else None,
        stt=_build("stt", settings.stt),
        llm=_build("llm", settings.llm),
        tts=_build("tts", settings.tts),
        spare_tts=load_engine("tts", "espeak").build(spare_voice(settings)),
        stt_pace=pace_of("stt", settings.stt),
        llm_pace=pace_of("llm", settings.llm),
        llm_habit=_habit(),
    )


def _build(stage: Stage, choice: StageChoice) -> Any:
    module = load_engine(stage, choice.engine)
    component = module.build(choice.options)
    if hasattr(module, "warm_up"):
        module.warm_up(component)
    return component


def spare_voice(settings: Settings) -> EspeakOptions:
    """How the embedded voice speaks in place of the chosen one: in the caller's language."""
    language = str(getattr(settings.stt.options, "language", "") or "")
    return EspeakOptions(voice=language) if language else EspeakOptions()


def build_listener(
    parts: Parts, settings: Settings, *, floor: Floor, observer: TurnObserver
) -> Listener:
    """What listens to the caller of one call."""
    return Listener(
        engine=parts.stt,
        probability=parts.detector(),
        options=settings.turn,
        eagerness=eagerness(settings),
        limits=_limits(settings.stt),
        floor=floor,
        observer=observer,
        end_model=parts.end_model,
        pace=parts.stt_pace,
    )


def expected_language(settings: Settings) -> str:
    """The language tag that the recogniser or the voice is set to; empty: none is."""
    spoken = str(getattr(settings.stt.options, "language", ""))
    voice = _VOICE_LANGUAGE.match(str(getattr(settings.tts.options, "voice", "")))
    return spoken or (voice[0] if voice is not None else "")


def eagerness(settings: Settings) -> Eagerness:
    """How freely recognitions are asked for: freely, unless they are paid by the second."""
    chosen = settings.turn.eagerness
    if chosen != "auto":
        return chosen
    return "pauses" if _is_hosted(settings.stt) else "eager"


def pace_of(stage: Stage, choice: StageChoice) -> Pace | None:
    """Keeps the times of an engine that slow requests may be repeated to; None: they may not.

    All calls of the worker share them.
    """
    wanted = _is_hosted(choice) if choice.hedge == "auto" else choice.hedge == "on"
    return Pace(page(f"pace {stage}", Pace.BYTES)) if wanted else None


def _habit() -> Habit:
    return Habit(page("llm habit", Habit.BYTES))


def _is_hosted(choice: StageChoice) -> bool:
    """Whether somebody else runs the engine, for many."""
    url = str(getattr(choice.options, "url", "") or "")
    host = urlsplit(url).hostname
    # An address without a host is a Hugging Face Space, owner/name.
    return choice.engine == "bedrock" or (bool(url) and (host is None or not _is_private(host)))


def _is_private(host: str) -> bool:
    """Whether a host is on this machine or in a network of one's own."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".home.arpa"))


def build_session(
    parts: Parts, settings: Settings, listener: Listener, *, track: Track, reader: Reader
) -> AgentSession[None]:
    """Connect the parts for one call; replies are spoken a little ahead of `track`."""
    return AgentSession(
        vad=TurnDetector(listener),
        stt=StreamAdapter(listener, engine=parts.stt),
        llm=parts.llm,
        tts=ReplyVoice(
            SpokenForm(parts.tts, reader),
            spare=SpokenForm(parts.spare_tts, reader),
            tokenizer=SentenceTokenizer(),
            track=track,
        ),
        turn_handling={
            "turn_detection": "vad",
            # The turn taker has waited already.
            "endpointing": {"min_delay": 0.0, "max_delay": 0.0},
            # The other mode sends the caller's audio to LiveKit Cloud. Holding, going on and
            # stopping are the turn taker's.
            "interruption": {"mode": "vad", "resume_false_interruption": False},
            "preemptive_generation": {
                "enabled": True,
                "preemptive_tts": True,
                "max_retries": _MOST_GUESSES,
                "max_speech_duration": _LONGEST_TURN_S,
            },
        },
        # What is shown stays as it is written; the voice reads it piece by piece (SpokenForm).
        tts_text_transforms=[without_markup],
        # The text comes back with the place where each sentence begins in the audio.
        use_tts_aligned_transcript=True,
        # It would make the agent deaf for seconds; the ear knows our own voice.
        aec_warmup_duration=None,
        conn_options=SessionConnectOptions(
            stt_conn_options=_limits(settings.stt),
            llm_conn_options=_limits(settings.llm),
            tts_conn_options=_limits(settings.tts),
            max_unrecoverable_errors=_NEVER,
        ),
    )


def room_options() -> room_io.RoomOptions:
    """Of the framework's own ways between a room and a session: the captions alone."""
    return room_io.RoomOptions(
        # Ours: agent.call.caller_track, agent.call.typed_text, agent.playout.
        audio_input=False,
        text_input=False,
        audio_output=False,
        video_input=False,
        text_output=room_io.TextOutputOptions(sync_transcription=False),
        # When a call is over is decided by agent.call.presence.
        close_on_disconnect=False,
    )


def _limits(stage: StageChoice) -> APIConnectOptions:
    return APIConnectOptions(
        max_retry=stage.max_retries, retry_interval=_RETRY_INTERVAL_S, timeout=stage.timeout_s
    )


class CallAgent(Agent):
    """The agent of one call: marks where each stage begins and gives its first result."""

    def __init__(
        self,
        *,
        reply: ModelOptions,
        timeline: Timeline,
        on_source: SourceListener,
        on_failure: Callable[[Exception], None],
        on_turn_over: Callable[[], None],
        reader: Reader,
        parts: Parts,
    ) -> None:
        """Answer as `reply` says; time goes to `timeline`, sources to `on_source`.

        `on_failure` is told of replies that fail, once each, guesses too; `on_turn_over` is
        called before a guess is taken up. A request that is slower than nineteen of twenty is
        repeated, if that is allowed.
        """
        super().__init__(instructions=reply.instructions)
        self._reply = reply
        self._timeline = timeline
        self._on_source = on_source
        self._on_failure = on_failure
        self._on_turn_over = on_turn_over
        self._reader = reader
        self._parts = parts

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        """Now the framework takes up the guess, if there is one, or begins an answer."""
        self._on_turn_over()

    async def llm_node(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel, None]:
        """Pass the reply on; the source of an answer goes to the page, not to the voice.

        A reply that fails ends here: what was said of it stays said.
        """
        chunks = self._chunks(chat_ctx, tools, model_settings)
        if self._reply.filler:
            filler = f"{self._reply.filler} "
            chunks = with_filler(chunks, filler, after_s=self._reply.filler_after_s)
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk
        except Exception as error:  # noqa: BLE001 - an engine's fault ends the reply, not the call
            self._on_failure(error)

    async def _chunks(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel, None]:
        self._timeline.begin("llm")
        pace = self._parts.llm_pace
        stream = hedged_stream(
            lambda: filtered_reply(
                Agent.default.llm_node(self, chat_ctx, tools, model_settings),
                tools=tools,
                model=self._parts.llm.model,
                habit=self._parts.llm_habit,
                stall_s=self._reply.stall_s,
            ),
            after_s=pace.late_s if pace is not None else None,
            pace=pace,
        )
        async with aclosing(stream) as chunks:
            async for chunk in chunks:
                delta = chunk.delta if isinstance(chunk, llm.ChatChunk) else None
                if delta is not None and delta.extra and SOURCE in delta.extra:
                    self._on_source(delta.extra.pop(SOURCE))
                    if not (delta.content or delta.tool_calls or delta.extra):
                        continue
                if isinstance(chunk, str) or (delta is not None and delta.content):
                    self._timeline.end("llm")
                yield chunk

    async def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Speak the reply."""
        spoken = Agent.default.tts_node(self, self._timed(text), model_settings)
        async with aclosing(at_rate(spoken, OUTPUT_RATE_HZ)) as frames:
            async for frame in frames:
                self._timeline.end("tts")
                if texts := frame.userdata.get(USERDATA_TIMED_TRANSCRIPT):
                    frame.userdata[USERDATA_TIMED_TRANSCRIPT] = [self._shown(t) for t in texts]
                yield frame

    async def transcription_node(
        self, text: AsyncIterable[str | TimedString], model_settings: ModelSettings
    ) -> AsyncGenerator[str | TimedString, None]:
        """Show the reply as it is written; what was said for it goes along, for the ledger."""
        async for piece in text:
            yield piece if isinstance(piece, TimedString) else Caption(self._reader.read(piece))

    def _shown(self, text: TimedString) -> TimedString:
        """A piece, or a mark of one, as captions show it."""
        if isinstance(text, Mute):
            return Mute("".join(part.written for part in self._reader.read(text.piece)), text.at_s)
        return Caption(self._reader.read(text), text.start_time) if text else text

    async def _timed(self, text: AsyncIterable[str]) -> AsyncGenerator[str, None]:
        first = True
        async for piece in text:
            if first and piece.strip():
                first = False
                self._timeline.begin("tts")
            yield piece
