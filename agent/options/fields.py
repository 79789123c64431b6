"""What all settings share: how a field is declared, languages, addresses."""

import re
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from agent.masking import masked

LOOKUP = "lookup"
"""Under this name the reader of the settings gives, in the context of a validation, what finds the
value of another variable: `Callable[[str], str | None]`."""


class _Masked(BaseModel):
    """Shows itself, in errors and logs too, without passwords in addresses and nested keys."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Mask what pydantic shows."""
        return ((name, masked(value)) for name, value in super().__repr_args__())


class EngineOptions(_Masked):
    """Pure data that an engine is built from; one frozen subclass per engine.

    A field `voice` of a TTS engine is set by `TTS_VOICE`: the stage's prefix and the
    field's name. The unit is part of the name (`_s`, `_ms`, `_hz`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


def setting(
    default: Any,
    description: str,
    *,
    fallback: str | None = None,
    empty: bool = False,
    of_all: bool = False,
    private: bool = False,
    **limits: Any,
) -> Any:
    """Declare a field that a person may set.

    Args:
        default: value when nothing is set; `...` makes the setting mandatory.
        description: one sentence for `playground.env.example` and error messages.
        fallback: another variable whose value is used when this one is not set,
            for example `OPENAI_BASE_URL`.
        empty: whether a variable set to nothing means the empty text; elsewhere it counts as
            not set.
        of_all: whether the stage's own name, such as `STT_LANGUAGE`, sets it for all engines of
            a list: what is so of the caller, whoever listens. Other settings, addresses and keys
            before all, are set so for the first engine that has them.
        private: whether a value that is wrong is not repeated: it may hold keys.
        limits: pydantic constraints (`ge`, `le`, `pattern`, …).
    """
    extra: dict[str, Any] = {
        "fallback": fallback or "",
        "empty": empty,
        "of_all": of_all,
        "private": private,
    }
    return Field(default, description=description, json_schema_extra=extra, **limits)


class Section(_Masked):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _server_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"ws", "wss", "http", "https"} and parts.port != 0
    except ValueError:
        parts, known = urlsplit(""), False
    if not (known and parts.hostname) or any(character.isspace() for character in url):
        raise PydanticCustomError(
            "address", "should be an address such as ws://127.0.0.1:7880 or wss://HOST"
        )
    return url


ServerAddress = Annotated[str, AfterValidator(_server_address)]


_BCP47 = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)


def language_tag(value: object) -> str:
    code = str(value).strip().replace("_", "-")
    if code.lower() in ("", "auto"):
        return ""
    if not _BCP47.fullmatch(code):
        raise ValueError("not a language code such as en, zh or pt-BR; auto: detect it")
    return code


Language = Annotated[str, BeforeValidator(language_tag)]
"""A spoken language: a BCP-47 code as it was given; `auto` and nothing both become empty."""
