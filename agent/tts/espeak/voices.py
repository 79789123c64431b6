"""Which espeak-ng voice is meant by a name, a language tag, or by the text itself."""

import difflib
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_RENAMED = {
    "zh": "cmn",
    "zh-hk": "yue",
    "zh-mo": "yue",
    "zh-yue": "yue",
    "no": "nb",
    "nn": "nb",
    "es-us": "es-419",
    "es-ar": "es-419",
    "es-cl": "es-419",
    "es-co": "es-419",
    "es-pe": "es-419",
    "iw": "he",
    "in": "id",
    "mo": "ro",
    "sh": "hr",
    "tw": "cmn",
    "cn": "cmn",
    "jp": "ja",
    "kr": "ko",
    "mandarin": "cmn",
    "cantonese": "yue",
}
"""Tags that espeak-ng does not know or gives to another voice, and common slips."""

_NEAR_NAMES = 4
_SCRIPT_LENGTH = 4
"""Letters in a script subtag of BCP 47, and in no language or region."""

_SCRIPTS = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "cmn",
    "BOPOMOFO": "cmn",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "GURMUKHI": "pa",
    "GUJARATI": "gu",
    "ORIYA": "or",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "THAI": "th",
    "MYANMAR": "my",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "ETHIOPIC": "am",
    "CHEROKEE": "chr",
}
"""First word of a letter's Unicode name, and the language most often written with it."""

_TELLING = {"ru": ("uk", "іїєґ"), "ar": ("fa", "پچژگ")}
"""Letters that tell one language of a script from the other."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One of the library's voices."""

    identifier: str
    """Unique name within the library, for example `gmw/en-US`."""
    name: str
    """English name, for example `English (America)`."""
    tags: tuple[tuple[int, str], ...]
    """Language tags that it serves, its own first, each after its rank: the voice with the
    lowest serves a tag best."""

    @property
    def language(self) -> str:
        """The tag that is its own."""
        return self.tags[0][1]


class UnknownVoice(LookupError):
    """There is no such voice; the message lists near names."""


class Voices:
    """All voices of a library."""

    def __init__(self, voices: Sequence[Voice], variants: Sequence[str]) -> None:
        """`variants` are timbres: `f3` in `de+f3`."""
        self.voices = tuple(voices)
        self._variants = {v.removeprefix("!v/").lower(): v.removeprefix("!v/") for v in variants}
        self._exact: dict[str, Voice] = {}
        self._by_tag: dict[str, Voice] = {}
        for voice in voices:
            for key in (voice.language, voice.identifier, voice.name):
                self._exact.setdefault(key.lower(), voice)
        # "English" is the best of "English (America)", "English (Scotland)", …
        ranked = [(rank, tag, voice) for voice in voices for rank, tag in voice.tags]
        ranked += [(min(voice.tags)[0], voice.name.split(" (")[0], voice) for voice in voices]
        for _, key, voice in sorted(ranked, key=lambda entry: entry[0]):
            self._by_tag.setdefault(key.lower(), voice)

    def find(self, wanted: str) -> tuple[Voice, str]:
        """The voice meant by an espeak-ng name or a BCP 47 tag, and the library's name for it.

        `de`, `de-AT`, `zh-CN`, `pt_BR`, `German`, `gmw/de` and `de+f3` are all understood; a
        region without a voice of its own gets its language's.

        Raises:
            UnknownVoice: nothing is near enough.
        """
        plain, plus, variant = wanted.partition("+")
        voice = self._lookup(plain.strip().lower().replace("_", "-"))
        if voice is None:
            known = sorted(self._by_tag)
            raise UnknownVoice(f"no voice {plain!r}{_near(plain.lower(), known)}")
        if not plus:
            return voice, voice.identifier
        timbre = self._variants.get(variant.strip().lower())
        if timbre is None:
            near = _near(variant.lower(), sorted(self._variants))
            raise UnknownVoice(f"no variant {variant!r} of a voice{near}")
        return voice, f"{voice.identifier}+{timbre}"

    def find_for(self, text: str, wanted: str) -> str:
        """The library's name of the voice for `text`.

        An English voice cannot read other scripts: it would spell "Chinese letter, Chinese
        letter". When most words of the text are in another script, that script's voice takes
        over, in the same variant.

        Raises:
            UnknownVoice: there is no voice `wanted`.
        """
        voice, name = self.find(wanted)
        if voice.language.partition("-")[0] != "en":
            return name
        language = script_language(text)
        if language is None or self._lookup(language) is None:
            return name
        _, plus, variant = wanted.partition("+")
        return self.find(f"{language}{plus}{variant}")[1]

    def _lookup(self, tag: str) -> Voice | None:
        parts = tag.split("-")
        # A tag with a script is that script's voice, or one without: zh-Hant-HK is zh-HK.
        plain = parts[:1] + [part for part in parts[1:] if len(part) != _SCRIPT_LENGTH]
        shorter_tags = [parts[:length] for length in range(len(parts), 1, -1)]
        shorter_tags += [plain[:length] for length in range(len(plain), 0, -1)]
        for kept in shorter_tags:
            shorter = "-".join(kept)
            shorter = _RENAMED.get(shorter, shorter)
            for table in (self._exact, self._by_tag):
                if shorter in table:
                    return table[shorter]
        return None


def script_language(text: str) -> str | None:
    """Language that the script of most words points to; None for Latin and for no words.

    A Chinese or Japanese letter counts as a word, a run of other letters as one.
    """
    words: Counter[str] = Counter()
    previous = ""
    for char in text:
        if unicodedata.category(char).startswith("M"):
            continue  # a vowel sign or accent belongs to the letter before it
        script = unicodedata.name(char, "").partition(" ")[0] if char.isalpha() else ""
        script = script.partition("-")[0]
        language = _SCRIPTS.get(script, "latin" if script else "")
        if language and (language != previous or language in ("cmn", "ja")):
            words[language] += 1
        previous = language
    if words["ja"]:
        # Han next to kana is Japanese.
        words["ja"] += words.pop("cmn", 0)
    if not words:
        return None
    language = words.most_common(1)[0][0]
    other, letters = _TELLING.get(language, ("", ""))
    if any(char in letters for char in text.lower()):
        language = other
    return None if language == "latin" else language


def _near(wanted: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(wanted, known, n=_NEAR_NAMES, cutoff=0.5)
    return f"; near it: {', '.join(near)}" if near else ""
