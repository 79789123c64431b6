"""A persona as a person writes it: one YAML file.

    title: Career adviser
    about: Helps you to find work that suits you.
    instructions: You help people to find work that suits them. Ask before you advise.
    greeting: {en: What would you like to do?, zh: 您想做什么样的工作？}
    voice: {en: {name: nova}, zh: {name: zf_xiaoxiao, speed: 0.9}}

docs/personas.md says what each line is for.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from agent.options.fields import Language, language_tag
from agent.options.phone import Destination, DestinationName
from agent.personas.texts import ANY, Texts
from agent.wording.lexicon.entry import Fault


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class VoiceChoice(_Strict):
    """Which voice speaks."""

    name: str = Field("", max_length=128)
    """As the engine knows it, a cloned one too; empty: the one that it is set to."""
    engine: str = Field("", max_length=64)
    """Which engine of the list `TTS_ENGINE` is asked first, as it is called there; empty: its
    first."""
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


class ModelChoice(_Strict):
    """How the language model is asked; None: as the settings have it."""

    name: str | None = Field(None, min_length=1, max_length=256)
    """Of a model that the same server or account has."""
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1)
    """Longest reply, tokens."""


class ToolChoice(_Strict):
    """A tool that the model may call."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """As the model knows it."""
    confirm: bool = False
    """Whether the caller must say yes before it does something."""


class Limits(_Strict):
    """What ends a reply or a call; None: nothing does."""

    words: int | None = Field(None, ge=5, le=1000)
    """Longest reply; the sentence in which they are reached is said to its end."""
    minutes: float | None = Field(None, gt=0, le=24 * 60)
    """Longest call; who is on the line is told so, and the call ends."""
    cost: float | None = Field(None, gt=0)
    """The same by what it has cost, in the currency of the prices."""


def _phrases(value: Any) -> Any:
    """Phrases, or phrases for each language."""
    if not isinstance(value, Mapping):
        return {ANY: _list(value)}
    return {language_tag(tag).lower(): _list(phrases) for tag, phrases in value.items()}


class SetAnswer(_Strict):
    """What is done when a caller asks for it in known words, whatever a model would say."""

    on: bool = True
    """False: the model answers these words like others."""
    words: Annotated[dict[str, list[str]], BeforeValidator(_phrases)] = {}
    """Phrases beside those that their language has, by tag or for `ANY`."""
    say: Texts = {}
    """Said when nobody is put through; `{number}` is the number for emergencies. Empty: a sentence
    of the language."""
    transfer_to: str = Field("", max_length=64)
    """Name of whom a telephone is put through to; empty: to nobody."""


def _set_answer(value: Any) -> Any:
    """`false`, or the lines."""
    if isinstance(value, bool):
        return {"on": value}
    if not isinstance(value, Mapping | SetAnswer | None):
        raise PydanticCustomError("answer", "should be `false`, or have `say:` and the like")
    return value


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _tools(value: Any) -> Any:
    tools = _list(value)
    if not isinstance(tools, list):
        return tools
    return [{"name": tool} if isinstance(tool, str) else tool for tool in tools]


Tools = Annotated[list[ToolChoice], BeforeValidator(_tools)]
Number = Annotated[str, StringConstraints(pattern=r"^[+0-9][0-9 ()/-]{1,31}$")]
"""Of a telephone, as people write it."""


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
    farewell: Texts | None = None
    """Last words of a call that reaches a limit."""
    filler: Texts | None = None
    """Said when a reply is slow to begin; empty: nothing."""
    apologies: dict[Fault, Texts] = {}
    """Said when something failed."""
    languages: Annotated[list[Language], BeforeValidator(_list)] = []
    """That are spoken, the most likely one first; empty: as the settings say."""
    voice: Voices = {}
    model: ModelChoice = ModelChoice()
    tools: Tools = []
    """All that the model may call; nothing else, whatever a caller or a document says."""
    documents: Annotated[list[str], BeforeValidator(_list)] | None = None
    """Files, folders (from the persona's on), addresses, or `handbook`, the pages about this
    project; None: those of the settings."""
    history: Literal["keep", "clear"] = "keep"
    """Whether it knows what was said before it took over."""
    limits: Limits = Limits()
    numbers: Annotated[list[Number], BeforeValidator(_list)] = []
    """Who dials one of these is answered by this persona."""
    human: Annotated[SetAnswer, BeforeValidator(_set_answer)] | None = None
    """What is done when a caller asks for a human being; `false`: nothing is set. None: a sentence
    of the language, for callers by telephone."""
    emergency: Annotated[SetAnswer, BeforeValidator(_set_answer)] | None = None
    """The same when they tell of an emergency."""
    transfer: dict[DestinationName, Destination] | None = Field(None, repr=False)
    """To whom callers by telephone may be put through, `{sales: "+4930123456"}`; the model is told
    the names alone. None: what the settings say."""
    still_there: Texts | None = None
    """Asks a caller who has said nothing for long."""
    sees: bool = False
    """Whether it is shown the caller's pictures, camera and screen."""
    offered: bool = True
    """Whether callers may choose it; else only a setting, a dispatch or a dialled number does."""
