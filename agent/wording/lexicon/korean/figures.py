"""Korean figures."""

from agent.wording.annotation import Kind
from agent.wording.lexicon.east import InFigures
from agent.wording.lexicon.language import nouns, words


class Korean(InFigures):
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
