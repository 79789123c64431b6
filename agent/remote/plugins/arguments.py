"""The keyword arguments of a plug-in's class, looked at before it is made with them."""

import difflib
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ConfigDict, SecretStr, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from agent.errors import ConfigError

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def parameters_of(make: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """What can be given by name; empty where that cannot be told."""
    try:
        parameters = inspect.signature(make).parameters
    except (TypeError, ValueError):
        return {}
    return {name: one for name, one in parameters.items() if one.kind in _NAMED}


def checked(make: Callable[..., Any], given: Mapping[str, Any], *, who: str) -> dict[str, Any]:
    """Arguments as `make` wants them, secrets in the clear.

    A dict becomes the dataclass, a list the tuple, a text the enumeration that the annotation of
    the parameter names. Where it has none, or one that cannot be understood, the value stays.

    Args:
        make: class or function.
        given: what a person has set, from JSON.
        who: what the setting and the class are called in errors.

    Raises:
        ConfigError: a name that it does not know, one that it cannot do without, or a value of
            another type. Texts hold no value.
    """
    known = parameters_of(make)
    if known:
        _check_names(make, given, known, who)
    hints = _hints(make)
    return {
        name: _fitting(revealed(value), hints.get(name), f"{who}: {name!r}")
        for name, value in given.items()
    }


def revealed(value: Any) -> Any:
    """The same value, however nested, with secrets as texts."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return {name: revealed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [revealed(inner) for inner in value]
    return value


def _check_names(
    make: Callable[..., Any],
    given: Mapping[str, Any],
    known: Mapping[str, inspect.Parameter],
    who: str,
) -> None:
    public = sorted(name for name in known if not name.startswith("_"))
    every = inspect.signature(make).parameters.values()
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in every)
    for name in given:
        if name not in known and not takes_any:
            near = difflib.get_close_matches(name, public, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it takes {', '.join(public)}"
            raise ConfigError(f"{who} takes no {name!r}; {hint}")
    for name, one in known.items():
        if one.default is inspect.Parameter.empty and name not in given:
            raise ConfigError(f"{who} needs {name!r}")


def _hints(make: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(make.__init__ if isinstance(make, type) else make)  # type: ignore[misc]
    except Exception:  # noqa: BLE001 - annotations name what is imported for type checkers alone
        return {}


def _fitting(value: Any, hint: Any, what: str) -> Any:
    adapter = _adapter(hint) if hint is not None else None
    if adapter is None:
        return value
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        kinds = {fault["type"] for fault in faults}
        if isinstance(value, str) and "literal_error" in kinds:
            return value  # a newer name than the plug-in lists: its server knows
        wanted = [fault["msg"] for fault in faults if fault["type"] != "is_instance_of"]
        why = " or ".join(dict.fromkeys(wanted)).replace("Input should be", "should be")
        raise ConfigError(f"{what} {why or 'cannot be set in JSON'}") from None


def _adapter(hint: Any) -> TypeAdapter[Any] | None:
    """What knows the values of a type; None: it is no type that can be told."""
    # A dataclass has a configuration of its own.
    for config in (ConfigDict(arbitrary_types_allowed=True), None):
        try:
            return TypeAdapter(hint, config=config)
        except (PydanticUserError, NameError, TypeError):
            continue
    return None
