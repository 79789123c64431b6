"""What Spanish, Portuguese, French and Italian share."""

# ruff: noqa: SIM905

import re
from collections.abc import Mapping
from typing import ClassVar

from agent.wording.lexicon.language import Language, Noun
from agent.wording.patterns import LEFT, RIGHT

_NOUN = re.compile(r"\s([^\W\d_]+)")
_NO_NOUNS = frozenset(
    """
    de del y o u a en con por es e do da no na em com é et ou à du des en est sont di al il la
    le el los las per con su che que para son pour dans avec sur
    """.split()
)
_MASCULINE = frozenset(
    "día dia problema programa tema idioma mapa sistema planeta grama quilograma".split()
)


class Romance(Language):
    """Two genders, and numbers in words that follow them."""

    cardinals = {"m": "spellout-cardinal-masculine", "f": "spellout-cardinal-feminine"}
    ordinal_ends = r"\.?([ºª])"
    feminine_ends = frozenset("ª")
    named_days = (
        rf"{LEFT}(?P<day>\d{{1,2}})(?:º|°|er)?\s(?:de\s)?(?P<month>MONTH)\b"
        rf"(?:\s(?:del?\s)?(?P<year>\d{{4}}))?{RIGHT}",
    )
    of: ClassVar[str]
    """Between millions and what is counted, with its space or apostrophe."""
    parts: ClassVar[Mapping[int, Noun]]
    """Halves, thirds and quarters."""
    between_hours: ClassVar[str]
    """Between hour and minute."""
    halves: ClassVar[Mapping[str, str]]
    """Of the day."""
    out_of: ClassVar[str]
    thousand: ClassVar[str]

    def gender_after(self, text: str) -> str:
        """By the ending of the word that follows."""
        noun = _NOUN.match(text)
        if noun is None or noun[1].lower() in _NO_NOUNS:
            return ""
        return "f" if self.is_feminine(noun[1].lower()) else "m"

    def is_feminine(self, noun: str) -> bool:
        """Whether a noun is feminine, by its look."""
        one = noun.removesuffix("s")
        return one not in _MASCULINE and one.endswith(("a", "ción", "ção", "dad", "dade"))

    def scaled(self, said: str, scale: str, noun: Noun) -> str:
        """Millions of euros."""
        return f"{said} {scale}{self.of if scale != self.thousand else ' '}{noun.many}"

    def date(self, year: int | None, month: int, day: int) -> str:
        """The first of a month, the others by their number."""
        first = self.ordinal(1) if day == 1 else self.cardinal(day)
        said = self.joined_date(first, self.months[month - 1])
        return self.with_year(said, year) if year else said

    def joined_date(self, day: str, month: str) -> str:
        """A day of a month."""
        return f"{day} de {month}"

    def with_year(self, said: str, year: int) -> str:
        """Its year."""
        return f"{said} de {self.year(year)}"

    def time(self, hour: int, minute: int, half: str, *, named: bool) -> str:
        """The hour, feminine, and the minutes."""
        said = self.cardinal(hour, "f")
        if minute:
            said = f"{said} {self.between_hours} {self.cardinal(minute)}"
        elif not named:
            said = self.full_hour(said, hour)
        return f"{said} {self.halves[half]}" if half in self.halves else said

    def full_hour(self, said: str, hour: int) -> str:
        """An hour without minutes."""
        return said

    def fraction(self, numerator: int, denominator: int) -> str:
        """Halves, thirds, quarters, fifths."""
        if numerator == denominator:
            return f"{self.cardinal(numerator)} {self.out_of} {self.cardinal(denominator)}"
        noun = self.parts.get(denominator)
        if noun is None:
            part = self.ordinal(denominator)
            noun = Noun(part, part + "s")
        return self.counted([str(numerator)], noun)
