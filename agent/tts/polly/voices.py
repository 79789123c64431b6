"""Polly's languages, and a voice for each.

Source: https://docs.aws.amazon.com/polly/latest/dg/available-voices.html; what a region has is
asked of Polly itself when `rejoinder check` is refused.
"""

from collections.abc import Mapping

_VOICES: Mapping[str, str] = {
    "ar-AE": "Hala",
    "arb": "Zeina",
    "ca-ES": "Arlet",
    "cmn-CN": "Zhiyu",
    "cs-CZ": "Jitka",
    "cy-GB": "Gwyneth",
    "da-DK": "Sofie",
    "de-AT": "Hannah",
    "de-CH": "Sabrina",
    "de-DE": "Vicki",
    "en-AU": "Olivia",
    "en-GB": "Amy",
    "en-GB-WLS": "Geraint",
    "en-IE": "Niamh",
    "en-IN": "Kajal",
    "en-NZ": "Aria",
    "en-SG": "Jasmine",
    "en-US": "Matthew",
    "en-ZA": "Ayanda",
    "es-ES": "Lucia",
    "es-MX": "Mia",
    "es-US": "Lupe",
    "fi-FI": "Suvi",
    "fr-BE": "Isabelle",
    "fr-CA": "Gabrielle",
    "fr-FR": "Lea",
    "hi-IN": "Kajal",
    "is-IS": "Dora",
    "it-IT": "Bianca",
    "ja-JP": "Takumi",
    "ko-KR": "Seoyeon",
    "nb-NO": "Ida",
    "nl-BE": "Lisa",
    "nl-NL": "Laura",
    "pl-PL": "Ola",
    "pt-BR": "Camila",
    "pt-PT": "Ines",
    "ro-RO": "Carmen",
    "ru-RU": "Tatyana",
    "sv-SE": "Elin",
    "tr-TR": "Burcu",
    "yue-CN": "Hiujin",
}
_USUAL: Mapping[str, str] = {
    "ar": "arb",
    "ca": "ca-ES",
    "cs": "cs-CZ",
    "cy": "cy-GB",
    "da": "da-DK",
    "en": "en-US",
    "es": "es-ES",
    "fr": "fr-FR",
    "hi": "hi-IN",
    "ja": "ja-JP",
    "ko": "ko-KR",
    "nb": "nb-NO",
    "nn": "nb-NO",
    "no": "nb-NO",
    "pt": "pt-BR",
    "sv": "sv-SE",
    "yue": "yue-CN",
    "zh": "cmn-CN",
    "cmn": "cmn-CN",
}
"""Where a language has several regions, or one that is not named like it."""
_CANTONESE = ("zh-hk", "zh-mo", "zh-yue", "zh-hant-hk")
_LONG_FORM: Mapping[str, str] = {"en-US": "Ruth", "es-ES": "Raul"}
"""The engine `long-form` has voices of its own."""


class UnknownLanguage(ValueError):
    """Polly does not speak it; the message names what it speaks."""


def language_of(tag: str) -> str:
    """Polly's code of a BCP-47 tag: `cmn-CN` for `zh` or `zh-Hans-CN`.

    Raises:
        UnknownLanguage: Polly does not speak it.
    """
    if tag.lower().startswith(_CANTONESE):
        return "yue-CN"
    parts = tag.split("-")
    first, region = parts[0].lower(), parts[-1].upper() if len(parts) > 1 else ""
    for code in _VOICES:
        if code.lower() == tag.lower() or (region and code == f"{first}-{region}"):
            return code
    usual = _USUAL.get(first) or f"{first}-{first.upper()}"
    if usual not in _VOICES:
        known = ", ".join(sorted({code.partition("-")[0] for code in _VOICES}))
        raise UnknownLanguage(f"is not spoken by Polly, which speaks {known}")
    return usual


def voice_for(tag: str, engine: str) -> str:
    """A voice that speaks a language; whether it does so with this engine, the region decides.

    Raises:
        UnknownLanguage: Polly does not speak it.
    """
    code = language_of(tag)
    return (_LONG_FORM.get(code) if engine == "long-form" else None) or _VOICES[code]
