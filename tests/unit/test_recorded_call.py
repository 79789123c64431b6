"""What a call tells its recorder, and what it tells its caller of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from livekit.agents import llm

from agent.call.recorded import Recorded, with_notice
from agent.call.timeline import StageSpan, TurnReport
from agent.costs.bill import bill_of
from agent.costs.meter import Meter
from agent.costs.prices import Prices
from agent.errors import ConfigError
from agent.metadata import PersonaWishes
from agent.personas.persona import Persona, persona_of
from agent.recorder.folder import make_folder
from agent.recorder.recording import load
from agent.settings.load import Settings
from agent.settings.load import load as settings
from agent.turns.asking import Asking
from agent.turns.turn_taker import TurnTaker
from agent.wording.lexicon import LEXICONS
from tests.fakes.recorded_talk import newest, recorder


def persona(loaded: Settings, **wishes: object) -> Persona:
    chosen = persona_of(loaded, PersonaWishes.model_validate(wishes))
    return with_notice(chosen, loaded.record)


def loaded(**environ: str) -> Settings:
    return settings(environ=environ, env_file=None)


@pytest.mark.parametrize("record", ["off", "events"])
def test_a_call_whose_sound_is_not_kept_begins_as_ever(record: str) -> None:
    chosen = loaded(RECORD=record)
    assert persona(chosen) == persona_of(chosen)


@pytest.mark.parametrize("code", LEXICONS)
def test_the_first_words_say_in_the_language_of_the_call_that_it_is_recorded(code: str) -> None:
    said = persona(loaded(RECORD="audio"), languages=[code])
    notice = LEXICONS[code].recorded
    assert said.greeting == f"{LEXICONS[code].greeting} {notice}"
    assert said.back_text.endswith(notice)


def test_a_notice_of_ones_own_is_said_in_every_language() -> None:
    chosen = loaded(RECORD="audio", RECORD_NOTICE="We keep this.", AGENT_GREETING="")
    assert persona(chosen, languages=["de"]).greeting == "We keep this."
    assert persona(chosen, greeting="Hi.").greeting == "Hi. We keep this."


def test_without_a_notice_no_sound_is_kept() -> None:
    with pytest.raises(ConfigError, match="RECORD_NOTICE"):
        loaded(RECORD="audio", RECORD_NOTICE=" ")
    assert loaded(RECORD="events", RECORD_NOTICE="").record.notice == ""


def test_a_call_without_a_recorder_has_the_parts_that_it_always_has() -> None:
    recorded = Recorded(None)
    assert recorded.taker is TurnTaker
    assert recorded.asking is Asking
    recorded.key("1")
    asyncio.run(recorded.aclose())


def test_what_happens_in_a_call_is_kept_but_for_keys_and_what_tools_are_told(
    tmp_path: Path,
) -> None:
    folder = make_folder(tmp_path / "recordings")
    clock: Callable[[], float] = lambda: 1.0  # noqa: E731
    recorded = Recorded(recorder(folder, clock=clock))
    called = llm.FunctionCall(call_id="1", name="pay", arguments='{"card": "4929"}')
    told = llm.FunctionCallOutput(call_id="1", name="pay", output="4929 is good", is_error=False)
    report = TurnReport(1, False, (StageSpan("llm", 10.0, 20.0),), 30.0)
    somebody = SimpleNamespace(identity="+49 30 4929")
    recorded.joined(cast("object", somebody), back=False)  # type: ignore[arg-type]
    recorded.typed("hello")
    recorded.key("4")
    recorded.tool(called, told)
    recorded.speaking()
    recorded.reply("Hello.", interrupted=True)
    recorded.answered(report)
    recorded.cost(bill_of(Meter(), Prices(), final=True))
    recorded.left("+49 30 4929")
    recorded.gone()
    for _ in range(2):
        asyncio.run(recorded.aclose())
    recorded.typed("too late")
    file = newest(folder)
    kinds = [event.kind for event in load(file).events]
    assert kinds == [
        "joined", "typed", "key", "tool", "speaking", "said", "turn", "cost", "left", "gone",
        "end",
    ]  # fmt: skip
    assert "4929" not in str(load(file))
