"""Japanese and Korean: their voices know best how a number is read with what is counted.

Figures stay; what is written beside them in signs is written out, in its place.
"""

from agent.wording.lexicon.language import Language, Noun
from agent.wording.numerals import Numeral, parse


class InFigures(Language):
    """Numbers stay as they are."""

    decimal = "."
    names_fractions = True
    join = ""
    hour: str
    minute: str

    def between_figures(self, count: int) -> str:
        """As in a fraction."""
        return self.point

    def cardinal(self, number: int, gender: str = "") -> str:
        """In figures."""
        return str(number)

    def ordinal(self, number: int, gender: str = "m") -> str:
        """In figures."""
        return str(number)

    def numeral(self, numeral: Numeral, gender: str = "") -> str:
        """In figures without marks of groups."""
        return f"{numeral.whole}.{numeral.fraction}" if numeral.fraction else numeral.whole

    def is_singular(self, numeral: Numeral) -> bool:
        """There is one form."""
        return True

    def money(self, amounts: list[str], currency: str, scale: str) -> str:
        """Dollars and cents."""
        noun, cents = self.currencies[currency], self.cents.get(currency)
        numeral = parse(amounts[-1], decimal=self.decimal)
        if len(amounts) == 1 and not scale and cents and len(numeral.fraction) == 2:
            whole = f"{numeral.value}{noun.one}" if numeral.value else ""
            rest = int(numeral.fraction)
            return f"{whole}{rest}{cents.one}" if rest else whole
        return self.to.join(self.number(amount) for amount in amounts) + scale + noun.one

    def percentage(self, amounts: list[str], *, negative: bool) -> str:
        """Hundredths."""
        return self.counted(amounts, Noun(self.percent, self.percent), negative=negative)

    def time(self, hour: int, minute: int, half: str, *, named: bool) -> str:
        """Hour and minutes."""
        said = f"{hour}{self.hour}{f'{minute}{self.minute}' if minute else ''}"
        return {"am": self.morning, "pm": self.afternoon}.get(half, "") + said

    morning: str
    afternoon: str
