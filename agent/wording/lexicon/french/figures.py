"""French."""

# ruff: noqa: SIM905

from collections.abc import Mapping
from typing import ClassVar

from agent.wording.annotation import Kind
from agent.wording.lexicon.language import Noun, nouns, words
from agent.wording.lexicon.romance import Romance
from agent.wording.numerals import Numeral

_FRENCH_FEMININE = frozenset(
    """
    heure minute seconde personne fois semaine année journée question page voiture chose place
    livre tonne demi-heure nuit réponse étape
    """.split()
)


class French(Romance):
    """As in France."""

    code = "fr"
    ordinal_ends = r"(ers?|re|ère|nde|nd|ème|eme|es?)\b"
    feminine_ends = frozenset({"re", "ère", "nde"})
    roman_ends = "er|re|ère|ème|e"
    articles = frozenset({"le", "la", "les", "un", "une"})
    century = "siècle"
    hours = r"(?P<h>[01]?\d|2[0-4])\s?h(?:\s?(?P<m>[0-5]\d))?(?!\w)"
    point, minus, to, number_sign, dot, at = "virgule", "moins", "à", "numéro", "point", "arobase"
    percent, about, over, link = "pour cent", "environ", "sur", "un lien"
    per = "par"
    of, thousand, out_of = " d'", "mille", "sur"
    between_hours = "heures"
    halves: ClassVar[Mapping[str, str]] = {"am": "du matin", "pm": "du soir"}
    notices = {
        Kind.CODE: "Le code est sur la page.",
        Kind.TABLE: "Le tableau est sur la page.",
        Kind.FORMULA: "La formule est sur la page.",
        Kind.MATH: "une formule",
    }
    currencies = nouns("""
        USD: dollar, dollars
        EUR: euro, euros
        GBP: f/livre, livres
        JPY: yen, yens
        CNY: yuan, yuans
        CHF: franc suisse, francs suisses
        INR: f/roupie, roupies
        KRW: won, wons
        RUB: rouble, roubles
        BRL: real, réaux
        BTC: bitcoin, bitcoins
    """)
    cents = nouns("""
        USD: cent, cents
        EUR: centime, centimes
        GBP: penny, pence
    """)
    units = nouns("""
        °C, ℃: degré Celsius, degrés Celsius
        °F, ℉: degré Fahrenheit, degrés Fahrenheit
        °: degré, degrés
        km/h: kilomètre heure, kilomètres heure
        m/s: mètre par seconde, mètres par seconde
        km: kilomètre, kilomètres
        m: mètre, mètres
        cm: centimètre, centimètres
        mm: millimètre, millimètres
        km², km2: kilomètre carré, kilomètres carrés
        m², m2: mètre carré, mètres carrés
        m³, m3: mètre cube, mètres cubes
        kg: kilo, kilos
        g: gramme, grammes
        mg: milligramme, milligrammes
        l, L: litre, litres
        ml, mL: millilitre, millilitres
        Ko, ko, KB: kilooctet, kilooctets
        Mo, MB: mégaoctet, mégaoctets
        Go, GB: gigaoctet, gigaoctets
        To, TB: téraoctet, téraoctets
        Hz: hertz
        MHz: mégahertz
        GHz: gigahertz
        W: watt, watts
        kW: kilowatt, kilowatts
        kWh: kilowattheure, kilowattheures
        h: f/heure, heures
        min, mn: f/minute, minutes
        ms: f/milliseconde, millisecondes
        s, sec: f/seconde, secondes
        kcal: f/kilocalorie, kilocalories
    """)
    scales = words("""
        k, K, mille: mille
        M, million, millions: millions
        Md, Mds, milliard, milliards: milliards
    """)
    months = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
              "octobre", "novembre", "décembre")  # fmt: skip
    titles = frozenset({"Dr", "M.", "Mlle", "Mme"})
    abbreviations = words("""
        p. ex., p.ex.: par exemple
        etc.: et cetera
        c.-à-d.: c'est-à-dire
        M.: monsieur
        Mme: madame
        Mlle: mademoiselle
        Dr: docteur
        env.: environ
        24/7: vingt-quatre heures sur vingt-quatre
        7j/7: sept jours sur sept
    """)
    signs = words("""
        &: et
        @: arobase
        +: plus
        −: moins
        ×, ✕, *: fois
        ÷: divisé par
        =, ==: égale
        ±: plus ou moins
        ≈: environ
        <: inférieur à
        >: supérieur à
        ≤: au plus
        ≥: au moins
        ∞: l'infini
        √: racine carrée de
        π: pi
        →, ->, ⇒, =>: vers
        ²: au carré
        ³: au cube
        ½: un demi
        ¼: un quart
        ¾: trois quarts
        ‰: pour mille
    """)
    parts = {2: Noun("demi", "demis"), 3: Noun("tiers", "tiers"), 4: Noun("quart", "quarts")}

    def is_feminine(self, noun: str) -> bool:
        """Endings do not tell: the commonest nouns."""
        return noun.removesuffix("s") in _FRENCH_FEMININE

    def is_singular(self, numeral: Numeral) -> bool:
        """Below two."""
        return numeral.value < 2

    def scaled(self, said: str, scale: str, noun: Noun) -> str:
        """Millions d'euros, millions de dollars."""
        of = " " if scale == self.thousand else " d'" if noun.many[0] in "aeiou" else " de "
        return f"{said} {scale}{of}{noun.many}"

    def with_cents(self, whole: str, cents: int, noun: Noun) -> str:
        """The cents have no name: trois euros cinquante."""
        return f"{whole} {self.cardinal(cents)}"

    def joined_date(self, day: str, month: str) -> str:
        """Without a preposition."""
        return f"{day} {month}"

    def with_year(self, said: str, year: int) -> str:
        """Without a preposition."""
        return f"{said} {self.year(year)}"

    def time(self, hour: int, minute: int, half: str, *, named: bool) -> str:
        """Huit heures trente."""
        said = f"{self.cardinal(hour, 'f')} {'heure' if hour < 2 else 'heures'}"
        if minute:
            said = f"{said} {self.cardinal(minute)}"
        return f"{said} {self.halves[half]}" if half else said
