"""Russian: what is written in signs is written out; the voice declines the numbers."""

from agent.wording.annotation import Kind
from agent.wording.lexicon.language import Language, Noun, nouns, words
from agent.wording.numerals import Numeral

_FEW = (2, 3, 4)


class Russian(Language):
    """Nouns have three forms: `many` of a noun has the second and the third, parted by a stroke."""

    code = "ru"
    point, minus, to, number_sign, dot, at = "и", "минус", "до", "номер", "точка", "собака"
    percent, about, over, link = "процент", "около", "на", "ссылка"
    per = "в"
    notices = {
        Kind.CODE: "Код на странице.",
        Kind.TABLE: "Таблица на странице.",
        Kind.FORMULA: "Формула на странице.",
        Kind.MATH: "формула",
    }
    currencies = nouns("""
        USD: доллар, доллара|долларов
        EUR: евро
        GBP: фунт, фунта|фунтов
        JPY: иена, иены|иен
        CNY: юань, юаня|юаней
        CHF: франк, франка|франков
        INR: рупия, рупии|рупий
        KRW: вона, воны|вон
        RUB: рубль, рубля|рублей
        BRL: реал, реала|реалов
        BTC: биткойн, биткойна|биткойнов
    """)
    cents = nouns("""
        USD, EUR: цент, цента|центов
        RUB: копейка, копейки|копеек
    """)
    units = nouns("""
        °C, ℃: градус, градуса|градусов
        °: градус, градуса|градусов
        км/ч: километр в час, километра в час|километров в час
        км: километр, километра|километров
        м: метр, метра|метров
        см: сантиметр, сантиметра|сантиметров
        кг: килограмм, килограмма|килограммов
        г: грамм, грамма|граммов
        л: литр, литра|литров
        ГБ: гигабайт, гигабайта|гигабайт
        МБ: мегабайт, мегабайта|мегабайт
        мин: минута, минуты|минут
    """)
    scales = words("""
        тыс.: тысяч
        млн: миллионов
        млрд: миллиардов
    """)
    months = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября",
              "октября", "ноября", "декабря")  # fmt: skip
    abbreviations = words("""
        т.е., т. е.: то есть
        т.д., т. д.: так далее
        т.п., т. п.: тому подобное
        напр.: например
        24/7: круглосуточно
    """)
    signs = words("""
        &: и
        @: собака
        +: плюс
        −: минус
        ×, ✕, *: умножить на
        ÷: разделить на
        =, ==: равно
        ±: плюс-минус
        ≈: примерно
        <: меньше
        >: больше
        →, ->, ⇒, =>: в
        №: номер
    """)

    def cardinal(self, number: int, gender: str = "") -> str:
        """In figures."""
        return str(number)

    def ordinal(self, number: int, gender: str = "m") -> str:
        """In figures."""
        return str(number)

    def numeral(self, numeral: Numeral, gender: str = "") -> str:
        """In figures without marks of groups."""
        return f"{numeral.whole},{numeral.fraction}" if numeral.fraction else numeral.whole

    def counted(self, amounts: list[str], noun: Noun, *, negative: bool = False) -> str:
        """The noun in the form that its number asks for."""
        said = super().counted(amounts, Noun("\0", "\0", noun.gender), negative=negative)
        last = amounts[-1].replace(" ", "")
        few, _, many = noun.many.partition("|")
        form = many or few
        if not last.isdigit():
            form = few
        elif int(last) % 100 not in (11, 12, 13, 14):
            form = noun.one if int(last) % 10 == 1 else few if int(last) % 10 in _FEW else form
        return said.replace("\0", form)

    def percentage(self, amounts: list[str], *, negative: bool) -> str:
        """Процент, процента, процентов."""
        return self.counted(amounts, Noun("процент", "процента|процентов"), negative=negative)

    def scaled(self, said: str, scale: str, noun: Noun) -> str:
        """Millions of a currency."""
        return f"{said} {scale} {noun.many.rpartition('|')[2]}"

    def time(self, hour: int, minute: int, half: str, *, named: bool) -> str:
        """Left to the voice."""
        return f"{hour}:{minute:02}"

    def date(self, year: int | None, month: int, day: int) -> str:
        """4 марта 2025 года."""
        return f"{day} {self.months[month - 1]}" + (f" {year} года" if year else "")
