"""A request's body as a JSON object, whatever somebody sends."""

import json
import re
from typing import Any

from model_servers.serving.errors import BadRequest

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How one half of a character beyond 16 bits is written; alone it is no text."""


def read_object(body: bytes) -> dict[str, Any]:
    """The object in a body of UTF-8. All texts in it can be encoded again.

    Raises:
        BadRequest: it is none; nothing of it is repeated.
    """
    try:
        text = body.decode("utf-8-sig")
        given = json.loads(text)
        if _HALF.search(text):
            json.dumps(given, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadRequest("the body must be JSON, in UTF-8") from None
    if not isinstance(given, dict):
        raise BadRequest("the body must be a JSON object")
    return given
