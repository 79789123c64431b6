"""How figures are said: what most languages share. Each overrides what it says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from agent.wording.annotation import Kind
from agent.wording.digit_groups import in_groups
from agent.wording.numerals import MOST_DIGITS, Numeral, parse, spell


@dataclass(frozen=True, slots=True)
class Noun:
    """What is counted."""

    one: str
    many: str
    gender: str = "m"


def nouns(listed: str) -> dict[str, Noun]:
    """Read lines of `key, …: [gender/]singular[, plural]`; without a plural both are the same."""
    found: dict[str, Noun] = {}
    for line in listed.strip().splitlines():
        keys, _, forms = line.strip().partition(": ")
        gender, slash, rest = forms.partition("/")
        if not slash or len(gender) > 1:
            gender, rest = "m", forms
        one, _, many = rest.partition(", ")
        for key in keys.split(", "):
            found[key] = Noun(one, many or one, gender)
    return found


def words(listed: str) -> dict[str, str]:
    """Read lines of `key, …: words`."""
    found: dict[str, str] = {}
    for line in listed.strip().splitlines():
        keys, _, said = line.strip().partition(": ")
        found.update(dict.fromkeys(keys.split(", "), said))
    return found


def short(names: str) -> dict[str, int]:
    """The months by their names cut short, from January on, white space between them."""
    return {name: month for month, name in enumerate(names.split(), 1)}


class Language:
    """The words of one language, and the order in which they are said."""

    code: ClassVar[str]
    decimal: ClassVar[str] = ","
    """Decimal mark in writing."""
    join: ClassVar[str] = " "
    """Between two words."""
    day_first: ClassVar[bool] = True
    """Whether 3/4 is the third of April."""
    cardinals: ClassVar[Mapping[str, str]] = {}
    """Rule set of each gender; without one, `spellout-cardinal-masculine` and its like."""

    point: ClassVar[str]
    minus: ClassVar[str]
    to: ClassVar[str]
    """Between the two ends of a range."""
    versus: ClassVar[str] = ""
    """Between the two sides of a ratio; empty: as in a range."""
    number_sign: ClassVar[str]
    """For "#5" and "No. 5"."""
    dot: ClassVar[str]
    at: ClassVar[str]
    """Within an e-mail address."""
    percent: ClassVar[str]
    about: ClassVar[str]
    per: ClassVar[str]
    """For "$5/month"."""
    over: ClassVar[str]
    """In a fraction of letters or large numbers."""
    link: ClassVar[str]
    """Stands for an address without a name that could be said."""
    notices: ClassVar[Mapping[Kind, str]]
    """Said where something on the page is not read."""
    currencies: ClassVar[Mapping[str, Noun]]
    cents: ClassVar[Mapping[str, Noun]] = {}
    units: ClassVar[Mapping[str, Noun]]
    scales: ClassVar[Mapping[str, str]] = {}
    """Letters and words after an amount of money."""
    months: ClassVar[tuple[str, ...]]
    abbreviations: ClassVar[Mapping[str, str]] = {}
    titles: ClassVar[frozenset[str]] = frozenset()
    """Those of them that are titles where a name follows: "Dr." is a street's end, too."""
    signs: ClassVar[Mapping[str, str]]
    """Signs between two things, and signs alone."""

    # How figures are written, where it is not alike everywhere: parts of patterns.
    yen: ClassVar[str] = "JPY"
    """The currency that ¥ stands for."""
    ordinal_ends: ClassVar[str] = ""
    """What follows the figures of a place in a row; a group is the mark that tells its gender."""
    feminine_ends: ClassVar[frozenset[str]] = frozenset()
    """Such marks of feminine ones."""
    ordinal_digits: ClassVar[int] = 4
    """Longest such number."""
    roman_ends: ClassVar[str] = ""
    """The same after Roman numerals, without a group."""
    articles: ClassVar[frozenset[str]] = frozenset()
    """Words before a capital I, V or X that is no numeral."""
    century: ClassVar[str] = ""
    """The word before a Roman numeral that is no name."""
    names_fractions: ClassVar[bool] = False
    """Whether a fraction of any size is said as one."""
    points_in_days: ClassVar[bool] = False
    """Whether 3.4. is a day."""
    named_days: ClassVar[tuple[str, ...]] = ()
    """Days with the name of their month: groups `day`, `month`, `year`; MONTH is for the names."""
    short_months: ClassVar[Mapping[str, int]] = {}
    """Names of months cut short."""
    hours: ClassVar[str] = ""
    """Times of day that are written so in no other language: groups `h`, `m`, `named`."""
    says_years: ClassVar[bool] = False
    """Whether years are said otherwise than numbers."""
    old_years: ClassVar[bool] = False
    """Whether numbers from 1100 to 1999 always are."""
    year_sign: ClassVar[str] = ""
    """After figures of a year that are said one by one."""
    year_leads: ClassVar[str] = ""
    """Words before a year."""
    year_follows: ClassVar[str] = ""
    """Words after a year."""
    says_decades: ClassVar[bool] = False
    """Whether 1990s are the nineties."""

    def cardinal(self, number: int, gender: str = "") -> str:
        """A whole number, alone or with what is counted."""
        return spell(self.code, number, self.cardinals.get(gender, "spellout-numbering"))

    def gender_after(self, text: str) -> str:
        """The gender of what is counted, from what follows a number; empty: nothing is."""
        return ""

    def ordinal(self, number: int, gender: str = "m") -> str:
        """A place in a row."""
        form = "feminine" if gender == "f" else "masculine"
        return spell(self.code, number, f"spellout-ordinal-{form}")

    def place(self, number: int, before: str, after: str) -> str | None:
        """A place in a row between two texts; None: the figure is none."""
        return self.ordinal(number)

    def between_figures(self, count: int) -> str:
        """The word between the numbers of a version, or of another row of so many numbers."""
        return self.dot

    def year(self, number: int) -> str:
        """A year."""
        return self.cardinal(number)

    def digits(self, figures: str) -> str:
        """One after the other."""
        return self.join.join(self.cardinal(int(figure)) for figure in figures)

    def grouped(self, figures: str) -> str:
        """The same with a pause after each group, as people say them who are written down."""
        return ", ".join(self.digits(group) for group in in_groups(figures))

    def numeral(self, numeral: Numeral, gender: str = "") -> str:
        """A number as it was written."""
        whole = numeral.whole or "0"
        if len(whole) > MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
            said = self.grouped(whole)
        else:
            said = self.cardinal(int(whole), "" if numeral.fraction else gender)
        if numeral.fraction:
            said = self.join.join([said, self.point, self.digits(numeral.fraction)])
        return said

    def number(self, text: str, gender: str = "") -> str:
        """A number with its marks of groups and decimals."""
        return self.numeral(parse(text, decimal=self.decimal), gender)

    def counted(self, amounts: list[str], noun: Noun, *, negative: bool = False) -> str:
        """An amount, or the two ends of a range, and what is counted."""
        numerals = [parse(amount, decimal=self.decimal) for amount in amounts]
        said = f"{self.join}{self.to}{self.join}".join(
            self.numeral(numeral, noun.gender) for numeral in numerals
        )
        form = noun.one if self.is_singular(numerals[-1]) else noun.many
        return self.join.join([*([self.minus] if negative else []), said, form])

    def is_singular(self, numeral: Numeral) -> bool:
        """Whether one is counted."""
        return numeral.is_one

    def percentage(self, amounts: list[str], *, negative: bool) -> str:
        """Hundredths."""
        return self.counted(amounts, Noun(self.percent, self.percent, ""), negative=negative)

    def money(self, amounts: list[str], currency: str, scale: str) -> str:
        """An amount of money; `scale` is a word for thousands or millions of it, or empty."""
        noun = self.currencies[currency]
        if scale:
            said = f" {self.to} ".join(self.number(amount) for amount in amounts)
            return self.scaled(said, scale, noun)
        numeral = parse(amounts[-1], decimal=self.decimal)
        cents = self.cents.get(currency)
        if len(amounts) > 1 or len(numeral.fraction) != 2 or cents is None:
            return self.counted(amounts, noun)
        if not int(numeral.fraction):
            return self.counted([numeral.whole], noun)
        if not numeral.value:
            return self.counted([str(int(numeral.fraction))], cents)
        return self.with_cents(self.counted([numeral.whole], noun), int(numeral.fraction), cents)

    def scaled(self, said: str, scale: str, noun: Noun) -> str:
        """Millions of a currency."""
        return f"{said} {scale} {noun.many}"

    def with_cents(self, whole: str, cents: int, noun: Noun) -> str:
        """An amount of money in two units."""
        return f"{whole} {self.counted([str(cents)], noun)}"

    def time(self, hour: int, minute: int, half: str, *, named: bool) -> str:
        """A time of day; `half` is `am`, `pm` or empty, `named`: the word for hours follows."""
        raise NotImplementedError

    def date(self, year: int | None, month: int, day: int) -> str:
        """A day."""
        raise NotImplementedError

    def date_after(self, before: str, year: int | None, month: int, day: int) -> str:
        """A day, in the form that follows a text."""
        return self.date(year, month, day)

    def fraction(self, numerator: int, denominator: int) -> str:
        """A part of one, such as three quarters."""
        over = [self.cardinal(numerator), self.over, self.cardinal(denominator)]
        return self.join.join(over)

    def roman(self, number: int, before: str) -> str:
        """A Roman numeral after a name or a word such as chapter."""
        return self.cardinal(number)
