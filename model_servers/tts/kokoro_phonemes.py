"""From text to the phonemes that Kokoro was trained on.

English and the Romance languages and Hindi go through espeak-ng, whose phonemes are written
otherwise there; Chinese and Japanese need the package misaki, of Kokoro's author.

Source: https://github.com/hexgrad/misaki (EN_PHONES.md, espeak.py); speak_lib.h of espeak-ng.
"""

import importlib
import importlib.util
import re
from collections.abc import Callable

from model_servers.serving.errors import StartError
from model_servers.tts.espeak import TIE, Espeak

Phonemize = Callable[[str], str]
"""From a piece of text to phonemes. Blocks."""

_STOPS = re.compile(r"\s*([;:,.!?¡¿—…\"“”()]+)(?=\s|$)\s*|\s*([—…\"“”()]+)\s*")
"""Marks that Kokoro reads; a point within a word is none."""
_OPENING = "(“¡¿"
_OTHER_LANGUAGE = re.compile(r"\([a-z-]+\)")
"""espeak-ng's notes, such as `(en)`, where it changes its language."""

# Longest first: what espeak-ng writes, and what Kokoro reads; a tie is TIE.
_SHARED = (
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^z", "ʣ"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("o^ʊ", "O"),
    ("s^s", "S"), ("t^s", "ʦ"), ("t^ʃ", "ʧ"), ("ə^ʊ", "Q"), ("ɔ^ɪ", "Y"),
)  # fmt: skip
_ENGLISH = (
    ("ʔˌn\u0329", "tᵊn"), ("ʔn", "tᵊn"), ("ʔ", "t"), ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^ʒ", "ʤ"),
    ("e^ɪ", "A"), ("t^ʃ", "ʧ"), ("ɔ^ɪ", "Y"), ("ə^l", "ᵊl"), ("ɚ", "əɹ"), ("r", "ɹ"), ("x", "k"),
    ("ç", "k"), ("ɐ", "ə"), ("ɬ", "l"), ("ʲ", ""), ("\u0303", ""),
)  # fmt: skip
_AMERICAN = (
    ("o^ʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ː", ""), ("e", "A"), ("o", "ɔ"),
)  # fmt: skip
_BRITISH = (("e^ə", "ɛː"), ("iə", "ɪə"), ("ə^ʊ", "Q"), ("e", "A"), ("o", "ɔ"))
_SYLLABIC = re.compile("(\\S)\u0329")
_LONE_I = re.compile(r"(?<!\S)I(?!\S)")
"""Without the stress that it was trained with the voice leaves the word out at the beginning."""
_MARKS = {"«": "“", "»": "”", "，": ",", "。": ".", "！": "!", "？": "?", "；": ";", "：": ":"}

_MISAKI = {"cmn": ("zh", "ZHG2P"), "ja": ("ja", "JAG2P")}
"""Module and class of misaki that read a language."""


def phonemizer(language: str, espeak: Espeak) -> Phonemize:
    """What reads a language.

    Args:
        language: as espeak-ng calls it: `en-us`, `cmn`, …
        espeak: the library.

    Raises:
        StartError: a package is missing.
    """
    if language in _MISAKI:
        return _misaki(language)
    voice = espeak.find(language)
    if voice is None:
        raise StartError(f"espeak-ng does not know {language}")
    return lambda text: _read(text, language, lambda words: espeak.phonemes(words, voice.file))


def _read(text: str, language: str, sounds: Phonemize) -> str:
    clean = "".join(_MARKS.get(character, character) for character in text)
    out, begin = [], 0
    for stop in _STOPS.finditer(clean):
        out.append(_spelled(clean[begin : stop.start()], language, sounds))
        mark = stop[1] or stop[2]
        out.append(f" {mark}" if mark[0] in _OPENING else f"{mark} ")
        begin = stop.end()
    out.append(_spelled(clean[begin:], language, sounds))
    return "".join(out).strip()


def _spelled(text: str, language: str, sounds: Phonemize) -> str:
    if not text.strip():
        return ""
    said = _OTHER_LANGUAGE.sub("", sounds(text))
    if not language.startswith("en-"):
        return _replaced(said, _SHARED).replace(TIE, "").replace("-", "")
    american = language == "en-us"
    said = _replaced(said, _ENGLISH)
    said = _LONE_I.sub("ˌI", _SYLLABIC.sub(r"ᵊ\1", said))
    return _replaced(said, _AMERICAN if american else _BRITISH).replace(TIE, "")


def _replaced(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text


def _misaki(language: str) -> Phonemize:
    module, name = _MISAKI[language]
    if importlib.util.find_spec("misaki") is None:
        raise StartError(f"this language needs `uv pip install 'misaki[{module}]'`")
    try:
        read = getattr(importlib.import_module(f"misaki.{module}"), name)()
    except ModuleNotFoundError as error:
        raise StartError(
            f"the package {error.name} is missing: run `uv pip install 'misaki[{module}]'`"
        ) from error
    return lambda text: str(read(text)[0])
