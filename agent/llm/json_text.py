"""Texts that are JSON: the arguments of a tool call, a setting with extra fields of a request."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator


def is_json(text: str) -> bool:
    """Whether a text is JSON, and whole."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _object(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        parsed = json.loads(value)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise ValueError('not a JSON object such as {"top_k": 40}')
    return parsed


JsonObject = Annotated[dict[str, Any], BeforeValidator(_object)]
"""A dict, given as one or as the text of a JSON object."""
