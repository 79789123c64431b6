"""A persona as a person writes it: one YAML file.

    title: Career adviser
    about: Helps you to find work that suits you.
    instructions: You help people to find work that suits them. Ask before you advise.
    greeting: {en: What would you like to do?, zh: 您想做什么样的工作？}
    voice: {en: {name: nova}, zh: {name: zf_xiaoxiao, speed: 0.9}}

docs/personas.md says what each line is for.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from agent.options.fields import Language, language_tag
from agent.personas.texts import ANY, Texts
from agent.wording.lexicon.entry import Fault


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class VoiceChoice(_Strict):
    """Which voice speaks."""

    name: str = Field("", max_length=128)
    """As the engine knows it, a cloned one too; empty: the one that it is set to."""
    speed: float = Field(1.0, ge=0.5, le=2)
    """Beside the speed that the engine is set to."""


def _voices(value: Any) -> Any:
    """A name, a voice, or a voice for each language."""
    if isinstance(value, str):
        return {ANY: {"name": value}}
    if isinstance(value, Mapping) and set(value) <= set(VoiceChoice.model_fields):
        return {ANY: value}
    if not isinstance(value, Mapping):
        raise PydanticCustomError("voices", "should be a voice, or one for each language")
    return {
        language_tag(tag).lower(): {"name": voice} if isinstance(voice, str) else voice
        for tag, voice in value.items()
    }


Voices = Annotated[dict[str, VoiceChoice], BeforeValidator(_voices)]
"""By lower-case BCP-47 tag, or by `ANY`."""


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class PersonaFile(_Strict):
    """What a persona's file may say."""

    title: Texts
    """Its name for people."""
    about: Texts = {}
    """One sentence for who chooses."""
    picture: str = ""
    """Path of a picture, from the file's folder on, or one emoji."""
    instructions: Texts
    """The model's system prompt."""
    greeting: Texts | None = None
    """First words; empty: the caller speaks first. None: those of the settings."""
    back: Texts | None = None
    """First words of a call that goes on after a break."""
    filler: Texts | None = None
    """Said when a reply is slow to begin; empty: nothing."""
    apologies: dict[Fault, Texts] = {}
    """Said when something failed."""
    languages: Annotated[list[Language], BeforeValidator(_list)] = []
    """That are spoken, the most likely one first; empty: as the settings say."""
    voice: Voices = {}
