"""Numbers, alone and with what is counted."""

import re
from collections.abc import Iterator

from agent.wording.lexicon import LEXICONS
from agent.wording.lexicon.language import Language
from agent.wording.numerals import parse
from agent.wording.patterns import (
    AMOUNT,
    DASH,
    LEFT,
    LETTER,
    NEGATIVE,
    NUM,
    RIGHT,
    Rule,
    after,
    amounts,
    before,
)

_SIGNS = {
    "US$": "USD", "R$": "BRL", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "￥": "CNY",
    "₹": "INR", "₩": "KRW", "₽": "RUB", "₿": "BTC",
}  # fmt: skip
_CODES = {"RMB": "CNY"} | dict.fromkeys(
    ("USD", "EUR", "GBP", "JPY", "CNY", "CHF", "INR", "KRW", "RUB", "BRL", "BTC"), ""
)
_ROMAN = {"I": 1, "V": 5, "X": 10}
_CANONICAL_ROMAN = re.compile(r"X{0,3}(?:IX|IV|V?I{0,3})")
_FIGURES = [lexicon.figures for lexicon in LEXICONS.values()]
_ARTICLES = frozenset[str]().union(*(figures.articles for figures in _FIGURES))
_CENTURIES = frozenset(figures.century for figures in _FIGURES if figures.century)


class Amounts:
    """Finds them in running text."""

    def __init__(self, language: Language) -> None:
        """The rules of `language`."""
        self._language = language

    def _number_sign(self, found: re.Match[str]) -> str:
        said = [self._language.number_sign, self._language.number(found[1])]
        return self._language.join.join(said)

    def named(self) -> Iterator[Rule]:
        """Numbers with a sign that says what they are."""
        yield (
            re.compile(rf"(?:#|№|\b[Nn]\.?[°º]|\bNo\.|\bNr\.|\b[Nn]úm\.)\s?(\d+){RIGHT}"),
            self._number_sign,
        )

    def money(self) -> Iterator[Rule]:
        """Amounts of money, the sign before or after them."""
        scales = sorted(self._language.scales, key=len, reverse=True)
        scale = "|".join(re.escape(word) for word in scales)
        scale = rf"(?:\s?(?P<scale>{scale})(?![{LETTER}\d]))?"
        sign = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
        codes = "|".join(_CODES)
        yield (
            re.compile(
                rf"(?<![{LETTER}]){NEGATIVE}(?P<sign>{sign}|(?:{codes})\s)\s?"
                rf"(?P<a>{NUM})(?:{DASH}(?:{sign})?(?P<b>{NUM}))?{scale}"
            ),
            self._amount_of_money,
        )
        yield (
            re.compile(
                rf"{LEFT}{NEGATIVE}{AMOUNT}{scale}[\s\u00a0]?(?P<sign>{sign}|(?:{codes})\b)"
            ),
            self._amount_of_money,
        )

    def _amount_of_money(self, found: re.Match[str]) -> str | None:
        sign = found["sign"].strip()
        currency = _SIGNS.get(sign) or _CODES[sign] or sign
        if sign == "¥":
            currency = self._language.yen
        if currency not in self._language.currencies:
            return None
        scale = self._language.scales.get(found["scale"] or "", "")
        said = self._language.money(amounts(found), currency, scale)
        return f"{self._language.minus} {said}" if found["neg"] else said

    def quantities(self) -> Iterator[Rule]:
        """Hundredths, and what has a unit."""
        language = self._language
        yield (
            re.compile(
                rf"{LEFT}{NEGATIVE}(?P<a>{NUM})(?:[ \u00a0]?%?{DASH}(?P<b>{NUM}))?"
                r"[\s\u00a0\u202f]?[%％]"
            ),
            lambda m: language.percentage(amounts(m), negative=bool(m["neg"])),
        )
        symbols = "|".join(
            re.escape(unit) for unit in sorted(language.units, key=len, reverse=True)
        )
        yield (
            re.compile(
                rf"{LEFT}{NEGATIVE}{AMOUNT}[\s\u00a0\u202f]?(?P<unit>{symbols})(?![{LETTER}\d²³/])"
            ),
            lambda m: language.counted(
                amounts(m), language.units[m["unit"]], negative=bool(m["neg"])
            ),
        )

    def _version(self, found: re.Match[str]) -> str:
        figures = found[1].split(".")
        if self._language.decimal == "," and all(len(figure) == 3 for figure in figures[1:]):
            return self._language.number(found[1])
        word = self._language.between_figures(len(figures))
        said = (self._language.number(figure) for figure in figures)
        return f"{self._language.join}{word.strip()}{self._language.join}".join(said)

    def versions(self) -> Iterator[Rule]:
        """Numbers with two full stops and more."""
        yield re.compile(rf"(?<![{LETTER}\d.])[vV]?(\d+(?:\.\d+){{2,}}){RIGHT}"), self._version

    def fractions(self) -> Iterator[Rule]:
        """Two numbers and a stroke, or a colon."""
        yield re.compile(rf"{LEFT}(\d{{1,4}})/(\d{{1,4}})(?!/){RIGHT}"), self._fraction
        yield re.compile(rf"{LEFT}(\d{{1,3}}):(\d{{1,3}}){RIGHT}"), self._ratio

    def romans(self) -> Iterator[Rule]:
        """Roman numerals after a name."""
        language = self._language
        if language.roman_ends:
            yield (
                re.compile(rf"\b([IVX]{{1,6}})({language.roman_ends})\b"),
                lambda m: (
                    language.ordinal(roman_value(m[1]), self._gender(m[2]))
                    if _CANONICAL_ROMAN.fullmatch(m[1])
                    else None
                ),
            )
        yield re.compile(r"(?<![^\W\d_])([^\W\d_]+)(\s)([IVX]{2,6})(?![\w’'-])"), self._roman

    def numbers(self) -> Iterator[Rule]:
        """All other numbers."""
        yield self._approximate()
        times = self._language.join + self._language.signs["×"] + self._language.join
        yield (
            re.compile(rf"{LEFT}({NUM})\s?[x×]\s?({NUM}){RIGHT}"),
            lambda m: times.join([self._language.number(m[1]), self._language.number(m[2])]),
        )
        yield (
            re.compile(rf"{LEFT}({NUM})[x×](?!\w|\s?[-+=^*/])"),
            lambda m: self._language.number(m[1]) + times.rstrip(),
        )
        yield re.compile(r"(?<![\w.])\.(\d+)\b"), self._leading_point
        yield (
            re.compile(rf"{LEFT}{NEGATIVE}({NUM})(?![{LETTER}\d_]|[.,]\d)"),
            self._cardinal,
        )

    def rows(self) -> Iterator[Rule]:
        """Numbers of cards and accounts, as they are printed: in fours."""
        row = rf"{LEFT}\d{{4}}(?: \d{{4}}){{2,5}}(?: \d{{1,3}})?(?![{LETTER}\d_]|[.,]\d)"
        yield re.compile(row), lambda m: self._row(m[0].split(" "))

    def references(self) -> Iterator[Rule]:
        """Long numbers without marks of groups: of orders, customers, accounts."""

        def say(found: re.Match[str]) -> str | None:
            # What was counted or estimated ends in noughts.
            return None if found[0].endswith("000") else self._language.grouped(found[0])

        yield re.compile(rf"{LEFT}\d{{7,}}(?![{LETTER}\d_]|[.,]\d)"), say

    def ordinals(self) -> Iterator[Rule]:
        """Places in a row."""
        language = self._language

        def say(found: re.Match[str]) -> str | None:
            if found.re.groups > 1:
                return language.ordinal(int(found[1]), self._gender(found[2]))
            return language.place(int(found[1]), before(found), after(found))

        if language.ordinal_ends:
            figures = rf"(\d{{1,{language.ordinal_digits}}})"
            yield re.compile(rf"{LEFT}{figures}(?:{language.ordinal_ends})"), say

    def _gender(self, mark: str) -> str:
        return "f" if mark in self._language.feminine_ends else "m"

    def _fraction(self, found: re.Match[str]) -> str | None:
        above, below = int(found[1]), int(found[2])
        if not above or not below:
            return None
        if 1 < below <= 10 and above <= below:
            return self._language.fraction(above, below)
        over = [self._language.number(found[1]), self._language.over]
        if self._language.names_fractions:
            return self._language.fraction(above, below)
        return " ".join([*over, self._language.number(found[2])])

    def _roman(self, found: re.Match[str]) -> str | None:
        numeral = found[3]
        name = found[1][0].isupper() and found[1].lower() not in _ARTICLES
        if not (name or found[1] in _CENTURIES) or not _CANONICAL_ROMAN.fullmatch(numeral):
            return None
        if found[1].isupper() and len(found[1]) > 1:
            return None
        number = roman_value(numeral)
        return f"{found[1]}{found[2]}{self._language.roman(number, found[1])}"

    def ranges(self) -> Iterator[Rule]:
        """From one number to another; a difference where an equation goes on."""
        language = self._language
        yield re.compile(rf"{LEFT}\d+(?:-\d+){{2,8}}(?![{LETTER}\d_-])"), self._code
        yield (
            re.compile(r"(?<=\d)\s[-−–]\s(?=\d[\d.,]*\s?[=+*×÷])"),
            lambda m: f" {language.signs['−']} ",
        )
        yield (
            re.compile(rf"{LEFT}(?P<a>{NUM})(?:{DASH})(?P<b>{NUM})(?![{LETTER}\d_]|[-–.,]\d)"),
            self._range,
        )

    def _range(self, found: re.Match[str]) -> str:
        ends = (self._language.number(amount) for amount in amounts(found))
        return f"{self._language.join}{self._language.to}{self._language.join}".join(ends)

    def _approximate(self) -> Rule:
        about = self._language.about
        said = about if about.endswith(" ") or not self._language.join else about + " "
        return re.compile(r"(?<![\w/])[~～≈∼](?=\s?[\d$€£¥])"), lambda m: said

    def _cardinal(self, found: re.Match[str]) -> str:
        gender = self._language.gender_after(found.string[found.end() : found.end() + 24])
        said = self._language.numeral(parse(found[2], decimal=self._language.decimal), gender)
        return f"{self._language.minus}{self._language.join}{said}" if found["neg"] else said

    def _leading_point(self, found: re.Match[str]) -> str:
        said = [self._language.point, self._language.digits(found[1])]
        return self._language.join.join(said)

    def _ratio(self, found: re.Match[str]) -> str:
        ends = (self._language.number(found[1]), self._language.number(found[2]))
        versus = self._language.versus or self._language.to
        return f"{self._language.join}{versus}{self._language.join}".join(ends)

    def _code(self, found: re.Match[str]) -> str:
        return self._row(found[0].split("-"))

    def _row(self, groups: list[str]) -> str:
        return ", ".join(self._language.grouped(group) for group in groups)


def roman_value(numeral: str) -> int:
    """The value of a Roman numeral."""
    values = [_ROMAN[char] for char in numeral]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )
