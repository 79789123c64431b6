"""Which voice speaks for whom: of the settings, by language and speaker, else the embedded one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from agent.interpreting.casting import Casting


@dataclass(frozen=True)
class Engine:
    """An engine in one of its voices."""

    name: str
    voice: str = ""
    speed: float = 1.0

    def with_voice(self, voice: str, *, speed: float) -> "Engine":
        return Engine(self.name, voice, speed)


def casting(voices: Mapping[str, tuple[str, ...]]) -> Any:
    return Casting(Engine("chosen"), Engine("embedded"), voices)  # type: ignore[arg-type]


PT = {"pt": ("dora", "alex"), "*": ("nova",), "de": ("espeak:{language}",)}


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("pt-BR", Engine("chosen", "dora")),
        ("zh", Engine("chosen", "nova")),
        ("de-AT", Engine("chosen", "espeak:de-AT")),
    ],
    ids=["named", "any", "by its tag"],
)
def test_a_language_has_the_voices_that_are_set_for_it(language: str, spoken: Engine) -> None:
    assert casting(PT).voice("ann", language, 1.0) == spoken


def test_a_language_without_one_is_spoken_by_the_embedded_voice() -> None:
    assert casting({"en": ("joe",)}).voice("ann", "pt", 1.2) == Engine("embedded", "pt", 1.2)


def test_each_speaker_keeps_a_voice_of_their_own() -> None:
    cast = casting(PT)
    voices = [cast.voice(who, "pt", 1.0).voice for who in ("ann", "bob", "ann", "eva")]
    assert voices == ["dora", "alex", "dora", "dora"]
    embedded = [cast.embedded(who, "pt", 1.0).voice for who in ("ann", "bob", "eva")]
    assert embedded == ["pt", "pt+f2", "pt+m3"]


def test_a_voice_is_made_once() -> None:
    cast = casting(PT)
    assert cast.voice("ann", "pt", 1.1) is cast.voice("ann", "pt-PT", 1.1)
