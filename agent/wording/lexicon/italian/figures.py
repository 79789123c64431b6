"""Italian."""

from agent.wording.annotation import Kind
from agent.wording.lexicon.language import Noun, nouns, words
from agent.wording.lexicon.romance import Romance


class Italian(Romance):
    """As in Italy."""

    code = "it"
    articles = frozenset({"il", "lo", "la", "le"})
    century = "secolo"
    point, minus, to, number_sign, dot, at = "virgola", "meno", "a", "numero", "punto", "chiocciola"
    percent, about, over, link = "per cento", "circa", "su", "un link"
    per = "a"
    of, thousand, out_of = " di ", "mila", "su"
    between_hours = "e"
    halves = {"am": "di mattina", "pm": "di sera"}
    notices = {
        Kind.CODE: "Il codice è sulla pagina.",
        Kind.TABLE: "La tabella è sulla pagina.",
        Kind.FORMULA: "La formula è sulla pagina.",
        Kind.MATH: "una formula",
    }
    currencies = nouns("""
        USD: dollaro, dollari
        EUR: euro
        GBP: f/sterlina, sterline
        JPY: yen
        CNY: yuan
        CHF: franco svizzero, franchi svizzeri
        INR: f/rupia, rupie
        KRW: won
        RUB: rublo, rubli
        BRL: real, reais
        BTC: bitcoin
    """)
    cents = nouns("""
        USD, EUR: centesimo, centesimi
        GBP: penny, pence
    """)
    units = nouns("""
        °C, ℃: grado, gradi
        °F, ℉: grado Fahrenheit, gradi Fahrenheit
        °: grado, gradi
        km/h: chilometro orario, chilometri orari
        km: chilometro, chilometri
        m: metro, metri
        cm: centimetro, centimetri
        mm: millimetro, millimetri
        km², km2: chilometro quadrato, chilometri quadrati
        m², m2, mq: metro quadrato, metri quadrati
        kg: chilo, chili
        g: grammo, grammi
        mg: milligrammo, milligrammi
        l, L: litro, litri
        ml, mL: millilitro, millilitri
        KB, kB: kilobyte
        MB: megabyte
        GB: gigabyte
        TB: terabyte
        MHz: megahertz
        GHz: gigahertz
        W: watt
        kW: kilowatt
        kWh: chilowattora
        min: minuto, minuti
        ms: millisecondo, millisecondi
        s, sec: secondo, secondi
        h: f/ora, ore
    """)
    scales = words("""
        mila, k, K: mila
        mln, M, milione, milioni: milioni
        mld, miliardo, miliardi: miliardi
    """)
    months = ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto",
              "settembre", "ottobre", "novembre", "dicembre")  # fmt: skip
    titles = frozenset({"Dott.", "Sig."})
    abbreviations = words("""
        p. es., p.es., ad es.: per esempio
        ecc.: eccetera
        Sig.: signor
        Sig.ra: signora
        Dott.: dottor
        24/7: ventiquattro ore su ventiquattro
    """)
    signs = words("""
        &: e
        @: chiocciola
        +: più
        −: meno
        ×, ✕, *: per
        ÷: diviso
        =, ==: uguale
        ±: più o meno
        ≈: circa
        <: minore di
        >: maggiore di
        ≤: al massimo
        ≥: almeno
        √: radice quadrata di
        π: pi greco
        →, ->, ⇒, =>: a
        ²: al quadrato
        ³: al cubo
        ½: mezzo
        ¼: un quarto
        ¾: tre quarti
        ‰: per mille
    """)
    parts = {2: Noun("mezzo", "mezzi"), 3: Noun("terzo", "terzi"), 4: Noun("quarto", "quarti")}

    def with_cents(self, whole: str, cents: int, noun: Noun) -> str:
        """Euro e cinquanta."""
        return f"{whole} e {self.cardinal(cents)}"

    def joined_date(self, day: str, month: str) -> str:
        """Without a preposition."""
        return f"{day} {month}"

    def with_year(self, said: str, year: int) -> str:
        """Without a preposition."""
        return f"{said} {self.year(year)}"

    def fraction(self, numerator: int, denominator: int) -> str:
        """Mezzo, terzi, quarti."""
        if numerator == denominator or denominator in self.parts:
            return super().fraction(numerator, denominator)
        part = self.ordinal(denominator)
        return self.counted([str(numerator)], Noun(part, part[:-1] + "i"))
