"""Chinese as it is spoken in the north: Putonghua."""

import re

from agent.wording.annotation import Kind
from agent.wording.lexicon.language import Language, Noun, nouns, words
from agent.wording.numerals import Numeral, spell

_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


class Chinese(Language):
    """Without spaces; the greater unit comes first."""

    code = "zh"
    yen, year_sign = "CNY", "年"
    names_fractions = True
    decimal = "."
    join = ""
    point, minus, to, number_sign, dot, at = "点", "负", "到", "第", "点", "艾特"
    percent, about, over, link = "百分之", "大约", "分之", "一个链接"
    per, versus = "每", "比"
    notices = {
        Kind.CODE: "代码在页面上。",
        Kind.TABLE: "表格在页面上。",
        Kind.FORMULA: "公式在页面上。",
        Kind.MATH: "一个公式",
    }
    currencies = nouns("""
        USD: 美元
        EUR: 欧元
        GBP: 英镑
        JPY: 日元
        CNY: 元
        CHF: 瑞士法郎
        INR: 卢比
        KRW: 韩元
        RUB: 卢布
        BRL: 雷亚尔
        BTC: 比特币
    """)
    units = nouns("""
        °C, ℃: 摄氏度
        °F, ℉: 华氏度
        °: 度
        km/h: 公里每小时
        m/s: 米每秒
        km: 公里
        m: 米
        cm: 厘米
        mm: 毫米
        km², km2: 平方公里
        m², m2, ㎡: 平方米
        m³, m3: 立方米
        kg: 公斤
        g: 克
        mg: 毫克
        t: 吨
        l, L: 升
        ml, mL: 毫升
        KB, kB: K B
        MB: 兆
        GB: G B
        TB: T B
        Hz: 赫兹
        kHz: 千赫
        MHz: 兆赫
        GHz: 吉赫
        W: 瓦
        kW: 千瓦
        kWh: 千瓦时
        V: 伏
        mAh: 毫安时
        h: 小时
        min: 分钟
        s: 秒
        ms: 毫秒
        kcal: 千卡
        dB: 分贝
    """)
    scales = words("""
        k, K, 千: 千
        万, w: 万
        M, million: 百万
        亿: 亿
        万亿: 万亿
        B, billion: 十亿
    """)
    months = ("一月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月",
              "十一月", "十二月")  # fmt: skip
    abbreviations = words("""
        24/7: 全天候
        vs., vs: 对
        e.g.: 例如
        etc.: 等等
    """)
    signs = words("""
        &: 和
        @: 艾特
        +: 加
        −: 减
        ×, ✕, *: 乘
        ÷: 除以
        =, ==: 等于
        ±: 正负
        ≈: 约等于
        ≠: 不等于
        <: 小于
        >: 大于
        ≤: 小于等于
        ≥: 大于等于
        ∞: 无穷大
        √: 根号
        π: 派
        →, ->, ⇒, =>: 到
        ²: 的平方
        ³: 的立方
        ½: 二分之一
        ¼: 四分之一
        ¾: 四分之三
        ‰: 千分之
    """)
    counters = re.compile(
        "个(?!月份)|只|次|种|位|块|件|条|张|本|天|周|年(?!级)|小时|分钟|秒|倍|人|家|台|辆|杯|瓶|岁|"
        "万|亿|公里|公斤|米|元|美元|欧元|项|层|间|套|份|点"
    )
    """What is counted with 两 rather than 二."""

    def between_figures(self, count: int) -> str:
        """As in a fraction."""
        return self.point

    def cardinal(self, number: int, gender: str = "") -> str:
        """A whole number; before what is counted (`gender` "c") two is 两."""
        if number == 2 and gender == "c":
            return "两"
        rules = "spellout-cardinal-alternate2" if number >= 1000 else "spellout-cardinal"
        said = spell("zh", number, rules).replace("〇", "零")
        return said[1:] if said.startswith("一十") and number < 20 else said

    def gender_after(self, text: str) -> str:
        """Whether a measure word follows."""
        return "c" if self.counters.match(text) else ""

    def ordinal(self, number: int, gender: str = "m") -> str:
        """第三."""
        return f"第{self.cardinal(number)}"

    def year(self, number: int) -> str:
        """Digit by digit."""
        return self.digits(str(number))

    def digits(self, figures: str) -> str:
        """One after the other."""
        return figures.translate(_DIGITS)

    def counted(self, amounts: list[str], noun: Noun, *, negative: bool = False) -> str:
        """Below zero is 零下 for temperatures."""
        said = super().counted(amounts, Noun(noun.one, noun.many, "c"))
        if not negative:
            return said
        return f"零下{said}" if "度" in noun.one else f"{self.minus}{said}"

    def is_singular(self, numeral: Numeral) -> bool:
        """There is one form."""
        return True

    def percentage(self, amounts: list[str], *, negative: bool) -> str:
        """百分之五十."""
        said = self.to.join(f"{self.percent}{self.number(amount)}" for amount in amounts)
        said = said.replace("百分之一百", "百分之百") if said.endswith("一百") else said
        return f"{self.minus}{said}" if negative else said

    def money(self, amounts: list[str], currency: str, scale: str) -> str:
        """A decimal number of the currency."""
        noun = self.currencies[currency]
        said = [self.number(amount.removesuffix(".00"), "c") for amount in amounts]
        return self.to.join(said) + scale + noun.one

    def time(self, hour: int, minute: int, half: str, *, named: bool) -> str:
        """十点三十分."""
        said = "上午" if half == "am" else "下午" if half == "pm" else ""
        said += f"{self.cardinal(hour, 'c')}点"
        if not minute:
            return said
        return f"{said}{'零' if minute < 10 else ''}{self.cardinal(minute)}分"

    def date(self, year: int | None, month: int, day: int) -> str:
        """二零二五年三月四日."""
        said = f"{self.months[month - 1]}{self.cardinal(day)}日"
        return f"{self.year(year)}年{said}" if year else said

    def fraction(self, numerator: int, denominator: int) -> str:
        """四分之三."""
        return f"{self.cardinal(denominator)}{self.over}{self.cardinal(numerator)}"
