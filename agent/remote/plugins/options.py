"""What a person may set for the engine `plugin` of any stage. Imports nothing slow."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError

from agent.options.fields import LOOKUP, EngineOptions, setting

_REFERENCE = re.compile(r"\$\{(\w+)\}")


def _arguments(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise PydanticCustomError("json", "not JSON: {why}", {"why": str(error)}) from error
    if not isinstance(value, dict):
        raise PydanticCustomError("object", 'not a JSON object such as {"model": "nova-3"}')
    return _resolved(value, (info.context or {}).get(LOOKUP, lambda name: None))


class Referring(SecretStr):
    """A text with the values of other variables in it."""

    def __init__(self, text: str, values: Sequence[str]) -> None:
        """Keep the values too: somebody may show one of them alone."""
        super().__init__(text)
        self.values = values


def _resolved(value: Any, lookup: Callable[[str], str | None]) -> Any:
    """The same value, in which each text with a reference has become a secret."""
    values: list[str] = []

    def found(reference: re.Match[str]) -> str:
        text = lookup(reference[1])
        if text is None:
            raise PydanticCustomError(
                "reference", "{name} is not set, here or in .env", {"name": reference[0]}
            )
        values.append(text)
        return text

    if isinstance(value, dict):
        return {name: _resolved(inner, lookup) for name, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, lookup) for inner in value]
    if isinstance(value, str) and _REFERENCE.search(value):
        return Referring(_REFERENCE.sub(found, value), values)
    return value


Arguments = Annotated[dict[str, Any], BeforeValidator(_arguments)]
"""Keyword arguments, as a dict or as the text of a JSON object. What was taken from another
variable is a `SecretStr`, `Referring`."""


class PluginOptions(EngineOptions):
    """Which class, and how it is made."""

    plugin: str = setting(
        ...,
        "class of a plug-in that is installed, MODULE.CLASS of livekit.plugins or its whole dotted "
        "path; for example deepgram.STT",
        pattern=r"^\w+(\.\w+)+$",
    )
    plugin_options: Arguments = setting(
        {},
        "JSON object with keyword arguments of that class; ${NAME} in a value is taken from the "
        "environment. A key may also stay in the plug-in's own variable, such as DEEPGRAM_API_KEY",
    )
    plugin_preload: bool = setting(
        True,
        "whether it is imported once for all processes; false for one that opens threads when it "
        "is imported, which `rejoinder check` says",
    )
