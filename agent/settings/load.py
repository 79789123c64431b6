"""Every setting of the worker, read once per process. The only reader of the environment.

Precedence: flag > environment > `.env` file > default. All mistakes are reported at once.
A stage's names share its prefix (`STT_`, `LLM_`, `TTS_`); which further names exist there
depends on the chosen engine's `Options`.
"""

import codecs
import difflib
import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from agent.errors import ConfigError
from agent.masking import MASK, masked, shown
from agent.options import (
    AgentOptions,
    EngineOptions,
    Hedging,
    LiveKitOptions,
    ModelOptions,
    SpeechToTextOptions,
    StageOptions,
    TalkOptions,
    TextToSpeechOptions,
    TurnOptions,
)
from agent.settings.engines import TABLES, Stage, options_of

Origin = Literal["flag", "environment", ".env"]

SECTIONS: Mapping[str, type[BaseModel]] = {
    "LIVEKIT_": LiveKitOptions,
    "AGENT_": AgentOptions,
    "STT_": SpeechToTextOptions,
    "LLM_": ModelOptions,
    "TTS_": TextToSpeechOptions,
    "TURN_": TurnOptions,
    "TALK_": TalkOptions,
}

_EMBEDDED: Mapping[Stage, str] = {"stt": "whisper", "llm": "handbook", "tts": "espeak"}
"""Per stage the engine that `auto` means when nothing points to a server."""

_SHARED_PREFIXES = ("LIVEKIT_", "AGENT_")
"""Prefixes that other software uses too: only near misses are mistakes there."""

# What Kubernetes sets for a Service that happens to be called `stt` or `talk`.
_SERVICE_LINK = re.compile(r"_(SERVICE_(HOST|PORT.*)|PORT(_\d+_(TCP|UDP).*)?)$")

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Value:
    """One effective setting, for `rejoinder check`."""

    name: str
    shown: str
    """The value; a secret is masked."""
    origin: str
    """flag, environment, .env, the name of the variable it falls back to, or default."""


@dataclass(frozen=True, slots=True)
class StageChoice:
    """The engine that serves a stage, its options and why it was chosen."""

    engine: str
    options: EngineOptions
    why: str
    timeout_s: float
    max_retries: int
    hedge: Hedging = "off"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings in force. Built by `load`, passed on, never global."""

    livekit: LiveKitOptions
    agent: AgentOptions
    turn: TurnOptions
    talk: TalkOptions
    stt: StageChoice
    llm: StageChoice
    tts: StageChoice
    reply: ModelOptions
    """What is said, whichever model says it."""
    values: tuple[Value, ...]
    notes: tuple[str, ...]
    """Harmless oddities, such as a setting of an engine that is not the chosen one."""


def variable(prefix: str, field: str) -> str:
    """Name of the variable that sets `field` of the section or engine with `prefix`."""
    return prefix + field.upper()


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
        ".env": _read_env_file(env_file),
    }
    return _Loader(sources).settings()


def apply_env_file(path: Path | None = None) -> None:
    """Put the `.env` file under the environment, for child processes and for boto3.

    Variables that are set already stay.
    """
    for name, value in _read_env_file(path).items():
        try:
            os.environ.setdefault(name, value)
        except UnicodeEncodeError:
            raise ConfigError(
                f"this locale's encoding cannot hold the value of {name}; set PYTHONUTF8=1 or a "
                "UTF-8 locale"
            ) from None


def override(**values: str) -> None:
    """Make flags win over the environment, here and in child processes."""
    os.environ.update(values)


def engine_options(stage: Stage) -> Iterator[tuple[str, type[EngineOptions]]]:
    """Yield each engine of a stage with the model of its options."""
    for name in TABLES[stage]:
        yield name, options_of(stage, name)


def fallback_of(field: FieldInfo) -> str | None:
    """The variable whose value is used when the field's own is not set."""
    return str(_extra(field).get("fallback") or "") or None


def _extra(field: FieldInfo) -> Mapping[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""By the mark at the beginning of a file; UTF-32's begins with UTF-16's."""


def _read_env_file(path: Path | None) -> dict[str, str]:
    chosen = path or Path(".env")
    if not chosen.is_file():
        if path is not None:
            raise ConfigError(f"the settings file {path} does not exist")
        return {}
    lines = io.StringIO(_text_of(chosen))
    return {k: v for k, v in dotenv_values(stream=lines).items() if v is not None}


def _text_of(path: Path) -> str:
    """The text of a file as editors write it: UTF-8, or UTF-16 and UTF-32 with their mark."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    encoding = next((name for mark, name in _ENCODINGS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{path}, line {line}: not {encoding.removesuffix('-sig').upper()} text; save the file "
            "with the encoding UTF-8"
        ) from None
    if "\0" in text:
        raise ConfigError(f"{path} is no text file; save it with the encoding UTF-8")
    return text


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


class _Loader:
    def __init__(self, sources: Mapping[Origin, Mapping[str, str]]) -> None:
        self._sources = sources
        self._mistakes: list[str] = []
        self._notes: list[str] = []
        self._values: list[Value] = []
        self._known: set[str] = set()

    def settings(self) -> Settings:
        livekit = self._section("LIVEKIT_", LiveKitOptions)
        agent = self._section("AGENT_", AgentOptions)
        model = self._section("LLM_", ModelOptions)
        stt = self._stage("stt", self._section("STT_", SpeechToTextOptions))
        llm = self._stage("llm", model)
        tts = self._stage("tts", self._section("TTS_", TextToSpeechOptions))
        turn = self._section("TURN_", TurnOptions)
        talk = self._section("TALK_", TalkOptions)
        self._look_for_unknown_names()
        if self._mistakes or not (livekit and agent and model and stt and llm and tts):
            raise ConfigError("\n".join(self._mistakes))
        if turn is None or talk is None:
            raise ConfigError("\n".join(self._mistakes))
        return Settings(
            livekit=livekit,
            agent=agent,
            turn=turn,
            talk=talk,
            stt=stt,
            llm=llm,
            tts=tts,
            reply=model,
            values=tuple(self._values),
            notes=tuple(self._notes),
        )

    def _lookup(self, name: str, *, empty: bool = False) -> tuple[str, Origin] | None:
        for origin, source in self._sources.items():
            value = source.get(name)
            if value is not None and (empty or value.strip()):
                return value.strip(), origin
        return None

    def _section(self, prefix: str, model: type[_Model]) -> _Model | None:
        """Fill one model from the variables with its prefix; None after a mistake."""
        found: dict[str, Any] = {}
        origins: dict[str, str] = {}
        for name, field in model.model_fields.items():
            full = variable(prefix, name)
            self._known.add(full)
            hit = self._lookup(full, empty=bool(_extra(field).get("empty")))
            if hit is not None:
                found[name], origins[name] = hit
                continue
            other = fallback_of(field)
            shared = self._lookup(other) if other else None
            if shared is not None and other is not None:
                found[name], origins[name] = shared[0], other
        try:
            section = model.model_validate(found)
        except ValidationError as error:
            for fault in error.errors():
                name = str(fault["loc"][0]) if fault["loc"] else ""
                # Without a field the input is the whole section, secrets included.
                silent = not name or fault["type"] == "missing"
                silent = silent or _is_secret(model.model_fields[name])
                given = "" if silent else f"={masked(fault['input'])!r}"
                self._mistakes.append(f"{variable(prefix, name)}{given}: {fault['msg']}")
            return None
        for name, field in model.model_fields.items():
            value = getattr(section, name)
            text = MASK if value is not None and _is_secret(field) else shown(value)
            self._values.append(Value(variable(prefix, name), text, origins.get(name, "default")))
        return section

    def _stage(self, stage: Stage, shared: StageOptions | None) -> StageChoice | None:
        if shared is None:
            return None
        prefix = f"{stage.upper()}_"
        name, why = shared.engine, f"{prefix}ENGINE={shared.engine}"
        if name == "auto":
            name, why = self._automatic(stage, prefix)
        try:
            model = options_of(stage, name)
        except ConfigError as error:
            near = difflib.get_close_matches(name, TABLES[stage], n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            self._mistakes.append(f"{error}{hint}")
            return None
        options = self._section(prefix, model)
        if options is None:
            return None
        hedge: Hedging = getattr(shared, "hedge", "off")
        return StageChoice(name, options, why, shared.timeout_s, shared.max_retries, hedge)

    def _automatic(self, stage: Stage, prefix: str) -> tuple[str, str]:
        for name in (f"{prefix}URL", "OPENAI_BASE_URL", f"{prefix}API_KEY", "OPENAI_API_KEY"):
            if self._lookup(name) is not None:
                return "openai", f"{name} is set"
        return _EMBEDDED[stage], f"embedded: no {prefix}URL, OPENAI_BASE_URL or OPENAI_API_KEY"

    def _look_for_unknown_names(self) -> None:
        other_engines: dict[str, str] = {}
        for stage in TABLES:
            for engine, model in engine_options(stage):
                for field in model.model_fields:
                    other_engines.setdefault(variable(f"{stage.upper()}_", field), engine)
        names = self._known | set(other_engines)
        for origin, source in self._sources.items():
            for name in source:
                prefix = next((p for p in SECTIONS if name.startswith(p)), None)
                if prefix is None or name in self._known or _SERVICE_LINK.search(name):
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
                self._mistakes.append(f"{name} ({origin}) is not a setting{hint}")
