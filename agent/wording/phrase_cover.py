"""Whether all that was said is made of known phrases, from the first word to the last."""

import re
import unicodedata
from collections.abc import Sequence

Phrases = frozenset[tuple[str, ...]]
"""Each in its units."""

UNSPACED = ("zh", "ja", "ko")
"""Languages whose words are compared character by character; there no phrase has a pause in it."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ACCENTS = re.compile("[\u0300-\u036f]")
"""Of Latin, Greek and Cyrillic; the marks of kana are others."""


def units(text: str, code: str) -> list[str]:
    """Words of a text, or its characters: without case, accents and signs."""
    parts = unicodedata.normalize("NFD", text.casefold().replace("’", "'"))
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", parts))
    words = _WORD.findall(plain)
    return list("".join(words)) if code in UNSPACED else words


def listed(phrases: Sequence[str], code: str) -> Phrases:
    """Phrases of a language in their units."""
    return frozenset(tuple(units(phrase, code)) for phrase in phrases)


def is_only(said: Sequence[str], wanted: Phrases, beside: Phrases) -> bool:
    """Whether a text is made of these phrases alone, of `wanted` at least one."""
    # By position: whether it is reached without and with one that is wanted.
    reached = [(False, False)] * (len(said) + 1)
    reached[0] = (True, False)
    for at, (without, having) in enumerate(reached):
        if not (without or having):
            continue
        for known in (wanted, beside):
            for phrase in known:
                end = at + len(phrase)
                if tuple(said[at:end]) == phrase:
                    bare, full = reached[end]
                    if known is wanted:
                        reached[end] = (bare, True)
                    else:
                        reached[end] = (bare or without, full or having)
    return reached[-1][1]
