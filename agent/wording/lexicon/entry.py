"""What is known of a language: one record, from one folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent.wording.lexicon.language import Language

Fault = Literal["stt", "llm", "tts", "session"]
"""What broke: hearing, thinking, speaking, or all of it."""


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """One language."""

    code: str
    """Two letters of ISO 639-1."""
    figures: Language
    """How figures, units, dates and signs are said."""
    greeting: str
    """First words of a call."""
    back: str
    """The same of a call that goes on after a break."""
    filler: str
    """Said when a reply is slow to begin."""
    apologies: Mapping[Fault, str]
    """Said when something broke, once each."""
    spare_voice: str
    """Shown when another voice has to speak."""
