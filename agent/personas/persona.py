"""The persona of one call: the worker's settings, and what the job's metadata have different."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.metadata import PersonaWishes
from agent.options.agent import AgentOptions
from agent.options.stages import ModelOptions
from agent.personas.persona_file import Limits, ModelChoice, ToolChoice
from agent.personas.shelf import ShelvedPersona
from agent.personas.texts import said_in
from agent.personas.wishes import beside, wishes_of
from agent.settings.load import Settings
from agent.wording.lexicon import Lexicon, lexicon_of
from agent.wording.lexicon.entry import Fault

_VOICE_LANGUAGE = re.compile(r"[a-z]{2,3}(?=[-_][A-Za-z]{2}\b|[-_][A-Z]{2}[-_]|$)")
"""With which names of voices begin: `de`, `en-gb`, `en_US-joe-medium`."""


@dataclass(frozen=True, slots=True)
class Persona:
    """Never changes; a call may go on with another one (`agent.personas.cast`)."""

    instructions: str
    """The model's system prompt."""
    greeting: str
    """First words of a call; empty: the caller speaks first."""
    back_text: str
    """First words of a job that takes over the call of one that died; empty: nothing."""
    filler: str
    """Said when a reply is slow to begin; empty: nothing."""
    farewell: str
    """Last words of a call that the agent has to end."""
    apologies: Mapping[Fault, str]
    """Said when a stage fails."""
    apology_voice: str
    """Language that these are in, for the embedded voice."""
    spare_notice: str
    """Shown when the embedded voice speaks in place of the chosen one."""
    stand_by_notice: str
    """Shown when another engine of a list answers in the first one's place."""
    languages: tuple[str, ...]
    """Tags of the languages that are expected, the most likely one first; empty: any."""
    spoken: NotGivenOr[str]
    """The language that the recogniser is told in place of the one that it is set to; empty: to
    find out itself."""
    voice: str
    """A voice by the engine's name for it; empty: the one that the engine is set to."""
    speed: float
    """Speaking speed beside the one that the engine is set to."""
    spare_voice: str
    """Language of the embedded voice; empty: the one that it is set to."""
    voice_engine: str = ""
    """Which engine of the list `TTS_ENGINE` is asked first; empty: its first."""
    shelved: ShelvedPersona | None = None
    """The file that it is of; None: it is as the settings have it."""

    @property
    def name(self) -> str:
        """By which it is chosen; empty: it is as the settings have it."""
        return self.shelved.name if self.shelved is not None else ""

    @property
    def title(self) -> str:
        """Its name for people; empty: it has none."""
        return str(said_in(self.shelved.file.title, self.languages)) if self.shelved else ""

    @property
    def model(self) -> ModelChoice:
        """How the language model is asked."""
        return self.shelved.file.model if self.shelved else ModelChoice()

    @property
    def limits(self) -> Limits:
        """What ends its replies and its call."""
        return self.shelved.file.limits if self.shelved else Limits()

    @property
    def documents(self) -> tuple[str, ...] | None:
        """What it answers from: paths and addresses; None: what the settings say."""
        return self.shelved.documents if self.shelved is not None else None

    @property
    def transfer(self) -> Mapping[str, str] | None:
        """To whom it may put callers through: where to, by name; None: what the settings say."""
        return self.shelved.file.transfer if self.shelved is not None else None

    @property
    def still_there(self) -> str:
        """Asks a caller who has said nothing for long."""
        own = self.shelved.file.still_there if self.shelved is not None else None
        said = said_in(own, self.languages) if own is not None else None
        return str(said) if said else self.words.line.still_there

    @property
    def words(self) -> Lexicon:
        """What is known of the language that is expected first."""
        return lexicon_of(self.language)

    @property
    def sees(self) -> bool:
        """Whether it is shown the caller's pictures, camera and screen."""
        return self.shelved is None or self.shelved.file.sees

    def choice_of(self, tool: str) -> ToolChoice | None:
        """How its model may call a tool; None: not at all.

        A persona that is of no file may call all that the settings have.
        """
        if self.shelved is None:
            return ToolChoice(name=tool)
        return next((choice for choice in self.shelved.file.tools if choice.name == tool), None)

    @property
    def language(self) -> str:
        """The language that is expected first; empty: none is."""
        return self.languages[0] if self.languages else ""


def persona_of(
    settings: Settings,
    wishes: PersonaWishes | None = None,
    shelved: ShelvedPersona | None = None,
) -> Persona:
    """The persona of a call: what `wishes` leave open is as its file, then the settings, have it.

    Where these are as they come, the words are those of the expected language.
    """
    wishes, engine = wishes or PersonaWishes(), ""
    if shelved is not None:
        file = shelved.file
        spoken = tuple(wishes.languages or file.languages)
        voice = said_in(file.voice, spoken)
        engine = voice.engine if voice is not None and wishes.voice is None else ""
        wishes = beside(wishes, wishes_of(file, spoken))
    agent, reply = settings.agent, settings.reply
    expected = expected_language(settings, voice=wishes.voice or "")
    languages = tuple(wishes.languages or ([expected] if expected else []))
    words = lexicon_of(languages[0] if languages else "")
    return Persona(
        instructions=_first(wishes.instructions, reply.instructions),
        greeting=_first(wishes.greeting, _set(agent, "greeting"), words.greeting),
        back_text=_first(wishes.back_text, _set(agent, "back_text"), words.back),
        filler=_first(wishes.filler, _set(reply, "filler"), words.filler),
        farewell=_first(wishes.farewell, words.farewell),
        apologies=MappingProxyType({**words.apologies, **(wishes.apologies or {})}),
        apology_voice=_spoken_by_embedded(words.code),
        spare_notice=words.spare_voice,
        stand_by_notice=words.stand_by,
        languages=languages,
        spoken=_spoken(wishes.languages),
        voice=wishes.voice or "",
        speed=1.0 if wishes.speed is None else wishes.speed,
        spare_voice=_spoken_by_embedded(languages[0]) if wishes.languages else "",
        voice_engine=engine,
        shelved=shelved,
    )


def expected_language(settings: Settings, *, voice: str = "") -> str:
    """The language tag that the recogniser is set to, or the voice is or has; empty: none.

    `voice`: one that speaks in place of that of the settings.
    """
    own = settings.tts[0].options
    spoken = str(getattr(settings.stt[0].options, "language", "") or getattr(own, "language", ""))
    if spoken or getattr(own, "voices", None) is not None:
        # Voices of a file are called as their owner likes.
        return spoken
    named = _VOICE_LANGUAGE.match(voice or str(getattr(own, "voice", "")))
    return named[0] if named is not None else ""


def _spoken(languages: Sequence[str] | None) -> NotGivenOr[str]:
    if not languages:
        return NOT_GIVEN
    return languages[0] if len(languages) == 1 else ""


def _set(section: AgentOptions | ModelOptions, field: str) -> str | None:
    """What a person has set; None: the field is as it comes."""
    value: str = getattr(section, field)
    return None if value == type(section).model_fields[field].default else value


def _first(*texts: str | None) -> str:
    return next(text for text in texts if text is not None)


def _spoken_by_embedded(language: str) -> str:
    """By which name the embedded voice knows a language; its own English is American."""
    return "en-us" if language == "en" else language
