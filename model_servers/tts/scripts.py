"""Which writing a text is in, and which language to read it in when a voice cannot."""

import functools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_LANGUAGE_OF_SCRIPT = {
    "ARABIC": "ar",
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "CJK": "cmn",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "ETHIOPIC": "am",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KANNADA": "kn",
    "KATAKANA": "ja",
    "LATIN": "en",
    "MALAYALAM": "ml",
    "MYANMAR": "my",
    "ORIYA": "or",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
}
"""Scripts that espeak-ng can read, by the first word of their characters' Unicode names."""

_SCRIPTS_OF_LANGUAGE = {
    "zh": {"CJK"},
    "cmn": {"CJK"},
    "yue": {"CJK"},
    "hak": {"CJK"},
    "ja": {"CJK", "HIRAGANA", "KATAKANA"},
    "ko": {"HANGUL", "CJK"},
    **dict.fromkeys(
        ("ba", "be", "bg", "cv", "kk", "ky", "mk", "nog", "ru", "sr", "tt", "uk"), {"CYRILLIC"}
    ),
    **dict.fromkeys(("ar", "fa", "ku", "sd", "ug", "ur"), {"ARABIC"}),
    **dict.fromkeys(("hi", "kok", "mr", "ne"), {"DEVANAGARI"}),
    **dict.fromkeys(("as", "bn", "bpy"), {"BENGALI"}),
    **dict.fromkeys(("am", "ti"), {"ETHIOPIC"}),
    **dict.fromkeys(("el", "grc"), {"GREEK"}),
    **dict.fromkeys(("hy", "hyw"), {"ARMENIAN"}),
    **dict.fromkeys(("my", "shn"), {"MYANMAR"}),
    **{
        language: {script}
        for script, language in _LANGUAGE_OF_SCRIPT.items()
        if language in ("gu", "he", "ka", "kn", "ml", "or", "pa", "si", "ta", "te", "th")
    },
}

_TELLTALES = (
    ("CYRILLIC", "uk", frozenset("іїєґІЇЄҐ")),
    ("ARABIC", "ur", frozenset("ٹڈڑے")),
    ("ARABIC", "fa", frozenset("پچژگ")),
)
"""Letters that only one of a script's larger languages uses."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text to be read by one voice."""

    text: str
    language: str | None
    """Another language than the voice's; None: the voice's own."""


def runs(text: str, voice_language: str, *, context: str) -> Iterator[Run]:
    """Cut a text where its script changes to one that the voice cannot read, and back.

    Latin letters can be read by every voice, as English in the worst case. Digits, signs
    and scripts that nothing here can read stay with what precedes them.

    Args:
        text: what is to be read now.
        voice_language: language tag of the voice, for example `en-US`.
        context: the whole text it belongs to: kana anywhere make Han characters Japanese.
    """
    readable = _SCRIPTS_OF_LANGUAGE.get(voice_language.lower().partition("-")[0], set())
    begin, owner, undecided = 0, None, True
    for position, character in enumerate(text):
        script = _script(character)
        if script not in _LANGUAGE_OF_SCRIPT:
            continue
        own = script == "LATIN" or script in readable
        language = None if own else _language(script, context)
        if not undecided and language != owner:
            yield Run(text[begin:position], owner)
            begin = position
        owner, undecided = language, False
    if begin < len(text):
        yield Run(text[begin:], owner)


def _language(script: str, context: str) -> str:
    if script == "CJK":
        found = {_script(c) for c in context}
        if found & {"HIRAGANA", "KATAKANA"}:
            return "ja"
        return "ko" if "HANGUL" in found else "cmn"
    for of_script, language, letters in _TELLTALES:
        if of_script == script and not letters.isdisjoint(context):
            return language
    return _LANGUAGE_OF_SCRIPT[script]


@functools.lru_cache(maxsize=4096)
def _script(character: str) -> str:
    """First word of a letter's Unicode name; empty for everything that is no letter."""
    if not character.isalpha():
        return ""
    first, _, rest = unicodedata.name(character, "").partition(" ")
    return rest.partition(" ")[0] if first in ("FULLWIDTH", "HALFWIDTH") else first
