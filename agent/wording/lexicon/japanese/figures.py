"""Japanese figures."""

from agent.wording.annotation import Kind
from agent.wording.lexicon.east import InFigures
from agent.wording.lexicon.language import nouns, words


class Japanese(InFigures):
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
