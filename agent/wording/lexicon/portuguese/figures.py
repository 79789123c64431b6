"""Portuguese."""

from agent.wording.annotation import Kind
from agent.wording.lexicon.language import Noun, nouns, words
from agent.wording.lexicon.romance import Romance


class Portuguese(Romance):
    """As in Brazil and Portugal."""

    code = "pt"
    articles = frozenset({"o", "os", "a", "as"})
    century = "século"
    hours = r"(?P<h>[01]?\d|2[0-4])\s?h(?:\s?(?P<m>[0-5]\d))?(?!\w)"
    point, minus, to, number_sign, dot, at = "vírgula", "menos", "a", "número", "ponto", "arroba"
    percent, about, over, link = "por cento", "cerca de", "sobre", "um link"
    per = "por"
    of, thousand, out_of = " de ", "mil", "de"
    between_hours = "e"
    halves = {"am": "da manhã", "pm": "da tarde"}
    notices = {
        Kind.CODE: "O código está na página.",
        Kind.TABLE: "A tabela está na página.",
        Kind.FORMULA: "A fórmula está na página.",
        Kind.MATH: "uma fórmula",
    }
    currencies = nouns("""
        USD: dólar, dólares
        EUR: euro, euros
        GBP: f/libra, libras
        JPY: iene, ienes
        CNY: iuan, iuanes
        CHF: franco suíço, francos suíços
        INR: f/rupia, rupias
        KRW: won, wons
        RUB: rublo, rublos
        BRL: real, reais
        BTC: bitcoin, bitcoins
    """)
    cents = nouns("""
        USD, BRL: centavo, centavos
        EUR: cêntimo, cêntimos
        GBP: pêni, pence
    """)
    units = nouns("""
        °C, ℃: grau Celsius, graus Celsius
        °F, ℉: grau Fahrenheit, graus Fahrenheit
        °: grau, graus
        km/h: quilômetro por hora, quilômetros por hora
        m/s: metro por segundo, metros por segundo
        km: quilômetro, quilômetros
        m: metro, metros
        cm: centímetro, centímetros
        mm: milímetro, milímetros
        km², km2: quilômetro quadrado, quilômetros quadrados
        m², m2: metro quadrado, metros quadrados
        m³, m3: metro cúbico, metros cúbicos
        kg: quilo, quilos
        g: grama, gramas
        mg: miligrama, miligramas
        l, L: litro, litros
        ml, mL: mililitro, mililitros
        KB, kB: kilobyte, kilobytes
        MB: megabyte, megabytes
        GB: gigabyte, gigabytes
        TB: terabyte, terabytes
        Hz: hertz
        MHz: mega-hertz
        GHz: giga-hertz
        W: watt, watts
        kW: quilowatt, quilowatts
        kWh: quilowatt-hora, quilowatts-hora
        min: minuto, minutos
        ms: milissegundo, milissegundos
        s, seg: segundo, segundos
        h: f/hora, horas
        kcal: f/quilocaloria, quilocalorias
    """)
    scales = words("""
        mil, k, K: mil
        mi, M, milhão, milhões: milhões
        bi, bilhão, bilhões: bilhões
    """)
    months = ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto",
              "setembro", "outubro", "novembro", "dezembro")  # fmt: skip
    titles = frozenset({"Dr.", "Sr."})
    abbreviations = words("""
        p. ex., p.ex.: por exemplo
        etc.: et cetera
        Sr.: senhor
        Sra.: senhora
        Dr.: doutor
        Dra.: doutora
        aprox.: aproximadamente
        24/7: vinte e quatro por sete
    """)
    signs = words("""
        &: e
        @: arroba
        +: mais
        −: menos
        ×, ✕, *: vezes
        ÷: dividido por
        =, ==: igual a
        ±: mais ou menos
        ≈: aproximadamente
        <: menor que
        >: maior que
        ≤: no máximo
        ≥: no mínimo
        ∞: infinito
        √: raiz quadrada de
        π: pi
        →, ->, ⇒, =>: para
        ²: ao quadrado
        ³: ao cubo
        ½: meio
        ¼: um quarto
        ¾: três quartos
        ‰: por mil
    """)
    parts = {2: Noun("meio", "meios"), 3: Noun("terço", "terços"), 4: Noun("quarto", "quartos")}

    def with_cents(self, whole: str, cents: int, noun: Noun) -> str:
        """Reais e centavos."""
        return f"{whole} e {self.counted([str(cents)], noun)}"

    def full_hour(self, said: str, hour: int) -> str:
        """Oito horas."""
        return f"{said} {'hora' if hour == 1 else 'horas'}"
