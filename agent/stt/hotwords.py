"""Words that a recogniser is to expect, as people set them."""

import json
import re
from typing import Annotated

from pydantic import AfterValidator

USUAL_WEIGHT = 20
"""What FunASR's own examples give a word."""

_BETWEEN = re.compile(r"[,，、;；\n]+")
_WEIGHTED = re.compile(r"(.+?)\s*[:：]\s*(\d{1,4})")


def weights(text: str) -> dict[str, int]:
    """Each word and how much it is preferred, in the order given.

    >>> weights("阿里巴巴:30, Big Ben, Route 66")
    {'阿里巴巴': 30, 'Big Ben': 20, 'Route 66': 20}
    >>> weights('{"阿里巴巴": 30}')
    {'阿里巴巴': 30}

    Raises:
        ValueError: it begins like JSON and is no object of whole numbers.
    """
    if text.lstrip().startswith("{"):
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        if not isinstance(given, dict) or not all(type(n) is int for n in given.values()):
            raise ValueError('not a JSON object of whole numbers, such as {"阿里巴巴": 20}')
        return {str(word): weight for word, weight in given.items()}
    found: dict[str, int] = {}
    for part in filter(None, map(str.strip, _BETWEEN.split(text))):
        weighted = _WEIGHTED.fullmatch(part)
        found[weighted[1] if weighted else part] = int(weighted[2]) if weighted else USUAL_WEIGHT
    return found


def _checked(text: str) -> str:
    weights(text)
    return text


Hotwords = Annotated[str, AfterValidator(_checked)]
"""A text that `weights` understands."""
