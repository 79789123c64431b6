"""Makes the engines of each stage: one as it is, several as one that goes on to the next."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from livekit.agents import APIConnectOptions, llm, stt, tts

from agent.costs.meter import EngineMeter, Meter, Place
from agent.errors import ConfigError
from agent.llm.failover import FailoverLLM, ServingHabit
from agent.llm.metered import MeteredLLM
from agent.llm.reply_filter import Habit
from agent.remote.failover import Health, LineUp, Member, ServingPace
from agent.remote.hedging import Pace
from agent.remote.learned import page
from agent.settings.checking import probe_engine
from agent.settings.engines import TABLES, Stage, load_engine
from agent.settings.hosting import is_hosted
from agent.settings.load import StageChoice
from agent.stt.failover import FailoverSpeechToText
from agent.stt.metered import MeteredSpeechToText
from agent.translate.failover import FailoverTranslator
from agent.translate.llm.engine import ModelTranslator
from agent.translate.metered import MeteredTranslator
from agent.translate.recogniser.engine import HeardTranslated
from agent.translate.translator import Translator
from agent.tts.failover import FailoverSpeech
from agent.tts.metered import MeteredSpeech

RETRY_INTERVAL_S = 0.25

_METERED: Mapping[Stage, Callable[[Any, EngineMeter], Any]] = {
    "stt": MeteredSpeechToText,
    "llm": MeteredLLM,
    "tts": MeteredSpeech,
}


def preload_engines(stage: Stage, choices: Sequence[StageChoice]) -> None:
    """Load what all processes can share of these engines, and make what they learn together."""
    for choice in choices:
        module = load_engine(stage, choice.engine)
        if hasattr(module, "preload"):
            module.preload()
        if hasattr(module, "preload_for"):
            module.preload_for(choice.options)
        # Made here, they are the same memory for all.
        pace_of(stage, choice)
        _health(stage, choice)
        if stage == "llm":
            habit_of(choice)


def build_recogniser(choices: Sequence[StageChoice], meter: Meter | None = None) -> stt.STT[str]:
    """The recogniser; blocking, as engines load models. `meter` counts what it is sent."""
    engines = _build_all("stt", choices, meter)
    if len(choices) == 1:
        single: stt.STT[str] = engines[0]
        return single
    line_up: LineUp[stt.STT[str]] = _line_up("stt", choices, engines)
    return FailoverSpeechToText(line_up)


def check_recognisers(choices: Sequence[StageChoice]) -> None:
    """See that a list is in an order that can be used; builds what may stream.

    Raises:
        ConfigError: an engine that only streams stands behind one that does not.
    """
    offered: list[stt.STTCapabilities] = []
    for choice in choices if len(choices) > 1 else ():
        line = TABLES["stt"].get(choice.engine)
        if line is not None and line.streams is not None:
            offered.append(
                stt.STTCapabilities(
                    streaming=line.streams,
                    interim_results=line.streams,
                    offline_recognize=not line.streams,
                )
            )
        else:
            built: stt.STT[str] = load_engine("stt", choice.engine).build(choice.options)
            offered.append(built.capabilities)
        if not (offered[0].streaming or offered[-1].offline_recognize):
            raise ConfigError(
                f"STT_ENGINE: {choice} only streams, so it must be the first choice, or behind "
                "others that stream"
            )


def build_model(
    choices: Sequence[StageChoice], meter: Meter | None = None, *, stall_s: float
) -> llm.LLM[Any]:
    """The language model; blocking. `meter` counts its tokens.

    `stall_s` is the longest wait for the next piece of a reply that has begun, seconds.
    """
    engines = _build_all("llm", choices, meter)
    if len(choices) == 1:
        single: llm.LLM[Any] = engines[0]
        return single
    return FailoverLLM(_line_up("llm", choices, engines), stall_s=stall_s)


def build_voice(choices: Sequence[StageChoice], meter: Meter | None = None) -> tts.TTS[Any]:
    """The voice; blocking. `meter` counts what it is given to say."""
    engines = _build_all("tts", choices, meter)
    if len(choices) == 1:
        single: tts.TTS[Any] = engines[0]
        return single
    return FailoverSpeech(_line_up("tts", choices, engines))


def build_translator(
    choices: Sequence[StageChoice], model: llm.LLM[Any], meter: Meter | None = None
) -> Translator | None:
    """The translator; blocking. None: nothing is chosen.

    `model` is for the engine that asks it, and counted by itself; `meter` counts what others are
    given.
    """
    engines: list[Any] = []
    for number, choice in enumerate(choices, 1):
        engine = _build("translate", choice)
        if isinstance(engine, ModelTranslator):
            engine.use(model)
        elif meter is not None and not isinstance(engine, HeardTranslated):
            engine = MeteredTranslator(
                engine, meter.of(_place("translate", number, choice), engine)
            )
        engines.append(engine)
    if len(engines) < 2:
        return next(iter(engines), None)
    return FailoverTranslator(_line_up("translate", choices, engines))


def pace_for(stage: Stage, choices: Sequence[StageChoice], engine: object) -> Pace | None:
    """Keeps the times of the engine that is asked; None: slow requests are not repeated."""
    if isinstance(engine, FailoverSpeechToText):
        return ServingPace(engine.line_up)
    if isinstance(engine, FailoverLLM):
        return ServingPace(engine.line_up)
    return pace_of(stage, choices[0])


def habit_for(choices: Sequence[StageChoice], engine: llm.LLM[Any]) -> Habit:
    """What is known of the answers of the model that is asked."""
    if isinstance(engine, FailoverLLM):
        return ServingHabit(engine.line_up, {str(choice): habit_of(choice) for choice in choices})
    return habit_of(choices[0])


def pace_of(stage: Stage, choice: StageChoice) -> Pace | None:
    """Keeps the times of an engine that slow requests may be repeated to; None: they may not.

    All calls of the worker share them.
    """
    wanted = is_hosted(choice) if choice.hedge == "auto" else choice.hedge == "on"
    return Pace(page(f"pace {stage} {choice}", Pace.BYTES)) if wanted else None


def habit_of(choice: StageChoice) -> Habit:
    """What all calls have learned of the answers of a model."""
    return Habit(page(f"llm habit {choice}", Habit.BYTES))


def label_of(choice: StageChoice, engine: Any) -> str:
    """What people are told of who serves: of a list who answered last, `openai:far · whisper-1`."""
    line_up = getattr(engine, "line_up", None)
    name = line_up.serving.label if isinstance(line_up, LineUp) else str(choice)
    model = engine.model
    return f"{name} · {model}" if model not in ("", "unknown", name) else name


def _health(stage: Stage, choice: StageChoice) -> Health:
    return Health(page(f"health {stage} {choice}", Health.BYTES))


def _line_up(stage: Stage, choices: Sequence[StageChoice], engines: Sequence[Any]) -> LineUp[Any]:
    return LineUp(
        [
            _member(stage, choice, engine, last=choice is choices[-1])
            for choice, engine in zip(choices, engines, strict=True)
        ]
    )


def _member(stage: Stage, choice: StageChoice, engine: Any, *, last: bool) -> Member[Any]:
    # Instead of trying again, the next one is asked. Recognitions are tried again as a whole.
    tries_again = last and stage != "stt"
    return Member(
        str(choice),
        engine,
        APIConnectOptions(
            max_retry=choice.max_retries if tries_again else 0,
            retry_interval=RETRY_INTERVAL_S,
            timeout=choice.timeout_s,
        ),
        _health(stage, choice),
        probe=partial(probe_engine, stage, choice, again=True),
        pace=pace_of(stage, choice) if stage in ("stt", "llm") else None,
    )


def _build_all(stage: Stage, choices: Sequence[StageChoice], meter: Meter | None) -> list[Any]:
    engines = [_build(stage, choice) for choice in choices]
    if meter is None:
        return engines
    return [
        _METERED[stage](engine, meter.of(_place(stage, number, choice), engine))
        for number, (choice, engine) in enumerate(zip(choices, engines, strict=True), 1)
    ]


def _place(stage: Stage, number: int, choice: StageChoice) -> Place:
    return Place(stage, number, choice.engine, str(choice), hosted=is_hosted(choice))


def _build(stage: Stage, choice: StageChoice) -> Any:
    module = load_engine(stage, choice.engine)
    component = module.build(choice.options)
    if hasattr(module, "warm_up"):
        module.warm_up(component)
    return component
