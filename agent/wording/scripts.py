"""Scripts that are told apart by their letters: ranges, as they stand within `[]` of a pattern."""

import re
from collections.abc import Iterable

KANA = "\u3040-\u30ff"
"""Hiragana and katakana, with their marks: Japanese alone."""
HAN = "\u3400-\u4dbf\u4e00-\u9fff"
"""Chinese characters, of Japanese too."""
HANGUL = "\uac00-\ud7af"
"""Syllables of Korean."""
KATAKANA = "\u30a0-\u30ff"
"""Words taken from other languages."""
CYRILLIC = "\u0400-\u04ff"
CJK = KANA + HAN + HANGUL
"""Scripts that are read character by character here."""

_CJK = re.compile(f"[{CJK}]")
_KANA = re.compile(f"[{KANA}]")
_HANGUL = re.compile(f"[{HANGUL}]")
_KATAKANA = re.compile(f"[{KATAKANA}]")


def is_cjk(text: str) -> bool:
    """Whether a text begins with such a character."""
    return _CJK.match(text) is not None


def is_kana(text: str) -> bool:
    """Whether a text begins with Japanese that cannot be Chinese."""
    return _KANA.match(text) is not None


def is_hangul(text: str) -> bool:
    """Whether a text begins with Korean, which has spaces between words."""
    return _HANGUL.match(text) is not None


def is_katakana(text: str) -> bool:
    """Whether a text begins with katakana."""
    return _KATAKANA.match(text) is not None


def joined(texts: Iterable[str]) -> str:
    """Texts after each other: with a space between them, but not between Chinese characters."""
    whole = ""
    for text in filter(None, texts):
        close = whole and (_is_unspaced(whole[-1]) and _is_unspaced(text[0]))
        whole += text if close or not whole else f" {text}"
    return whole


def _is_unspaced(letter: str) -> bool:
    """Whether a letter is of a script that leaves no space between words."""
    return "\u2e80" <= letter <= "\ua4cf" or "\uff00" <= letter <= "\uffef"
