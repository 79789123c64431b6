"""Numbers in words, by the rules of Unicode's CLDR (unicode-rbnf)."""

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

MOST_DIGITS = 15
"""Longer numbers are read digit by digit."""

_DIGIT = re.compile(r"\d")
_SPACES = " \u00a0\u202f\u2009'’"


@functools.cache
def engine(language: str) -> "RbnfEngine":
    """The rules of a language; the first time takes tens of milliseconds."""
    from unicode_rbnf import RbnfEngine  # not with the settings, which read the lexicon's texts

    return RbnfEngine.for_language(language)


@functools.lru_cache(maxsize=4096)
def spell(language: str, number: int, ruleset: str) -> str:
    """Spell a whole number, in figures where the language has no such rule set."""
    from unicode_rbnf.engine import RbnfError

    try:
        return engine(language).format_number(number, ruleset_names=[ruleset]).text
    except (RbnfError, ValueError, OverflowError):
        return str(number)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as it was written, without its sign."""

    whole: str
    """Digits before the decimal mark."""
    fraction: str
    """Digits after it."""

    @property
    def value(self) -> int:
        """The whole part."""
        return int(self.whole)

    @property
    def is_one(self) -> bool:
        """Whether the noun after it is singular, in English and its like."""
        return self.value == 1 and not self.fraction


def parse(text: str, *, decimal: str) -> Numeral:
    """Read digits with marks of groups and decimals.

    Args:
        text: digits, full stops, commas, spaces and apostrophes; a digit at both ends.
        decimal: the language's decimal mark. The other mark parts groups, unless what it parts is
            no group of three digits.
    """
    bare = text.translate(str.maketrans("，．", ",."))
    for space in _SPACES:
        bare = bare.replace(space, "")
    group = "," if decimal == "." else "."
    marks = [char for char in bare if char in ".,"]
    if len(set(marks)) == 2:
        decimal = marks[-1]
    elif len(marks) == 1 and not _is_grouped(bare, group):
        decimal = marks[0]
    elif len(marks) > 1:
        return Numeral(bare.replace(marks[0], ""), "")
    whole, _, fraction = bare.partition(decimal)
    return Numeral("".join(_DIGIT.findall(whole)), "".join(_DIGIT.findall(fraction)))


def _is_grouped(text: str, mark: str) -> bool:
    return re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+", text) is not None
