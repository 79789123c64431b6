"""What is written in figures and signs, found in running text and put into words.

A rule is a pattern and what it makes of a match; the first rule that takes a stretch of text
keeps it. All of a piece is looked at together: what stands beside a figure tells what it is.
"""

import functools
import re
from collections.abc import Iterable, Iterator

from agent.wording import addresses
from agent.wording.amounts import Amounts
from agent.wording.annotation import Kind
from agent.wording.dates import Calendar
from agent.wording.formulas import signs_of
from agent.wording.lexicon import lexicon_of
from agent.wording.lexicon.language import Language
from agent.wording.parts import Part
from agent.wording.patterns import LETTER, Rule
from agent.wording.signs import Signs, stage_directions, unspoken

_DIGIT = re.compile(r"\d")


@functools.cache
def figures_of(code: str) -> "Figures":
    """The rules of a language; the first time takes some milliseconds."""
    return Figures(lexicon_of(code).figures)


class Figures:
    """The rules of one language."""

    def __init__(self, language: Language) -> None:
        """Compile them."""
        self._language = language
        self._first = tuple(self._names())
        self._with_digits = tuple(self._numbers())
        self._last = tuple(self._signs())

    def read(self, text: str) -> list[Part]:
        """Put figures and signs of a text into words."""
        numbers = self._with_digits if _DIGIT.search(text) else ()
        rules = (*self._first, *numbers, *self._last)
        return _apply(rules, text, spaces=bool(self._language.join))

    def notice(self, kind: Kind) -> str:
        """Say what is on the page; empty for what nobody would miss."""
        notice = self._language.notices.get(kind, "")
        return f" {notice} " if notice else ""

    def formula(self, latex: str) -> str:
        """Say a formula, or that there is one."""
        signs = signs_of(latex, over=self._language.over)
        if signs is None:
            return self._language.notices[Kind.MATH]
        return "".join(part.spoken for part in self.read(signs))

    def _names(self) -> Iterator[Rule]:
        language = self._language
        yield from stage_directions()
        yield re.compile(r"\$([^$\s\d][^$\n]{0,60}?)\$(?![\d$])"), self._dollars
        yield addresses.MAIL, lambda m: addresses.say_mail(m[1], m[2], language)
        yield addresses.PAGE, self._page
        yield addresses.FILE, lambda m: addresses.say_file(m[0], language)
        yield self._abbreviations()

    def _numbers(self) -> Iterator[Rule]:
        language = self._language
        calendar, amounts = Calendar(language), Amounts(language)
        yield from Signs(language).powers()
        yield from calendar.dates()
        yield from amounts.rows()
        yield addresses.PHONE, lambda m: addresses.say_phone(m[0], language)
        yield from calendar.times()
        yield from amounts.named()
        yield from calendar.decades()
        yield from amounts.money()
        yield from amounts.quantities()
        yield from amounts.versions()
        yield from amounts.ordinals()
        yield from amounts.fractions()
        yield from calendar.years()
        yield from amounts.ranges()
        yield from amounts.references()
        yield from amounts.numbers()

    def _signs(self) -> Iterator[Rule]:
        yield from Amounts(self._language).romans()
        yield from Signs(self._language).names()
        yield from unspoken()

    def _page(self, found: re.Match[str]) -> str:
        address = addresses.without_trailing(found[0])
        return addresses.say_page(address, self._language) + found[0][len(address) :]

    def _dollars(self, found: re.Match[str]) -> str | None:
        formula = len(found[1]) == 1 or any(char in found[1] for char in "\\^_=+")
        return self.formula(found[1]) if formula else None

    def _abbreviations(self) -> Rule:
        listed = self._language.abbreviations
        keys = sorted(listed, key=len, reverse=True)

        def pattern(key: str) -> str:
            first = f"[{key[0]}{key[0].upper()}]" if key[0].islower() else re.escape(key[0])
            name = r"(?=\s+[^\W\d_a-z])" if key in self._language.titles else ""
            return first + re.escape(key[1:]) + name

        def say(found: re.Match[str]) -> str:
            said = listed.get(found[0]) or listed[found[0][0].lower() + found[0][1:]]
            ends = found[0].endswith(".") and not found.string[found.end() :].strip()
            return said + "." * ends

        any_key = "|".join(map(pattern, keys)) or r"(?!)"
        return re.compile(f"(?<![{LETTER}\\d./])(?:{any_key})(?![{LETTER}\\d/])"), say


_NAMELESS = (
    *stage_directions(),
    (addresses.PAGE, lambda found: addresses.host_of(found[0])),
    *unspoken(),
)


def read_unknown(text: str) -> list[Part]:
    """Read a language without rules: figures are left to its voice, mere signs left out."""
    return _apply(_NAMELESS, text, spaces=True)


def _apply(rules: Iterable[Rule], text: str, *, spaces: bool) -> list[Part]:
    """Give each stretch of a text to the first rule that takes it.

    `spaces`: words of the language are parted by them.
    """
    taken: list[tuple[int, int, str]] = []
    free = bytearray(b"\1") * len(text)
    for pattern, say in rules:
        for found in pattern.finditer(text):
            start, end = found.span()
            if start == end or not all(free[start:end]):
                continue
            said = say(found)
            if said is not None:
                free[start:end] = bytes(end - start)
                taken.append((start, end, said))
    parts: list[Part] = []
    end = 0
    for start, stop, said in sorted(taken):
        if start > end:
            parts.append(Part(text[end:start], text[end:start]))
        apart = said and (spaces or said[0].isascii())
        lead = " " if apart and _touches(text[start - 1 : start]) else ""
        rest = " " if apart and _touches(text[stop : stop + 1]) else ""
        parts.append(Part(text[start:stop], f"{lead}{said}{rest}"))
        end = stop
    if end < len(text):
        parts.append(Part(text[end:], text[end:]))
    return parts


def _touches(char: str) -> bool:
    """Whether a letter or digit of a script with spaces stands right beside words."""
    return char.isalnum() and char < "\u3000"
