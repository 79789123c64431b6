"""Every setting of the worker, read once per process. The only reader of the environment.

Precedence: flag > environment > `.env` file > default. All mistakes are reported at once.
A stage's names share its prefix (`STT_`, `LLM_`, `TTS_`, `TRANSLATE_`); which further names exist
there depends on the `Options` of the chosen engine, or of those of a list
(`agent.settings.engine_list`).
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from pydantic import BaseModel

from agent.costs.prices import Prices, read_prices
from agent.errors import ConfigError
from agent.options.agent import AgentOptions
from agent.options.documents import DocumentsOptions
from agent.options.fields import EngineOptions
from agent.options.interpreting import InterpretOptions
from agent.options.livekit import LiveKitOptions
from agent.options.memory import MemoryOptions
from agent.options.personas import PersonaOptions
from agent.options.phone import PhoneOptions
from agent.options.pictures import PictureOptions
from agent.options.prices import PriceOptions
from agent.options.recording import RecordOptions
from agent.options.rehearsing import RehearseOptions
from agent.options.stages import (
    Hedging,
    ModelOptions,
    SpeechToTextOptions,
    StageOptions,
    TextToSpeechOptions,
    TranslateOptions,
)
from agent.options.tools import McpOptions, ToolOptions
from agent.options.turns import TurnOptions
from agent.options.web import TalkOptions
from agent.options.web_search import WebSearchOptions
from agent.settings.engine_list import Entry, entries_of
from agent.settings.engines import TABLES, Stage, options_of
from agent.settings.env_file import read_env_file
from agent.settings.reading import Origin, SettingsReader, Value, is_of_all, variable

SECTIONS: Mapping[str, type[BaseModel]] = {
    "LIVEKIT_": LiveKitOptions,
    "AGENT_": AgentOptions,
    "PERSONAS_": PersonaOptions,
    "MEMORY_": MemoryOptions,
    "TOOLS_": ToolOptions,
    "MCP_": McpOptions,
    "PHONE_": PhoneOptions,
    "PICTURES_": PictureOptions,
    "DOCUMENTS_": DocumentsOptions,
    "STT_": SpeechToTextOptions,
    "LLM_": ModelOptions,
    "TTS_": TextToSpeechOptions,
    "TRANSLATE_": TranslateOptions,
    "INTERPRET_": InterpretOptions,
    "TURN_": TurnOptions,
    "WEB_SEARCH_": WebSearchOptions,
    "RECORD_": RecordOptions,
    "PRICES_": PriceOptions,
    "TALK_": TalkOptions,
    "REHEARSE_": RehearseOptions,
}

_FIELDS: Mapping[str, str] = {"prices": "pricing"}
"""Of `Settings`, where it is not called as the section."""

_EMBEDDED: Mapping[Stage, str] = {"stt": "whisper", "llm": "handbook", "tts": "espeak"}
"""Per stage the engine that `auto` means when nothing points to a server."""

_SHARED_PREFIXES = ("LIVEKIT_", "AGENT_", "MCP_")
"""Prefixes that other software uses too: only near misses are mistakes there."""

# What Kubernetes sets for a Service that happens to be called `stt` or `talk`.
_SERVICE_LINK = re.compile(r"_(SERVICE_(HOST|PORT.*)|PORT(_\d+_(TCP|UDP).*)?)$")

_PER_ENGINE = ("timeout_s", "max_retries", "hedge")
"""Settings of a stage that each engine of a list may have for itself."""


@dataclass(frozen=True, slots=True)
class StageChoice:
    """One engine that serves a stage, its options and why it was chosen."""

    engine: str
    options: EngineOptions
    why: str
    timeout_s: float
    max_retries: int
    hedge: Hedging = "off"
    label: str = ""
    """As the person named it, `openai:near`; empty: as the engine is called."""
    prefix: str = ""
    """What its settings begin with, `STT_NEAR_`; empty: as the stage's."""

    def __str__(self) -> str:
        """The name for people."""
        return self.label or self.engine

    def by_its_names(self, stage: Stage, text: str) -> str:
        """A sentence of the engine, which knows its settings by the stage's prefix alone."""
        if not self.prefix:
            return text
        fields = "|".join(name.upper() for name in type(self.options).model_fields)
        return re.sub(rf"\b{stage.upper()}_(?=({fields})\b)", self.prefix, text)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings in force. Built by `load`, passed on, never global."""

    livekit: LiveKitOptions
    agent: AgentOptions
    turn: TurnOptions
    talk: TalkOptions
    stt: tuple[StageChoice, ...]
    """The engines of the stage, first choice first; so for the others."""
    llm: tuple[StageChoice, ...]
    tts: tuple[StageChoice, ...]
    reply: ModelOptions
    """What is said, whichever model says it."""
    values: tuple[Value, ...]
    notes: tuple[str, ...]
    """Harmless oddities, such as a setting of an engine that is not the chosen one."""
    translate: tuple[StageChoice, ...] = ()
    """The same for translation; empty: nothing is translated."""
    interpret: InterpretOptions = InterpretOptions()
    personas: PersonaOptions = PersonaOptions()
    web_search: WebSearchOptions = WebSearchOptions()
    memory: MemoryOptions = MemoryOptions()
    tools: ToolOptions = ToolOptions()
    mcp: McpOptions = McpOptions()
    phone: PhoneOptions = PhoneOptions()
    pictures: PictureOptions = PictureOptions()
    documents: DocumentsOptions = DocumentsOptions()
    record: RecordOptions = RecordOptions()
    pricing: PriceOptions = PriceOptions()
    prices: Prices = Prices()
    """The table in force."""
    rehearse: RehearseOptions = RehearseOptions()


def load(
    *,
    environ: Mapping[str, str] | None = None,
    env_file: Path | None = None,
    flags: Mapping[str, str] | None = None,
) -> Settings:
    """Read, check and combine all settings.

    Args:
        environ: the environment; this process's when not given.
        env_file: a `.env` file; `.env` in the current folder when not given and there.
        flags: values from the command line, by variable name.

    Raises:
        ConfigError: at least one name or value is wrong; the message lists every one.
    """
    sources: dict[Origin, Mapping[str, str]] = {
        "flag": flags or {},
        "environment": os.environ if environ is None else environ,
        ".env": read_env_file(env_file),
    }
    return _Loader(sources).settings()


def load_from(environ: Mapping[str, str]) -> Settings:
    """The same as `load` from these variables alone; no file is read.

    Raises:
        ConfigError: at least one name or value is wrong; the message lists every one.
    """
    return _Loader({"flag": {}, "environment": environ, ".env": {}}).settings()


def apply_env_file(path: Path | None = None) -> None:
    """Put the `.env` file under the environment, for child processes and for boto3.

    Variables that are set already stay.
    """
    for name, value in read_env_file(path).items():
        try:
            os.environ.setdefault(name, value)
        except UnicodeEncodeError:
            raise ConfigError(
                f"this locale's encoding cannot hold the value of {name}; set PYTHONUTF8=1 or a "
                "UTF-8 locale"
            ) from None


def environment() -> Mapping[str, str]:
    """The environment over the `.env` file: where a file of a person's looks up `${NAME}`."""
    return {**read_env_file(None), **os.environ}


def override(**values: str) -> None:
    """Make flags win over the environment, here and in child processes."""
    os.environ.update(values)


def engine_options(stage: Stage) -> Iterator[tuple[str, type[EngineOptions]]]:
    """Yield each engine of a stage with the model of its options."""
    for name in TABLES[stage]:
        yield name, options_of(stage, name)


def _translates(options: EngineOptions) -> bool:
    """Whether a recogniser writes what is said in another language."""
    task = getattr(options, "what", None) or getattr(options, "task", None)
    return task == "translate"


def _is_stage(name: str) -> TypeGuard[Stage]:
    return name in TABLES


class _Loader:
    def __init__(self, sources: Mapping[Origin, Mapping[str, str]]) -> None:
        self._reader = SettingsReader(sources)
        self._notes: list[str] = []
        self._hears_translated = False
        """Whether the recogniser that was chosen translates by itself."""

    def settings(self) -> Settings:
        told: dict[str, Any] = {}
        for prefix, model in SECTIONS.items():
            section: Any = self._reader.section(prefix, model)
            name = prefix.removesuffix("_").lower()
            if not _is_stage(name):
                told[_FIELDS.get(name, name)] = section
                continue
            told[name] = self._stage(name, section)
            if name == "stt" and told[name] is not None:
                self._hears_translated = _translates(told[name][0].options)
            if name == "llm":
                told["reply"] = section
        told["prices"] = self._prices(told["pricing"])
        self._look_for_unknown_names()
        if self._reader.mistakes:
            raise ConfigError("\n".join(self._reader.mistakes))
        return Settings(**told, values=tuple(self._reader.values), notes=tuple(self._notes))

    def _prices(self, pricing: PriceOptions | None) -> Prices | None:
        """The table of prices; None after a mistake."""
        if pricing is None:
            return None
        try:
            return read_prices(pricing.file)
        except ConfigError as error:
            self._reader.mistake(f"PRICES_FILE: {error}")
            return None

    def _stage(self, stage: Stage, shared: StageOptions | None) -> tuple[StageChoice, ...] | None:
        """The engines of a stage, each with its settings; None after a mistake."""
        if shared is None:
            return None
        prefix = f"{stage.upper()}_"
        try:
            entries, why = self._entries(stage, prefix, shared.engine)
        except ConfigError as error:
            self._reader.mistake(str(error))
            return None
        models = [self._model(stage, entry.engine) for entry in entries]
        alone = len(entries) == 1 and entries[0].label == entries[0].engine
        taken: set[str] = set()
        choices: list[StageChoice] = []
        for entry, model in zip(entries, models, strict=True):
            if model is None:
                continue
            own = entry.prefix(stage)
            names: dict[str, list[str]] = {}
            for name, field in model.model_fields.items():
                names[name] = [variable(own, name)]
                if name not in taken or is_of_all(field):
                    names[name].insert(0 if alone else 1, variable(prefix, name))
            taken |= model.model_fields.keys()
            options = self._reader.filled(model, names)
            limits = self._limits(own, shared)
            if options is not None and limits is not None:
                choice = StageChoice(
                    entry.engine, options, why, limits.timeout_s, limits.max_retries,
                    getattr(limits, "hedge", "off"), entry.label, "" if alone else own,
                )  # fmt: skip
                choices.append(choice)
        return tuple(choices) if len(choices) == len(entries) else None

    def _entries(self, stage: Stage, prefix: str, value: str) -> tuple[tuple[Entry, ...], str]:
        """What a person chose, and why that is so."""
        entries = entries_of(stage, value)
        if entries[0].engine != "auto":
            return entries, f"{prefix}ENGINE={value}"
        if stage == "translate":
            if self._reader.lookup("TRANSLATE_URL") is not None:
                name, why = "libretranslate", "TRANSLATE_URL is set"
            elif self._hears_translated:
                name, why = "recogniser", "the recogniser translates by itself"
            else:
                return (), "none: no TRANSLATE_URL"
            return (Entry(name, name, name),), why
        name, why = self._automatic(stage, prefix)
        return (Entry(name, name, name),), why

    def _model(self, stage: Stage, engine: str) -> type[EngineOptions] | None:
        try:
            return options_of(stage, engine)
        except ConfigError as error:
            near = difflib.get_close_matches(engine, TABLES[stage], n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            self._reader.mistake(f"{error}{hint}")
            return None

    def _limits(self, own: str, shared: StageOptions) -> StageOptions | None:
        """What the stage's settings are for one engine of it."""
        model = type(shared)
        names = {name: [variable(own, name)] for name in _PER_ENGINE if name in model.model_fields}
        mine = self._reader.filled(model, names, quiet=True)
        if mine is None:
            return None
        return shared.model_copy(update=mine.model_dump(include=mine.model_fields_set))

    def _automatic(self, stage: Stage, prefix: str) -> tuple[str, str]:
        for name in (f"{prefix}URL", "OPENAI_BASE_URL", f"{prefix}API_KEY", "OPENAI_API_KEY"):
            if self._reader.lookup(name) is not None:
                return "openai", f"{name} is set"
        return _EMBEDDED[stage], f"embedded: no {prefix}URL, OPENAI_BASE_URL or OPENAI_API_KEY"

    def _look_for_unknown_names(self) -> None:
        other_engines: dict[str, str] = {}
        for stage in TABLES:
            for engine, model in engine_options(stage):
                for of in (f"{stage.upper()}_", f"{stage.upper()}_{engine.upper()}_"):
                    for field in model.model_fields:
                        other_engines.setdefault(variable(of, field), engine)
        names = self._reader.known | set(other_engines)
        for origin, source in self._reader.sources.items():
            for name in source:
                prefix = next((p for p in SECTIONS if name.startswith(p)), None)
                if prefix is None or name in self._reader.known or _SERVICE_LINK.search(name):
                    continue
                if name in other_engines:
                    self._notes.append(
                        f"{name} ({origin}) belongs to the engine {other_engines[name]} "
                        "and has no effect now"
                    )
                    continue
                shared = prefix in _SHARED_PREFIXES
                near = difflib.get_close_matches(name, names, n=1, cutoff=0.85 if shared else 0.6)
                if shared and not near:
                    continue
                hint = f"; did you mean {near[0]}?" if near else ""
                self._reader.mistake(f"{name} ({origin}) is not a setting{hint}")
