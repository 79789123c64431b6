"""German."""

import re

from agent.wording.annotation import Kind
from agent.wording.lexicon.german.cases import ANOTHER, ending
from agent.wording.lexicon.language import Language, Noun, nouns, short, words
from agent.wording.numerals import spell
from agent.wording.patterns import LEFT, RIGHT


class German(Language):
    """Times by a clock of 24 hours, years by hundreds."""

    code = "de"
    ordinal_ends, ordinal_digits = rf"\.(?=\s[^\W\d_]|{ANOTHER})", 3
    articles = frozenset({"der", "die", "das"})
    points_in_days = True
    named_days = (
        rf"{LEFT}(?P<day>\d{{1,2}})\.\s?(?:de\s)?(?P<month>MONTH)\b(?:\s(?P<year>\d{{4}}))?{RIGHT}",
    )
    hours = r"(?P<h>[01]?\d|2[0-4])(?:\.(?P<m>[0-5]\d))?\s(?P<named>Uhr)\b"
    says_years = old_years = True
    year_leads = "in|jahr|seit|bis|anno|sommer|winter"
    year_follows = "in"
    point, minus, to, number_sign, dot, at = "Komma", "minus", "bis", "Nummer", "Punkt", "at"
    percent, about, over, link = "Prozent", "etwa", "durch", "ein Link"
    per, versus = "pro", "zu"
    notices = {
        Kind.CODE: "Der Code steht auf der Seite.",
        Kind.TABLE: "Die Tabelle steht auf der Seite.",
        Kind.FORMULA: "Die Formel steht auf der Seite.",
        Kind.MATH: "eine Formel",
    }
    currencies = nouns("""
        USD: Dollar
        EUR: Euro
        GBP: n/Pfund
        JPY: Yen
        CNY: Yuan
        CHF: Franken
        INR: f/Rupie, Rupien
        KRW: Won
        RUB: Rubel
        BRL: Real, Reais
        BTC: Bitcoin
    """)
    cents = nouns("""
        USD, EUR: Cent
        GBP: Penny, Pence
        CHF: Rappen
    """)
    units = nouns("""
        °C, ℃: Grad Celsius
        °F, ℉: Grad Fahrenheit
        °: Grad
        km/h: Kilometer pro Stunde
        m/s: Meter pro Sekunde
        km: Kilometer
        m: Meter
        cm: Zentimeter
        mm: Millimeter
        µm: Mikrometer
        nm: Nanometer
        km², km2: Quadratkilometer
        m², m2, qm: Quadratmeter
        m³, m3: Kubikmeter
        kg: n/Kilogramm
        g: n/Gramm
        mg: n/Milligramm
        t: f/Tonne, Tonnen
        l, L: Liter
        ml, mL: Milliliter
        kB, KB: n/Kilobyte
        MB: n/Megabyte
        GB: n/Gigabyte
        TB: n/Terabyte
        Mbit/s: n/Megabit pro Sekunde
        Gbit/s: n/Gigabit pro Sekunde
        Hz: n/Hertz
        kHz: n/Kilohertz
        MHz: n/Megahertz
        GHz: n/Gigahertz
        W: n/Watt
        kW: n/Kilowatt
        kWh: f/Kilowattstunde, Kilowattstunden
        V: n/Volt
        h, Std.: f/Stunde, Stunden
        min, Min.: f/Minute, Minuten
        s, Sek.: f/Sekunde, Sekunden
        ms: f/Millisekunde, Millisekunden
        kcal: f/Kilokalorie, Kilokalorien
        dB: n/Dezibel
    """)
    scales = words("""
        k, K, Tsd., Tausend, tausend: tausend
        Mio., Mio, Million, Millionen: Millionen
        Mrd., Mrd, Milliarde, Milliarden: Milliarden
    """)
    short_months = short("jan feb mär apr mai jun jul aug sep okt nov dez")
    months = ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
              "Oktober", "November", "Dezember")  # fmt: skip
    titles = frozenset({"Dr.", "Fr.", "Hr."})
    abbreviations = words("""
        z.B., z. B.: zum Beispiel
        d.h., d. h.: das heißt
        usw.: und so weiter
        u.a., u. a.: unter anderem
        bzw.: beziehungsweise
        ca.: circa
        etc.: et cetera
        vgl.: vergleiche
        ggf.: gegebenenfalls
        evtl.: eventuell
        inkl.: inklusive
        zzgl.: zuzüglich
        Dr.: Doktor
        Hr.: Herr
        Fr.: Frau
        Str.: Straße
        24/7: vierundzwanzig sieben
    """)
    signs = words("""
        &: und
        @: at
        +: plus
        −: minus
        ×, ✕, *: mal
        ÷: geteilt durch
        =, ==: gleich
        ±: plus minus
        ≈: ungefähr
        ≠: ungleich
        <: kleiner als
        >: größer als
        ≤: höchstens
        ≥: mindestens
        ∞: unendlich
        √: Wurzel aus
        π: Pi
        →, ->, ⇒, =>: nach
        ²: Quadrat
        ³: hoch drei
        ½: ein halb
        ¼: ein Viertel
        ¾: drei Viertel
        §: Paragraf
        ‰: Promille
    """)
    cardinals = {
        "m": "spellout-cardinal-masculine",
        "n": "spellout-cardinal-neuter",
        "f": "spellout-cardinal-feminine",
    }

    def gender_after(self, text: str) -> str:
        """By the ending of the noun that follows."""
        noun = re.match(r"\s([A-ZÄÖÜ]\w+)", text)
        if noun is None:
            return ""
        return "f" if noun[1].endswith(("e", "ung", "heit", "keit", "ion", "tät")) else "n"

    def place(self, number: int, before: str, after: str) -> str | None:
        """By the article, the preposition and the noun: der dritte, am dritten, ein drittes."""
        form = ending(before, after)
        return f"{_stem(number)}{form}" if form is not None else None

    def year(self, number: int) -> str:
        """By hundreds up to 1999."""
        if 1100 <= number < 2000:
            return spell("de", number, "spellout-numbering-year")
        return self.cardinal(number)

    def with_cents(self, whole: str, cents: int, noun: Noun) -> str:
        """The cents have no name: drei Euro fünfzig."""
        return f"{whole} {self.cardinal(cents)}"

    def time(self, hour: int, minute: int, half: str, *, named: bool) -> str:
        """The minutes after the word."""
        if half == "pm" and hour < 12:
            hour += 12
        said = f"{self.cardinal(hour, 'm')} Uhr"
        return f"{said} {self.cardinal(minute)}" if minute else said

    def date_after(self, before: str, year: int | None, month: int, day: int) -> str:
        """Day first: am dritten, der dritte, alone dritter."""
        said = f"{_stem(day)}{ending(before, '', day=True)} {self.months[month - 1]}"
        return f"{said} {self.year(year)}" if year else said

    def fraction(self, numerator: int, denominator: int) -> str:
        """Halb, Drittel, Viertel."""
        if denominator == 2:
            return "ein halb" if numerator == 1 else f"{self.cardinal(numerator)} halbe"
        if numerator == denominator:
            return f"{self.cardinal(numerator)} von {self.cardinal(denominator)}"
        return f"{self.cardinal(numerator, 'n')} {_stem(denominator).capitalize()}el"

    def roman(self, number: int, before: str) -> str:
        """Der Zweite Weltkrieg has none; Ludwig XIV. does."""
        return self.cardinal(number)


def _stem(number: int) -> str:
    """An ordinal without its ending: dritt."""
    return spell("de", number, "spellout-ordinal").removesuffix("e")
