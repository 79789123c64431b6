"""What a process loads before its call, and closes after it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import llm, stt, tts

from agent.hearing.ear import Probability, load_detector
from agent.hearing.end_model import EndModel, load_end_model
from agent.llm.reply_filter import Habit
from agent.remote.hedging import Pace
from agent.remote.learned import page
from agent.settings.engines import Stage, load_engine
from agent.settings.hosting import is_hosted
from agent.settings.load import Settings, StageChoice
from agent.tasks import fault
from agent.tts.espeak.options import Options as EspeakOptions
from agent.wording.reader import preload_words

logger = logging.getLogger(__name__)

_CLOSE_S = 5.0


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


def pace_of(stage: Stage, choice: StageChoice) -> Pace | None:
    """Keeps the times of an engine that slow requests may be repeated to; None: they may not.

    All calls of the worker share them.
    """
    wanted = is_hosted(choice) if choice.hedge == "auto" else choice.hedge == "on"
    return Pace(page(f"pace {stage}", Pace.BYTES)) if wanted else None


def _habit() -> Habit:
    return Habit(page("llm habit", Habit.BYTES))
