"""What is known of a language: one record, from one folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.help_words import HelpWords
from agent.wording.lexicon.language import Language
from agent.wording.lexicon.line_words import LineWords
from agent.wording.lexicon.picture_words import PictureWords
from agent.wording.lexicon.piece_words import PieceWords
from agent.wording.lexicon.turn_words import TurnWords
from agent.wording.lexicon.yes_no import YesNo

Fault = Literal["stt", "llm", "tts", "session"]
"""What broke: hearing, thinking, speaking, or all of it."""


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """One language."""

    code: str
    """Two letters of ISO 639-1."""
    figures: Language
    """How figures, units, dates and signs are said."""
    turns: TurnWords
    """What a caller's words say about the turn."""
    pieces: PieceWords
    """Where a reply is cut for the voice."""
    common: frozenset[str] = frozenset()
    """Its commonest words: by these it is known from others of the same script."""
    letters: str = ""
    """Letters that none of the others has."""
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
    stand_by: str
    """Shown when another engine of a list has to answer."""
    may_remember: str
    """Asks the caller for the permission to know them again in another call."""
    recorded: str
    """Added to the greeting of a call whose sound is kept."""
    farewell: str
    """Said when the agent has to end the call."""
    help: HelpWords
    """Asking for a human being, and for help in an emergency."""
    line: LineWords
    """Said about the line: is somebody there, who is put through; and who asks to wait."""
    pictures: PictureWords
    """Said about pictures that a caller sends."""
    consent: Consent
    """Says aloud that the interpreter may speak with one's own voice."""
    yes_no: YesNo
    """How somebody who was asked says yes, or no."""
