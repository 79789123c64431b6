"""Models filled from variables: where each value came from, and every mistake at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from agent.masking import MASK, masked, shown
from agent.options.fields import LOOKUP

Origin = Literal["flag", "environment", ".env"]

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Value:
    """One effective setting, for `rejoinder check`."""

    name: str
    shown: str
    """The value; a secret is masked."""
    origin: str
    """flag, environment, .env, the name of the variable it falls back to, or default."""


def variable(prefix: str, field: str) -> str:
    """Name of the variable that sets `field` of the section or engine with `prefix`.

    A field that is named like its section is set by the section's name alone: `RECORD`.
    """
    name = field.upper()
    return name if prefix == f"{name}_" else prefix + name


def fallback_of(field: FieldInfo) -> str | None:
    """The variable whose value is used when the field's own is not set."""
    return str(_extra(field).get("fallback") or "") or None


def is_of_all(field: FieldInfo) -> bool:
    """Whether the stage's own name sets the field for all engines of a list."""
    return bool(_extra(field).get("of_all"))


def _extra(field: FieldInfo) -> Mapping[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def _is_private(field: FieldInfo) -> bool:
    """Whether a value that is wrong may hold a secret."""
    return _is_secret(field) or bool(_extra(field).get("private"))


class SettingsReader:
    """Reads one model after the other and keeps what was found."""

    def __init__(self, sources: Mapping[Origin, Mapping[str, str]]) -> None:
        """Read `sources`, of which the first that has a variable counts."""
        self.sources = sources
        self.mistakes: list[str] = []
        self.values: list[Value] = []
        self.known: set[str] = set()
        """The variables that were looked for."""

    def lookup(self, name: str, *, empty: bool = False) -> tuple[str, Origin] | None:
        """The value of a variable and its source; one that is blank counts only where `empty`."""
        for origin, source in self.sources.items():
            value = source.get(name)
            if value is not None and (empty or value.strip()):
                return value.strip(), origin
        return None

    def _text_of(self, name: str) -> str | None:
        """The value of any variable, for one that refers to it."""
        hit = self.lookup(name)
        return hit[0] if hit is not None else None

    def mistake(self, text: str) -> None:
        """Keep a mistake; one that two engines share is one."""
        if text not in self.mistakes:
            self.mistakes.append(text)

    def section(self, prefix: str, model: type[_Model]) -> _Model | None:
        """Fill a model from the variables with a prefix; None after a mistake."""
        return self.filled(model, {name: [variable(prefix, name)] for name in model.model_fields})

    def filled(
        self, model: type[_Model], names: Mapping[str, Sequence[str]], *, quiet: bool = False
    ) -> _Model | None:
        """Fill a model; None after a mistake.

        Args:
            model: fields that `names` lacks keep their default, and are not told of.
            names: for each field the variables that may set it, the one that counts first. It
                stands for the field among the values.
            quiet: tell only of fields that somebody has set.
        """
        found: dict[str, Any] = {}
        given: dict[str, str] = {}
        origins: dict[str, str] = {}
        for name, variables in names.items():
            self.known.update(variables)
            field = model.model_fields[name]
            empty = bool(_extra(field).get("empty"))
            other = fallback_of(field)
            for full in (*variables, *([other] if other else [])):
                hit = self.lookup(full, empty=empty and full != other)
                if hit is not None:
                    found[name], origin = hit
                    given[name] = variables[0] if full == other else full
                    origins[name] = origin if full == variables[0] else full
                    break
        try:
            section = model.model_validate(found, context={LOOKUP: self._text_of})
        except ValidationError as error:
            for fault in error.errors():
                name = str(fault["loc"][0]) if fault["loc"] else ""
                # Without a field the input is the whole section, secrets included.
                silent = not name or fault["type"] == "missing"
                silent = silent or _is_private(model.model_fields[name])
                value = "" if silent else f"={masked(fault['input'])!r}"
                where = given.get(name) or names.get(name, [""])[0]
                self.mistake(f"{where}{value}: {fault['msg']}")
            return None
        for name, variables in names.items():
            if not quiet or name in origins:
                value = getattr(section, name)
                secret = value is not None and _is_secret(model.model_fields[name])
                text = MASK if secret else shown(value)
                self.values.append(Value(variables[0], text, origins.get(name, "default")))
        return section
