"""Who speaks, and what they say first."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.metadata import PersonaWishes
from agent.personas.cast import Cast
from agent.personas.persona import Persona
from agent.settings.load import load


def recorded(persona: Persona) -> Persona:
    return replace(persona, greeting=f"{persona.greeting} We record.")


@pytest.fixture
def cast(tmp_path: Path) -> Cast:
    for name, greeting in (("desk", "{en: Desk., de: Empfang.}"), ("clerk", "Clerk.")):
        written = f"title: {name}\ninstructions: You are {name}.\ngreeting: {greeting}\n"
        (tmp_path / f"{name}.yaml").write_text(f"{written}languages: [en, de]\n", "utf-8")
    settings = load(environ={"PERSONAS": str(tmp_path), "PERSONAS_DEFAULT": "desk"})
    return Cast(settings, PersonaWishes(), opening=recorded)


def test_whoever_speaks_says_the_opening_to_who_is_greeted(cast: Cast) -> None:
    assert cast.persona.greeting == "Desk. We record."
    assert cast.enter("clerk").greeting == "Clerk. We record."


def test_who_takes_over_does_not_say_it_again(cast: Cast) -> None:
    cast.enter("clerk")
    assert cast.entrance == "Clerk."


def test_it_is_said_in_the_language_that_a_caller_brings(cast: Cast) -> None:
    assert cast.speak("de").greeting == "Empfang. We record."
    assert cast.entrance == "Empfang."
