"""What a process loads before its call, and closes after it."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from livekit.agents import llm, stt, tts

from agent.call.libraries import preload_libraries
from agent.call.line_ups import (
    build_model,
    build_recogniser,
    build_translator,
    build_voice,
    habit_for,
    label_of,
    pace_for,
    preload_engines,
)
from agent.costs.meter import Meter
from agent.hearing.ear import Probability, load_detector
from agent.hearing.end_model import EndModel, load_end_model
from agent.llm.reply_filter import Habit
from agent.memory.opened import preload as preload_memory
from agent.remote.certificates import preload_authorities
from agent.remote.failover import Closable, LineUp, Member
from agent.remote.hedging import Pace
from agent.remote.learned import page
from agent.room_protocol import LLM, STT, TTS
from agent.settings.engines import CallStage, load_engine
from agent.settings.load import Settings, StageChoice
from agent.tasks import fault
from agent.translate.translator import Translator
from agent.tts.espeak.options import Options as EspeakOptions
from agent.turns.stream_delays import StreamDelays
from agent.websearch.pages import PageReader, open_pages
from agent.websearch.search import WebSearch, open_search
from agent.wording.reader import preload_words

logger = logging.getLogger(__name__)

_CLOSE_S = 5.0
_DELAYS = "stream delays"
_ATTRIBUTES: Mapping[CallStage, str] = {"stt": STT, "llm": LLM, "tts": TTS}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process loads before its call, and closes after it."""

    detector: Callable[[], Probability]
    """Makes the speech detector of one track."""
    end_model: EndModel | None
    stt: stt.STT[str]
    llm: llm.LLM[Any]
    spare_tts: tts.TTS[Any]
    """The embedded voice: says what the chosen one does not."""
    tts: tts.TTS[Any]
    stt_pace: Pace | None
    llm_pace: Pace | None
    llm_habit: Habit
    llm_stall_s: float | None
    """Longest wait for the next word of a reply, seconds; None: a list sees to that itself,
    and goes on with its next model."""
    chosen: Mapping[CallStage, StageChoice]
    """The first choice of each stage."""
    stt_delays: StreamDelays = field(default_factory=StreamDelays)
    """How late the words of a recogniser are that streams."""
    translator: Translator | None = None
    """For captions and interpreting; None: nothing translates."""
    web_search: WebSearch | None = None
    """None: nobody searches the web."""
    pages: PageReader | None = None
    """Reads the pages that it finds; None: they are not read."""
    meter: Meter = field(default_factory=Meter)
    """Counts what is asked of the engines; the spare voice costs nothing."""

    def labels(self) -> dict[str, str]:
        """Participant attributes that name the engines; of a list who answered last."""
        engines: dict[CallStage, Any] = {"stt": self.stt, "llm": self.llm, "tts": self.tts}
        return {
            _ATTRIBUTES[stage]: label_of(self.chosen[stage], engine)
            for stage, engine in engines.items()
        }

    def watch(self, told: Callable[[CallStage, bool], None]) -> None:
        """Tell when another engine of a stage's list answers: which stage, whether the first."""
        engines: dict[CallStage, Any] = {"stt": self.stt, "llm": self.llm, "tts": self.tts}
        for stage, engine in engines.items():
            line_up = getattr(engine, "line_up", None)
            if isinstance(line_up, LineUp):
                line_up.watch(partial(_told, told, stage, line_up.members[0]))

    async def aclose(self) -> None:
        """Close the engines: connections, threads, child processes; 5 s at most each."""
        closing: list[Closable] = [self.stt, self.llm, self.tts, self.spare_tts]
        closing += [part for part in (self.translator, self.web_search) if part is not None]
        for engine in closing:
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await engine.aclose()
            except Exception as error:  # noqa: BLE001 - the other engines are closed all the same
                logger.warning("an engine was not closed", extra=fault(error))


def _told(
    told: Callable[[CallStage, bool], None], stage: CallStage, first: Member[Any], now: Member[Any]
) -> None:
    told(stage, now is first)


def preload(settings: Settings) -> None:
    """Load what all processes can share, before they part; blocking. A second time costs nothing.

    Starts no thread and no event loop: a fork would take neither along.

    Raises:
        EngineUnavailable: a package that an engine needs is missing.
    """
    load_detector()
    preload_words()
    preload_authorities()
    page(_DELAYS, StreamDelays.BYTES)
    preload_memory(settings.memory)
    preload_engines("stt", settings.stt)
    preload_engines("llm", settings.llm)
    preload_engines("tts", settings.tts)
    preload_engines("translate", settings.translate)
    preload_libraries(settings)


def load_parts(settings: Settings) -> Parts:
    """Load models and make engines; blocking, once per process.

    Raises:
        EngineUnavailable: a package that an engine needs is missing.
        ConfigError: an engine of a list cannot stand in one.
    """
    preload(settings)
    meter = Meter()
    recogniser = build_recogniser(settings.stt, meter)
    model = build_model(settings.llm, meter, stall_s=settings.reply.stall_s)
    searches = settings.web_search.web_search != "off"
    return Parts(
        detector=load_detector(),
        end_model=load_end_model() if settings.turn.model == "v1-mini" else None,
        stt=recogniser,
        llm=model,
        tts=build_voice(settings.tts, meter),
        spare_tts=load_engine("tts", "espeak").build(spare_voice(settings)),
        stt_pace=pace_for("stt", settings.stt, recogniser),
        llm_pace=pace_for("llm", settings.llm, model),
        llm_habit=habit_for(settings.llm, model),
        llm_stall_s=settings.reply.stall_s if len(settings.llm) == 1 else None,
        chosen={"stt": settings.stt[0], "llm": settings.llm[0], "tts": settings.tts[0]},
        stt_delays=StreamDelays(page(_DELAYS, StreamDelays.BYTES)),
        translator=build_translator(settings.translate, model, meter),
        web_search=open_search(settings.web_search) if searches else None,
        pages=open_pages(settings.web_search) if searches else None,
        meter=meter,
    )


def spare_voice(settings: Settings) -> EspeakOptions:
    """How the embedded voice speaks in place of the chosen one: in the caller's language."""
    language = str(getattr(settings.stt[0].options, "language", "") or "")
    return EspeakOptions(voice=language) if language else EspeakOptions()
