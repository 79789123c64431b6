"""Which language a piece of a reply is in: by script, by its commonest words, else as before."""

import re

from agent.wording.lexicon import LEXICONS
from agent.wording.scripts import CYRILLIC, HAN, HANGUL, KANA

_OTHERS = {
    "nl": "de het een en van ik te dat die niet zijn is op aan met voor er maar om hem ook je naar",
    "sv": "och att det som en på är av för med till den har de inte om ett jag du var",
    "da": "og i jeg det at en den til er som på de med han af for ikke der var et",
    "pl": "nie i się w na że z do to jest jak co po ale za od czy tak jego",
    "tr": "bir ve bu için ne da çok ben daha gibi var değil ama kadar sen ile",
    "vi": "là và của có không được cho một những các tôi bạn này trong với",
    "id": "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke",
    "fi": "ja on ei se että hän oli en mutta joka kun niin myös olla tai",
    "cs": "a se na je to že v s z do o jako ale pro si tak by není",
    "hu": "a az és nem hogy egy is ez de csak meg volt van ha már",
    "ro": "și de la în nu a cu pe este un o mai ca din sau pentru care ce",
}
"""Languages without a lexicon: their voices read figures by themselves."""
_LISTED = {lexicon.code: lexicon.common for lexicon in LEXICONS.values() if lexicon.common} | {
    language: frozenset(listed.split()) for language, listed in _OTHERS.items()
}
_LETTERS = {lexicon.code: lexicon.letters for lexicon in LEXICONS.values() if lexicon.letters} | {
    "pl": "łąęśżźń",
    "tr": "ğış",
    "cs": "řěů",
    "hu": "őű",
    "ro": "țș",
    "vi": "ơưđạảấầẩậắằặẹẻẽếềểệỉịọỏốồổộớờởợụủứừửựỳỵỷỹ",
}
"""Letters that none of the others has."""
_SHORT_CJK = 16
"""So much Japanese may come without kana."""
_SURE = 2
"""A word of more than two letters, or two of two; single letters tell nothing."""
_SURE_UNREAD = 4
_READ = frozenset(LEXICONS)
_ADDRESS = re.compile(r"\S*(?:://|@|\w\.\w)\S*")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")
_SCRIPTS = (
    ("ja", re.compile(f"[{KANA}]")),
    ("ko", re.compile(f"[{HANGUL}]")),
    ("zh", re.compile(f"[{HAN}]")),
    ("ru", re.compile(f"[{CYRILLIC}]")),
    ("", re.compile("[\u0370-\u03ff\u0530-\u1fff]")),
)


def language_of(text: str, before: str) -> str:
    """The language of a piece, by its two letters; empty when it is one that is not known.

    Args:
        text: a clause or a sentence.
        before: the language of what was said before; it decides where the text does not.
    """
    for language, script in _SCRIPTS:
        if script.search(text):
            if language == "zh" and before == "ja" and len(text) < _SHORT_CJK:
                return before
            return "" if language == "ru" and _UKRAINIAN.search(text) else language
    if not _LATIN.search(text):
        return before
    lower = _ADDRESS.sub(" ", text.lower()).replace("’", "'")
    found = _WORD.findall(lower)
    scores = {
        language: sum(min(len(word) - 1, _SURE) for word in found if word in words)
        + 2 * sum(char in lower for char in _LETTERS.get(language, ""))
        for language, words in _LISTED.items()
    }
    most = max(scores.values())
    found_in = next(language for language, score in scores.items() if score == most)
    sure = _SURE if found_in in _READ else _SURE_UNREAD
    return before if most < sure or scores.get(before, 0) == most else found_in
