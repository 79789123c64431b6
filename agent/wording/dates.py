"""Days, hours and years."""

import re
from collections import defaultdict
from collections.abc import Iterator

from agent.wording.lexicon.language import Language
from agent.wording.patterns import (
    LEFT,
    LETTER,
    RIGHT,
    Rule,
    before,
)


class Calendar:
    """Finds them in running text."""

    def __init__(self, language: Language) -> None:
        """The rules of `language`."""
        self._language = language

    def dates(self) -> Iterator[Rule]:
        """Days in figures, and with the name of their month."""
        language = self._language
        yield (
            re.compile(rf"{LEFT}(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){RIGHT}"),
            (lambda m: self._day(m, m[1], m[3], m[4])),
        )
        yield (
            re.compile(rf"{LEFT}(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|(?<=/)\d{{2}}){RIGHT}"),
            self._numeric_day,
        )
        if language.points_in_days:
            yield (
                re.compile(rf"{LEFT}(\d{{1,2}})\.(\d{{1,2}})\.(?!\d)"),
                lambda m: (
                    language.date_after(before(m), None, int(m[2]), int(m[1]))
                    if 1 <= int(m[2]) <= 12 and 1 <= int(m[1]) <= 31
                    else None
                ),
            )
        names = {name.lower(): at for at, name in enumerate(language.months, 1)}
        names |= language.short_months
        months = "|".join(sorted(names, key=len, reverse=True))

        def say(found: re.Match[str]) -> str | None:
            day = int(found["day"])
            if not 1 <= day <= 31:
                return None
            year = int(found["year"]) if found["year"] else None
            return language.date_after(before(found), year, names[found["month"].lower()], day)

        for pattern in language.named_days:
            yield re.compile(pattern.replace("MONTH", f"(?:{months})"), re.IGNORECASE), say

    def _numeric_day(self, found: re.Match[str]) -> str | None:
        first, second, year = int(found[1]), int(found[3]), found[4]
        day_first = (self._language.day_first or first > 12) and second <= 12
        day, month = (first, second) if day_first else (second, first)
        return self._day(found, year if len(year) == 4 else f"20{year}", str(month), str(day))

    def _day(self, found: re.Match[str], year: str, month: str, day: str) -> str | None:
        if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
            return None
        return self._language.date_after(before(found), int(year), int(month), int(day))

    def times(self) -> Iterator[Rule]:
        """Times of day."""
        half = r"(?:\s?(?P<half>[AaPp]\.\s?[Mm]\.|[AaPp][Mm]\b))"
        named = r"(?:\s?(?P<named>Uhr|h\b)|(?=\s(?P<after>hours|horas|ore|heures)\b))?"
        yield (
            re.compile(
                rf"{LEFT}(?P<h>[01]?\d|2[0-4])[:：](?P<m>[0-5]\d)(?:[:：](?P<s>[0-5]\d))?{half}?{named}"
                rf"(?![\d{LETTER}]|[:：.,]\d)"
            ),
            self._time,
        )
        yield (
            re.compile(rf"{LEFT}(?P<h>1?\d){half}"),
            self._time,
        )
        if self._language.hours:
            yield re.compile(LEFT + self._language.hours), self._time
        dash = f"{self._language.join}{self._language.to.strip()}{self._language.join}"
        yield (
            re.compile(r"(?<=[\dmM.])\s?[-–—]\s?(?=\d{1,2}(?:[:：]\d\d|\s?[ap]m\b))"),
            lambda m: dash,
        )

    def _time(self, found: re.Match[str]) -> str | None:
        written = defaultdict(str, {name: part or "" for name, part in found.groupdict().items()})
        half = written["half"].lower().replace(".", "").replace(" ", "")
        hour = int(written["h"])
        if half and not 1 <= hour <= 12:
            return None
        named = bool(written["named"] or written["after"])
        said = self._language.time(hour, int(written["m"] or 0), half, named=named)
        if int(written["s"] or 0):
            seconds = self._language.units.get("s")
            if seconds is not None:
                said += f" {self._language.counted([str(int(written['s']))], seconds)}"
        ends = written["half"].endswith(".") and not found.string[found.end() :].strip()
        return said + "." * ends

    def years(self) -> Iterator[Rule]:
        """Years that are not said like other numbers."""
        language = self._language
        year = r"1[1-9]\d\d|20\d\d"
        if language.year_sign:
            before_sign = re.compile(rf"(?<!\d)(\d{{4}})(?={language.year_sign})")
            yield before_sign, lambda m: language.digits(m[1])
        if not language.says_years:
            return
        if language.old_years:
            yield re.compile(rf"{LEFT}(1[1-9]\d\d){RIGHT}"), lambda m: language.year(int(m[1]))
        dash = f" {language.to} "
        yield (
            re.compile(rf"{LEFT}({year})\s?[-–—]\s?({year}){RIGHT}"),
            lambda m: language.year(int(m[1])) + dash + language.year(int(m[2])),
        )
        months = "|".join(language.months)
        after_month = re.compile(rf"\b(?:{months})\s$")
        leads = re.compile(rf"(?:\b(?:{language.year_leads})|©)\s$", re.IGNORECASE)
        follows = re.compile(rf"\s(?:AD|BC|CE|BCE)\b|[,.;:!?)]|$|\s(?:{language.year_follows})\b")

        def say(found: re.Match[str]) -> str | None:
            lead, after = before(found), found.string[found.end() :]
            known = leads.search(lead) or after_month.search(lead) or lead[-1:] == "("
            recent = 1900 <= int(found[1]) < 2050 and follows.match(after)
            return language.year(int(found[1])) if known or recent else None

        yield re.compile(rf"{LEFT}({year}){RIGHT}"), say

    def decades(self) -> Iterator[Rule]:
        """The nineties."""
        if self._language.says_decades:
            yield re.compile(rf"{LEFT}((?:1[1-9]|20)\d0)s\b"), self._decade
            yield re.compile(r"['’]?\b([2-9]0)s\b"), self._decade

    def _decade(self, found: re.Match[str]) -> str:
        said = self._language.year(int(found[1]))
        return said[:-1] + "ies" if said.endswith("y") else said + "s"
