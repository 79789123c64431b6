"""Takes secrets out of what people see: passwords in addresses, keys in nested values.

A setting that is a secret as a whole is a `SecretStr`; this is for the others, which may hold
one: an address with a password, a JSON object of request fields, a header.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

MASK = "********"

# Each pattern tries a character a few times at most, however long the text: others write some of
# the lines that are logged.
_NAME = r"(?=[\w-]*?(?:key|token|secret|passw|pwd|auth|credential|cookie|signature))[\w-]+"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_PATTERNS: Sequence[tuple[re.Pattern[str], str]] = [
    # ://user:password@host; the password may hold an unquoted @
    (re.compile(r"(?<=://)[^\s/?#'\"]*@"), f"{MASK}@"),
    # the same where the scheme was forgotten: user:password@host
    (re.compile(r"(?<![^\s@'\"{}])[^\s:/@'\"{}]+:[^\s/@'\"{}]+@(?=[\w.-])"), f"{MASK}@"),
    # ?api_key=…
    (re.compile(rf"([?&]{_NAME}=)[^&\s#'\"]+", re.IGNORECASE), rf"\g<1>{MASK}"),
    # "api_key": "…" of JSON, or of a dict that was printed; also where the end is missing
    (
        re.compile(rf"""(["']{_NAME}["']\s*:\s*)(["'])(?:(?!\2).)+(\2|$)""", re.IGNORECASE),
        rf"\g<1>\g<2>{MASK}\g<3>",
    ),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{4,}", re.IGNORECASE), rf"\g<1> {MASK}"),
    # keys as providers make them, whatever name they go by
    (re.compile(r"\b(?:sk|pk|hf|gsk|ghp|xai)[-_][\w-]{12,}"), MASK),
]


def masked_text(text: str) -> str:
    """The same text without passwords and keys that can be told by where they stand."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def masked(value: Any) -> Any:
    """The same value, however nested, with the texts under names of secrets masked.

    Numbers stay: `max_tokens` is none.
    """
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, Mapping):
        return {name: _named(name, inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(inner) for inner in value]
    return value


def shown(value: Any) -> str:
    """A setting's value as `rejoinder check` shows it."""
    if value is None:
        return ""
    inner = masked(value)
    return json.dumps(inner, ensure_ascii=False) if isinstance(inner, (dict, list)) else str(inner)


def _named(name: Any, value: Any) -> Any:
    if _SECRET_NAME.fullmatch(str(name)):
        return _hidden(value)
    return masked(value)


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _hidden(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(inner) for inner in value]
    return MASK if isinstance(value, str | SecretStr) else value
