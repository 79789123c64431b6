"""The data path of one call, on one page.

caller's track ─► ear (Silero VAD) ─► turn taker ─► STT ─► guess, then final transcript
│                       │                            │
holds and stops the play-out   says when the turn is over     LLM ─► reply text
│                       │                            │
agent's track ◄── play-out, held back until then ◄── TTS ◄── first clause, sentences
"""

import time
from collections.abc import Callable, Sequence

from livekit.agents import (
    AgentSession,
    APIConnectOptions,
    room_io,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.agents.voice.agent_session import SessionConnectOptions

from agent.call.line_ups import RETRY_INTERVAL_S
from agent.call.parts import Parts
from agent.settings.hosting import is_hosted
from agent.settings.load import Settings, StageChoice
from agent.tts.spoken_reply import ReplyVoice, Track
from agent.turns.asking import Asking
from agent.turns.faces import SESSION_OPTIONS, StreamAdapter, TurnDetector
from agent.turns.listener import Floor, Listener
from agent.turns.observer import TurnObserver
from agent.turns.recognisers import recogniser_for
from agent.turns.schedule import Eagerness, Schedule
from agent.turns.turn_taker import TurnTaker
from agent.wording.markup import without_markup
from agent.wording.reader import Reader
from agent.wording.sentences import SentenceTokenizer
from agent.wording.spoken_form import SpokenForm

INPUT_RATE_HZ = 16000
"""What Silero and every recogniser here work at; WebRTC resamples for us."""
INPUT_FRAME_MS = 10

_RUNS_ALREADY = "`{function_name}` is at work on this already; its result will come."
"""What the model gets that calls a tool again before it has ended."""
_NEVER = 1_000_000
"""A dead engine is told to the caller; it does not end the call."""


def build_listener(
    parts: Parts,
    settings: Settings,
    *,
    floor: Floor,
    observer: TurnObserver,
    language: Callable[[], NotGivenOr[str]] = lambda: NOT_GIVEN,
    taker: Callable[..., TurnTaker] = TurnTaker,
    asking: Callable[[Schedule], Asking] = Asking,
    clock: Callable[[], float] = time.perf_counter,
) -> Listener:
    """What listens to the caller of one call; latencies on `clock`, seconds.

    `language` says what the recogniser is told in place of what it is set to; empty: to find out.
    `taker` and `asking` make what decides about turns and requests.
    """
    eager = eagerness(settings)
    return Listener(
        recogniser_for(
            parts.stt,
            limits=limits_of(settings.stt),
            eagerness=eager,
            pace=parts.stt_pace,
            language=language,
            asking=asking,
            delays=parts.stt_delays,
            clock=clock,
        ),
        probability=parts.detector(),
        floor=floor,
        observer=observer,
        options=settings.turn,
        speculate=eager != "patient",
        end_model=parts.end_model,
        taker=taker,
        clock=clock,
    )


def eagerness(settings: Settings) -> Eagerness:
    """How freely recognitions are asked for: freely, unless they are paid by the second."""
    chosen = settings.turn.eagerness
    if chosen != "auto":
        return chosen
    return "pauses" if is_hosted(settings.stt[0]) else "eager"


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
            spares=[SpokenForm(parts.spare_tts, reader)],
            tokenizer=SentenceTokenizer(),
            track=track,
        ),
        # What is shown stays as it is written; the voice reads it piece by piece (SpokenForm).
        tts_text_transforms=[without_markup],
        conn_options=SessionConnectOptions(
            stt_conn_options=limits_of(settings.stt),
            llm_conn_options=limits_of(settings.llm),
            tts_conn_options=limits_of(settings.tts),
            max_unrecoverable_errors=_NEVER,
        ),
        max_tool_steps=settings.tools.rounds - 1,  # beside the first
        tool_handling={"async_options": {"duplicate_reject_template": _RUNS_ALREADY}},
        **SESSION_OPTIONS,
    )


def build_written_session(parts: Parts, settings: Settings) -> AgentSession[None]:
    """The same without ear and voice: the language model alone."""
    return AgentSession(
        llm=parts.llm,
        turn_handling={"turn_detection": "manual"},
        conn_options=SessionConnectOptions(
            llm_conn_options=limits_of(settings.llm), max_unrecoverable_errors=_NEVER
        ),
        # Nobody is away who does not speak.
        user_away_timeout=None,
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


def limits_of(stage: Sequence[StageChoice]) -> APIConnectOptions:
    """How long a stage may take; of a list all engines may be waited for, one after the other."""
    return APIConnectOptions(
        max_retry=stage[0].max_retries,
        retry_interval=RETRY_INTERVAL_S,
        timeout=sum(choice.timeout_s for choice in stage),
    )
