"""The value of `STT_ENGINE`, `LLM_ENGINE` or `TTS_ENGINE`: one engine, or several in a row.

    STT_ENGINE=openai                        settings: STT_URL, STT_MODEL, …
    STT_ENGINE=openai,whisper                STT_OPENAI_URL, …, STT_WHISPER_MODEL, …
    STT_ENGINE=openai:near,openai:far        STT_NEAR_URL, …, STT_FAR_URL, …

The first choice is first, the others stand by. What follows a colon is the person's name for the
engine; without one it is called as the engine is. docs/decisions/0009 says why so.
"""

import re
from dataclasses import dataclass

from agent.errors import ConfigError
from agent.settings.engines import Stage

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One engine of a list."""

    engine: str
    """As in the stage's table, or a dotted path."""
    name: str
    """What its settings are called by; the engine's own where the person gave none."""
    label: str
    """As it was written."""

    def prefix(self, stage: Stage) -> str:
        """What its own settings begin with: `STT_NEAR_`."""
        return f"{stage.upper()}_{self.name.upper()}_"


def entries_of(stage: Stage, value: str) -> tuple[Entry, ...]:
    """The engines that a value names, first choice first.

    Raises:
        ConfigError: it names none, or two by one name.
    """
    variable = f"{stage.upper()}_ENGINE"
    entries = [_entry(variable, label.strip()) for label in value.split(",") if label.strip()]
    if not entries:
        raise ConfigError(f"{variable}={value!r} names no engine")
    if len(entries) > 1 and any(entry.engine == "auto" for entry in entries):
        raise ConfigError(f"{variable}={value!r}: auto chooses one engine; name those of a list")
    for entry in entries:
        twins = [other.label for other in entries if other.name.upper() == entry.name.upper()]
        if len(twins) > 1:
            engine = entry.engine
            raise ConfigError(
                f"{variable}={value!r} names {' and '.join(twins)} alike; give each a name of its "
                f"own, for example {engine}:first,{engine}:second"
            )
    return tuple(entries)


def _entry(variable: str, label: str) -> Entry:
    engine, colon, name = (part.strip() for part in label.partition(":"))
    # An engine from elsewhere is called by the last part of its path.
    name = name if colon else engine.rpartition(".")[2].strip("_")
    if not engine or not _NAME.fullmatch(name):
        raise ConfigError(
            f"{variable}: {label!r} is not ENGINE or ENGINE:NAME, a name of letters, digits and "
            "underscores"
        )
    return Entry(engine, name, f"{engine}:{name}" if colon else engine)
