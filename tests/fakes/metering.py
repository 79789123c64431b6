"""Engines with a meter, as `agent.call.line_ups` makes them, and what they have cost."""

from typing import Any

from agent.costs.bill import Line, bill_of
from agent.costs.meter import Meter, Place
from agent.costs.prices import Prices, Stage
from agent.llm.metered import MeteredLLM
from agent.stt.metered import MeteredSpeechToText
from agent.tts.metered import MeteredSpeech

_METERED = {"stt": MeteredSpeechToText, "llm": MeteredLLM, "tts": MeteredSpeech}


def metered(stage: Stage, engine: Any, meter: Meter) -> Any:
    """The engine, counted as somebody else's."""
    place = Place(stage, 1, "openai", "openai", hosted=True)
    return _METERED[stage](engine, meter.of(place, engine))


def line_of(meter: Meter, prices: Prices | None = None, *, final: bool = False) -> Line:
    """What the only engine that was asked has used."""
    [line] = bill_of(meter, prices or Prices(), final=final).lines
    return line
