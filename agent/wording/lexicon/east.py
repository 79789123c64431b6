"""Japanese and Korean: their voices know best how a number is read with what is counted.

Figures stay; what is written beside them in signs is written out, in its place.
"""

from agent.wording.annotation import Kind
from agent.wording.lexicon.language import Language, Noun, nouns, words
from agent.wording.numerals import Numeral, parse


class _Figures(Language):
    decimal = "."
    join = ""
    hour: str
    minute: str

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


class Japanese(_Figures):
    """Japanese."""

    code = "ja"
    point, minus, to, number_sign, dot, at = "点", "マイナス", "から", "", "ドット", "アットマーク"
    percent, about, over, link = "パーセント", "約", "分の", "リンク"
    per, versus = "毎", "対"
    hour, minute, morning, afternoon = "時", "分", "午前", "午後"
    notices = {
        Kind.CODE: "コードは画面にあります。",
        Kind.TABLE: "表は画面にあります。",
        Kind.FORMULA: "数式は画面にあります。",
        Kind.MATH: "数式",
    }
    currencies = nouns("""
        USD: ドル
        EUR: ユーロ
        GBP: ポンド
        JPY: 円
        CNY: 元
        CHF: スイスフラン
        INR: ルピー
        KRW: ウォン
        RUB: ルーブル
        BRL: レアル
        BTC: ビットコイン
    """)
    cents = nouns("""
        USD, EUR: セント
        GBP: ペンス
    """)
    units = nouns("""
        °C, ℃: 度
        °F, ℉: 華氏度
        °: 度
        km/h: キロメートル毎時
        km: キロメートル
        m: メートル
        cm: センチメートル
        mm: ミリメートル
        km², km2: 平方キロメートル
        m², m2, ㎡: 平方メートル
        kg: キログラム
        g: グラム
        mg: ミリグラム
        t: トン
        l, L: リットル
        ml, mL: ミリリットル
        KB, kB: キロバイト
        MB: メガバイト
        GB: ギガバイト
        TB: テラバイト
        Hz: ヘルツ
        MHz: メガヘルツ
        GHz: ギガヘルツ
        W: ワット
        kW: キロワット
        kWh: キロワット時
        V: ボルト
        h: 時間
        min: 分
        s: 秒
        ms: ミリ秒
        kcal: キロカロリー
    """)
    scales = words("""
        k, K, 千: 千
        万: 万
        M, million: 百万
        億: 億
        B, billion: 十億
    """)
    months = tuple(f"{month}月" for month in range(1, 13))
    abbreviations = words("""
        24/7: 24時間年中無休
        vs., vs: 対
        e.g.: 例えば
        No.: ナンバー
    """)
    signs = words("""
        &: アンド
        @: アットマーク
        +: 足す
        −: 引く
        ×, ✕, *: 掛ける
        ÷: 割る
        =, ==: イコール
        ±: プラスマイナス
        ≈: 約
        <: 小なり
        >: 大なり
        ≤: 以下
        ≥: 以上
        √: ルート
        π: パイ
        →, ->, ⇒, =>: から
        ²: の二乗
        ³: の三乗
        ½: 2分の1
        ¼: 4分の1
        ¾: 4分の3
    """)

    def date(self, year: int | None, month: int, day: int) -> str:
        """2025年3月4日."""
        return f"{f'{year}年' if year else ''}{month}月{day}日"

    def fraction(self, numerator: int, denominator: int) -> str:
        """4分の3."""
        return f"{denominator}{self.over}{numerator}"


class Korean(_Figures):
    """Korean."""

    code = "ko"
    point, minus, to, number_sign, dot, at = "점", "마이너스 ", "에서 ", "", " 닷 ", " 골뱅이 "
    percent, about, over, link = "퍼센트", "약 ", "분의 ", "링크"
    per, versus = "당 ", " 대 "
    hour, minute, morning, afternoon = "시 ", "분", "오전 ", "오후 "
    notices = {
        Kind.CODE: "코드는 화면에 있습니다.",
        Kind.TABLE: "표는 화면에 있습니다.",
        Kind.FORMULA: "수식은 화면에 있습니다.",
        Kind.MATH: "수식",
    }
    currencies = nouns("""
        USD: 달러
        EUR: 유로
        GBP: 파운드
        JPY: 엔
        CNY: 위안
        CHF: 스위스 프랑
        INR: 루피
        KRW: 원
        RUB: 루블
        BRL: 헤알
        BTC: 비트코인
    """)
    cents = nouns("""
        USD, EUR: 센트
        GBP: 펜스
    """)
    units = nouns("""
        °C, ℃: 도
        °: 도
        km/h: 킬로미터
        km: 킬로미터
        m: 미터
        cm: 센티미터
        mm: 밀리미터
        kg: 킬로그램
        g: 그램
        l, L: 리터
        ml, mL: 밀리리터
        MB: 메가바이트
        GB: 기가바이트
        TB: 테라바이트
        kW: 킬로와트
        kWh: 킬로와트시
    """)
    scales = words("""
        만: 만
        억: 억
    """)
    months = tuple(f"{month}월" for month in range(1, 13))
    abbreviations = words("""
        vs., vs: 대
    """)
    signs = words("""
        &: 앤드
        @: 골뱅이
        +: 더하기
        −: 빼기
        ×, ✕, *: 곱하기
        ÷: 나누기
        =, ==: 는
        ±: 플러스마이너스
        ≈: 약
        →, ->, ⇒, =>: 에서
        ²: 제곱
    """)

    def time(self, hour: int, minute: int, half: str, *, named: bool) -> str:
        """Hour and minutes."""
        return super().time(hour, minute, half, named=named).rstrip()

    def date(self, year: int | None, month: int, day: int) -> str:
        """2025년 3월 4일."""
        return f"{f'{year}년 ' if year else ''}{month}월 {day}일"

    def fraction(self, numerator: int, denominator: int) -> str:
        """4분의 3."""
        return f"{denominator}{self.over}{numerator}"
