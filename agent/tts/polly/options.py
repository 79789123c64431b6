"""What a person may set for this voice, by `TTS_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Literal

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from agent.options.fields import Language, setting
from agent.remote.aws.options import AwsOptions
from agent.tts.polly.voices import UnknownLanguage, language_of, voice_for

_MOST_LEXICONS = 5


class Options(AwsOptions):
    """Which voice speaks, and how."""

    model: Literal["standard", "neural", "long-form", "generative"] = setting(
        "neural",
        "Polly's engine: standard is cheapest, generative sounds best; not every region and voice "
        "has each",
    )
    language: Language = setting(
        "en-US", "language that is spoken, BCP-47, for example zh, pt-BR or en-GB", of_all=True
    )
    voice: str = setting(
        "", "Polly's name of a voice, for example Zhiyu; empty: the one of the language"
    )
    speed: float = setting(1.0, "speaking speed; 1 is the voice's own", ge=0.2, le=2)
    lexicons: str = setting(
        "", "comma list of pronunciation lexicons that are stored in Polly, five at most"
    )
    stall_s: float = setting(
        5.0, "longest pause of Polly in the middle of its answer, seconds", gt=0, le=120
    )

    @field_validator("language")
    @classmethod
    def _spoken(cls, language: str) -> str:
        try:
            language_of(language or "en-US")
        except UnknownLanguage as error:
            raise PydanticCustomError("language", "{why}", {"why": str(error)}) from error
        return language or "en-US"

    @field_validator("lexicons")
    @classmethod
    def _few(cls, lexicons: str) -> str:
        if len(lexicon_names(lexicons)) > _MOST_LEXICONS:
            raise PydanticCustomError("lexicons", "may name five at most")
        return lexicons

    @property
    def speaker(self) -> str:
        """Polly's name of the voice that speaks."""
        return self.voice or voice_for(self.language, self.model)


def lexicon_names(lexicons: str) -> list[str]:
    """The names in a comma list."""
    return [name.strip() for name in lexicons.split(",") if name.strip()]
