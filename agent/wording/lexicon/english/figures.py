"""English."""

# ruff: noqa: SIM905

from agent.wording.annotation import Kind
from agent.wording.lexicon.language import Language, Noun, nouns, short, words
from agent.wording.numerals import spell
from agent.wording.patterns import RIGHT

_RULERS = frozenset(
    """
    henry louis george elizabeth charles edward richard james william john paul mary catherine
    philip francis pius leo benedict napoleon alexander nicholas peter frederick ivan pope king
    queen felipe juan carlos
    """.split()
)
_FRACTIONS = {2: Noun("half", "halves"), 4: Noun("quarter", "quarters")}


class English(Language):
    """As in the United States where it differs."""

    code = "en"
    decimal = "."
    day_first = False
    ordinal_ends, ordinal_digits = r"st\b|nd\b|rd\b|th\b", 6
    articles = frozenset(
        {"the", "a", "an", "this", "my", "his", "her", "our", "your", "their", "is"}
    )
    named_days = (
        rf"\b(?P<month>MONTH)\b\.?\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
        rf"(?:,?\s(?P<year>\d{{4}}))?{RIGHT}(?!\s?[-–:/%°]\d)",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month>MONTH)\b"
        rf"(?:,?\s(?P<year>\d{{4}}))?{RIGHT}",
    )
    says_years = says_decades = True
    year_leads = (
        "in|since|from|until|till|by|before|after|year|of|around|circa|early|late|mid|during|the|"
        "spring|summer|fall|autumn|winter"
    )
    year_follows = "and|was|is|to|with|the|in|for"
    point, minus, to, number_sign, dot, at = "point", "minus", "to", "number", "dot", "at"
    percent, about, over, link = "percent", "about", "over", "a link"
    per = "per"
    notices = {
        Kind.CODE: "The code is on the page.",
        Kind.TABLE: "The table is on the page.",
        Kind.FORMULA: "The formula is on the page.",
        Kind.MATH: "a formula",
    }
    currencies = nouns("""
        USD: dollar, dollars
        EUR: euro, euros
        GBP: pound, pounds
        JPY: yen
        CNY: yuan
        INR: rupee, rupees
        KRW: won
        RUB: ruble, rubles
        BRL: real, reais
        CHF: Swiss franc, Swiss francs
        BTC: bitcoin, bitcoins
    """)
    cents = nouns("""
        USD, EUR: cent, cents
        GBP: penny, pence
        BRL: centavo, centavos
    """)
    units = nouns("""
        °C, ℃: degree Celsius, degrees Celsius
        °F, ℉: degree Fahrenheit, degrees Fahrenheit
        °: degree, degrees
        km/h, kph: kilometer per hour, kilometers per hour
        mph: mile per hour, miles per hour
        m/s: meter per second, meters per second
        km: kilometer, kilometers
        m: meter, meters
        cm: centimeter, centimeters
        mm: millimeter, millimeters
        µm: micrometer, micrometers
        nm: nanometer, nanometers
        km², km2: square kilometer, square kilometers
        m², m2: square meter, square meters
        m³, m3: cubic meter, cubic meters
        ft: foot, feet
        yd: yard, yards
        mi: mile, miles
        kg: kilogram, kilograms
        g: gram, grams
        mg: milligram, milligrams
        lb, lbs: pound, pounds
        oz: ounce, ounces
        l, L: liter, liters
        ml, mL: milliliter, milliliters
        kB, KB: kilobyte, kilobytes
        MB: megabyte, megabytes
        GB: gigabyte, gigabytes
        TB: terabyte, terabytes
        Mbps, Mbit/s: megabit per second, megabits per second
        Gbps, Gbit/s: gigabit per second, gigabits per second
        MB/s: megabyte per second, megabytes per second
        Hz: hertz
        kHz: kilohertz
        MHz: megahertz
        GHz: gigahertz
        W: watt, watts
        kW: kilowatt, kilowatts
        MW: megawatt, megawatts
        kWh: kilowatt hour, kilowatt hours
        V: volt, volts
        mAh: milliamp hour, milliamp hours
        h, hr, hrs: hour, hours
        min, mins: minute, minutes
        s, sec, secs: second, seconds
        ms: millisecond, milliseconds
        px: pixel, pixels
        fps: frame per second, frames per second
        dB: decibel, decibels
        kcal: kilocalorie, kilocalories
    """)
    scales = words("""
        k, K, thousand: thousand
        m, M, mn, million: million
        b, B, bn, billion: billion
        T, tn, trillion: trillion
    """)
    short_months = short("jan feb mar apr may jun jul aug sep oct nov dec") | {"sept": 9}
    months = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
              "October", "November", "December")  # fmt: skip
    titles = frozenset({"Dr.", "Mr.", "Mrs.", "Prof."})
    abbreviations = words("""
        e.g., eg.: for example
        i.e.: that is
        etc.: et cetera
        vs., vs: versus
        approx.: approximately
        w/o: without
        w/: with
        a.k.a., aka: also known as
        Dr.: Doctor
        Mr.: Mister
        Mrs.: Missus
        Prof.: Professor
        24/7: twenty-four seven
        9/11: nine eleven
        50/50: fifty fifty
        C#: C sharp
        F#: F sharp
    """)
    signs = words("""
        &: and
        @: at
        +: plus
        −: minus
        ×, ✕, *: times
        ÷: divided by
        =, ==: equals
        ±: plus or minus
        ≈: about
        ≠: is not equal to
        <: less than
        >: greater than
        ≤: at most
        ≥: at least
        ∞: infinity
        √: the square root of
        π: pi
        →, ->, ⇒, =>, ➜, ⟶: to
        ²: squared
        ³: cubed
        ½: one half
        ¼: one quarter
        ¾: three quarters
        ⅓: one third
        ⅔: two thirds
        §: section
        ‰: per thousand
    """)

    def cardinal(self, number: int, gender: str = "") -> str:
        """A whole number."""
        return spell("en", number, "spellout-cardinal")

    def ordinal(self, number: int, gender: str = "m") -> str:
        """First, second, third."""
        return spell("en", number, "spellout-ordinal")

    def between_figures(self, count: int) -> str:
        """Four are an address."""
        return self.dot if count == 4 else self.point

    def year(self, number: int) -> str:
        """In pairs of digits."""
        return spell("en", number, "spellout-numbering-year").replace("oh-", "oh ")

    def digits(self, figures: str) -> str:
        """Zero as in numbers of telephones."""
        return " ".join(self.cardinal(int(figure)) for figure in figures)

    def with_cents(self, whole: str, cents: int, noun: Noun) -> str:
        """Dollars and cents."""
        return f"{whole} and {self.counted([str(cents)], noun)}"

    def time(self, hour: int, minute: int, half: str, *, named: bool) -> str:
        """By a clock of twelve hours."""
        if not half and hour > 12:
            half, hour = "pm", hour - 12
        elif not half and hour == 0:
            half, hour = "am", 12
        minutes = f"oh {self.cardinal(minute)}" if 0 < minute < 10 else self.cardinal(minute)
        said = self.cardinal(hour) + (f" {minutes}" if minute else "")
        if half:
            return f"{said} {half.upper()}"
        return said if minute or named else f"{said} o'clock"

    def date(self, year: int | None, month: int, day: int) -> str:
        """Month first."""
        said = f"{self.months[month - 1]} {self.ordinal(day)}"
        return f"{said}, {self.year(year)}" if year else said

    def fraction(self, numerator: int, denominator: int) -> str:
        """Halves, quarters, thirds."""
        if numerator == denominator:
            return f"{self.cardinal(numerator)} out of {self.cardinal(denominator)}"
        noun = _FRACTIONS.get(denominator)
        if noun is None:
            part = self.ordinal(denominator)
            noun = Noun(part, part + "s")
        return self.counted([str(numerator)], noun)

    def roman(self, number: int, before: str) -> str:
        """Henry the Eighth, but World War Two."""
        if before.lower() in _RULERS:
            return f"the {self.ordinal(number)}"
        return self.cardinal(number)
