"""Spanish."""

from agent.wording.annotation import Kind
from agent.wording.lexicon.language import Noun, nouns, words
from agent.wording.lexicon.romance import Romance


class Spanish(Romance):
    """As in most of America and Spain."""

    code = "es"
    articles = frozenset({"el", "la", "los", "las"})
    century = "siglo"
    point, minus, to, number_sign, dot, at = "coma", "menos", "a", "número", "punto", "arroba"
    percent, about, over, link = "por ciento", "unos", "sobre", "un enlace"
    per = "por"
    of, thousand, out_of = " de ", "mil", "de"
    between_hours = "y"
    halves = {"am": "de la mañana", "pm": "de la tarde"}
    notices = {
        Kind.CODE: "El código está en la página.",
        Kind.TABLE: "La tabla está en la página.",
        Kind.FORMULA: "La fórmula está en la página.",
        Kind.MATH: "una fórmula",
    }
    currencies = nouns("""
        USD: dólar, dólares
        EUR: euro, euros
        GBP: f/libra, libras
        JPY: yen, yenes
        CNY: yuan, yuanes
        CHF: franco suizo, francos suizos
        INR: f/rupia, rupias
        KRW: won, wones
        RUB: rublo, rublos
        BRL: real, reales
        BTC: bitcoin, bitcoins
    """)
    cents = nouns("""
        USD: centavo, centavos
        EUR: céntimo, céntimos
        GBP: penique, peniques
    """)
    units = nouns("""
        °C, ℃: grado Celsius, grados Celsius
        °F, ℉: grado Fahrenheit, grados Fahrenheit
        °: grado, grados
        km/h: kilómetro por hora, kilómetros por hora
        m/s: metro por segundo, metros por segundo
        km: kilómetro, kilómetros
        m: metro, metros
        cm: centímetro, centímetros
        mm: milímetro, milímetros
        km², km2: kilómetro cuadrado, kilómetros cuadrados
        m², m2: metro cuadrado, metros cuadrados
        m³, m3: metro cúbico, metros cúbicos
        kg: kilo, kilos
        g: gramo, gramos
        mg: miligramo, miligramos
        l, L: litro, litros
        ml, mL: mililitro, mililitros
        KB, kB: kilobyte, kilobytes
        MB: megabyte, megabytes
        GB: gigabyte, gigabytes
        TB: terabyte, terabytes
        Hz: hercio, hercios
        MHz: megahercio, megahercios
        GHz: gigahercio, gigahercios
        W: vatio, vatios
        kW: kilovatio, kilovatios
        kWh: kilovatio hora, kilovatios hora
        min: minuto, minutos
        ms: milisegundo, milisegundos
        s, seg: segundo, segundos
        h: f/hora, horas
        kcal: f/kilocaloría, kilocalorías
    """)
    scales = words("""
        mil, k, K: mil
        M, millón, millones: millones
        mil millones: mil millones
    """)
    months = ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
              "septiembre", "octubre", "noviembre", "diciembre")  # fmt: skip
    titles = frozenset({"Dr.", "Sr."})
    abbreviations = words("""
        p. ej., p.ej., p. e.: por ejemplo
        etc.: etcétera
        Sr.: señor
        Sra.: señora
        Dr.: doctor
        Dra.: doctora
        Ud.: usted
        Uds.: ustedes
        aprox.: aproximadamente
        EE. UU., EE.UU.: Estados Unidos
        24/7: veinticuatro siete
    """)
    signs = words("""
        &: y
        @: arroba
        +: más
        −: menos
        ×, ✕, *: por
        ÷: entre
        =, ==: igual a
        ±: más menos
        ≈: aproximadamente
        <: menor que
        >: mayor que
        ≤: como máximo
        ≥: como mínimo
        ∞: infinito
        √: raíz cuadrada de
        π: pi
        →, ->, ⇒, =>: a
        ²: al cuadrado
        ³: al cubo
        ½: medio
        ¼: un cuarto
        ¾: tres cuartos
        ‰: por mil
    """)
    parts = {2: Noun("medio", "medios"), 3: Noun("tercio", "tercios"), 4: Noun("cuarto", "cuartos")}

    def with_cents(self, whole: str, cents: int, noun: Noun) -> str:
        """Euros con céntimos."""
        return f"{whole} con {self.cardinal(cents)}"

    def full_hour(self, said: str, hour: int) -> str:
        """The ocho en punto."""
        return f"{said} en punto"
