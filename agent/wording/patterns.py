"""Fragments of the patterns by which figures are found, and what a rule is."""

import re
from collections.abc import Callable

LETTER = "A-Za-z\u00aa\u00b5\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
"""Of a script with spaces: a figure beside one is part of a name, beside Chinese it is not."""
NUM = r"(?:\d{1,3}(?:[ \u00a0\u202f’]\d{3}){1,5}(?:[.,]\d+)?|\d+(?:[.,，]\d+){0,6})"
LEFT = rf"(?<![{LETTER}\d_])(?<!\d[.,:/])"
RIGHT = rf"(?![{LETTER}\d_]|[.,:]\d)"
DASH = r"\s?[-–—~〜～]\s?"
NEGATIVE = rf"(?P<neg>(?<![{LETTER}\d)\]])[-−](?=[\d$€£]))?"
AMOUNT = rf"(?P<a>{NUM})(?:{DASH}(?P<b>{NUM}))?"

_NEAR = 32
"""Characters beside a match that tell how it is said."""

Say = Callable[[re.Match[str]], str | None]
"""What a match is in words; None: the rule does not hold here."""
Rule = tuple[re.Pattern[str], Say]


def amounts(found: re.Match[str]) -> list[str]:
    """The amount that a match has, or the two ends of its range."""
    return [found["a"], found["b"]] if found["b"] else [found["a"]]


def before(found: re.Match[str]) -> str:
    """The text just before a match."""
    return found.string[max(0, found.start() - _NEAR) : found.start()]


def after(found: re.Match[str]) -> str:
    """The text just after a match."""
    return found.string[found.end() : found.end() + _NEAR]
