"""Words whose full stop does not end a sentence, in the languages written with one.

Compared in lower case and without the last full stop. All languages together: a reply may name
things of another one.
"""

import re

from agent.wording.lexicon import LEXICONS

_DUTCH = {"dhr", "mevr", "bijv"}
"""Dutch has no lexicon."""

_PIECES = [lexicon.pieces for lexicon in LEXICONS.values()]
ALWAYS = frozenset(_DUTCH).union(*(words.abbreviations for words in _PIECES))
BEFORE_NUMBER = frozenset().union(*(words.before_number for words in _PIECES))
OPEN_ENDED = frozenset({"enz"}).union(*(words.open_ended for words in _PIECES))
ORDINAL_LEADS = frozenset().union(*(words.ordinal_leads for words in _PIECES))

_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]|(?:[A-Z]{2}\.)+[A-Z]{2}|[^\W\d_]")


def is_dotted(word: str) -> bool:
    """Whether a word without its last full stop is an initial or an acronym with stops."""
    return _DOTTED.fullmatch(word) is not None
