"""What Amazon Transcribe calls the languages that it hears while they are spoken.

Source: https://docs.aws.amazon.com/transcribe/latest/dg/supported-languages.html
"""

from collections.abc import Mapping

_LETTERS: Mapping[str, str] = {"cmn": "zh", "fil": "tl", "nb": "no", "nn": "no"}
_PLACES: Mapping[str, str] = {
    "af": "ZA",
    "ar": "SA",
    "ca": "ES",
    "cs": "CZ",
    "da": "DK",
    "el": "GR",
    "en": "US",
    "es": "US",
    "eu": "ES",
    "fa": "IR",
    "gl": "ES",
    "he": "IL",
    "hi": "IN",
    "ja": "JP",
    "ko": "KR",
    "ms": "MY",
    "pt": "BR",
    "sr": "RS",
    "sv": "SE",
    "tl": "PH",
    "uk": "UA",
    "vi": "VN",
    "zh": "CN",
    "zu": "ZA",
}
"""Where a language is heard as it is spoken there, if no place is named: it is not the language's
own letters once more."""


def code_of(language: str) -> str:
    """Transcribe's code, `de-DE` for `de`, by a language's BCP-47 tag."""
    first, *others = language.split("-")
    first = first.lower()
    if first == "yue":
        return "zh-HK"
    letters = _LETTERS.get(first, first)
    named = next((part.upper() for part in others if len(part) == 2), "")
    return f"{letters}-{named or _PLACES.get(letters, letters.upper())}"
