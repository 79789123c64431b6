"""How a German ordinal ends: by the article or preposition before it, and by the noun after it.

Source: Duden, Die Grammatik, on strong, weak and mixed declension of adjectives.
"""

import re

_OWN = "kein|mein|dein|sein|ihr|unser|euer|eur"
_POINTING = "jed|dies|jen|welch|solch"
_WEAK_N = re.compile(
    rf"(?:am|im|vom|zum|zur|beim|den|dem|des|(?:ein|{_OWN})e[nmrs]|(?:{_POINTING})e[nm])"
)
_WEAK_E = re.compile(
    rf"(?:die|das|ins|ans|aufs|fürs|durchs|übers|ums|(?:ein|{_OWN})e|(?:{_POINTING})es?)"
)
_NOMINATIVE_OR_FEMININE = re.compile(rf"(?:der|(?:{_POINTING})er)")
_MIXED = re.compile(rf"(?:ein|{_OWN})")
_ADJECTIVE = re.compile(
    r"(?:nächst|kommend|letzt|vergangen|folgend|vorig|jeweilig|diesjährig)(e[nmrs]?)"
)
_DATIVE = re.compile(r"(?:ab|seit|nach|vor|von|mit|zwischen)")
_PLACES = frozenset(("ab", "bis", "seit"))
"""Words without an article that a place in a row may follow; after others a sentence ends."""
_BEFORE_DATIVE = re.compile(
    r"\b(?:in|an|auf|bei|mit|nach|von|vor|zu|aus|seit|ab|über|unter|hinter|neben|zwischen|während|"
    r"wegen|trotz|statt|laut|gegenüber|außer|außerhalb|innerhalb)\s\w+\s$",
    re.IGNORECASE,
)
_WORD = re.compile(r"(\w+)\s$")
_FURTHER = re.compile(r"(?:\d{1,3}\.(?:,|\s(?:und|oder|bis))\s)+$")
"""Ordinals that stand between an article and this one: am 1. und 2. Mai."""
ANOTHER = r"\s(?:und|oder|bis)\s(?:(?:zu[mr]|d(?:ie|er|as|en|em))\s)?\d{1,3}\."
_NOUN = re.compile(rf"(?:{ANOTHER})?\s([A-ZÄÖÜ][\w-]+)")
_FEMININE = re.compile(
    r"(?:ung|heit|keit|ion|tät|schaft|zeit|liga|wahl|saison|nacht|hand|schicht|fahrt|e)$"
)
_MASCULINE = re.compile(
    r"(?:name|junge|kunde|buchstabe|gedanke|kollege|zeuge|käse)$", re.IGNORECASE
)
_NEUTER = re.compile(
    r"(?:chen|lein|ment|um|mal|jahr|kind|buch|spiel|tor|haus|stück|bild|semester|quartal|kapitel|"
    r"programm|team|glas|bier|leben|auto|konto|ergebnis|date|album|lied|foto|baby|viertel|treffen|"
    r"zimmer|geschoss|gebot|drittel|bein|ticket|paket|angebot|mädchen|format|land|wort|tier|ei)$",
    re.IGNORECASE,
)


def ending(before: str, after: str, *, day: bool = False) -> str | None:
    """How the ordinal between two texts ends: `e`, `en`, `er`, `es` or `em`.

    `day`: it is one of a month. None: the figure is no ordinal, its point ends a sentence.
    """
    before = _FURTHER.sub("", before)
    found = _WORD.search(before)
    word = found[1].lower() if found is not None else ""
    noun = _NOUN.match(after)
    gender = "m" if day else _gender(noun[1] if noun is not None else "")
    if _WEAK_N.fullmatch(word):
        return "en"
    if _WEAK_E.fullmatch(word):
        return "e"
    if _NOMINATIVE_OR_FEMININE.fullmatch(word):
        return "en" if gender == "f" or _BEFORE_DATIVE.search(before) else "e"
    if _MIXED.fullmatch(word):
        return {"m": "er", "n": "es", "f": "e"}[gender]
    if adjective := _ADJECTIVE.fullmatch(word):
        return adjective[1]
    if not day and word not in _PLACES:
        return None
    if word == "bis":
        return {"m": "en", "n": "es", "f": "e"}[gender]
    if day and word == "ab":
        return "en"
    if _DATIVE.fullmatch(word):
        return "er" if gender == "f" else "em"
    return "er"


def _gender(noun: str) -> str:
    """By the end of a noun: most that end otherwise and are counted in a row are masculine."""
    if _NEUTER.search(noun):
        return "n"
    if _FEMININE.search(noun) and not _MASCULINE.search(noun):
        return "f"
    return "m"
