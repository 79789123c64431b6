"""Whether somebody asks for a human being, or tells of an emergency, by their own words.

"A human, please" is asked by nothing else: all that was said is covered by known phrases, so
"Is it human to err?" asks for nobody. An emergency is told among other words, and heard anywhere.
"""

import functools
from collections.abc import Sequence

from agent.wording.lexicon import LEXICONS, code_of
from agent.wording.phrase_cover import Phrases, is_only, listed, units

_MOST_CHARS = 200
"""Who asks for somebody else asks for it in a sentence; nobody needs more."""


def asks_for_human(text: str, language: str, *, further: Sequence[str] = ()) -> bool:
    """Whether a text asks for a human being, and for nothing else.

    Args:
        text: all that was said.
        language: BCP-47 tag of it; for one without a lexicon, or none, every language is asked.
        further: phrases in the same language that ask for one, beside those of the language.
    """
    if len(text) > _MOST_CHARS:
        return False
    for code in _known(language):
        human, asking = _asking(code)
        if is_only(units(text, code), human | listed(further, code), asking):
            return True
    return False


def tells_of_emergency(text: str, language: str, *, further: Sequence[str] = ()) -> bool:
    """Whether a text has words of an emergency in it; the arguments are as above."""
    for code in _known(language):
        said = units(text, code)
        if any(_has(said, phrase) for phrase in _emergencies(code) | listed(further, code)):
            return True
    return False


def _known(language: str) -> Sequence[str]:
    code = code_of(language)
    return [code] if code in LEXICONS else [*LEXICONS]


@functools.cache
def _asking(code: str) -> tuple[Phrases, Phrases]:
    words = LEXICONS[code].help
    return listed(words.human, code), listed(words.asking, code)


@functools.cache
def _emergencies(code: str) -> Phrases:
    return listed(LEXICONS[code].help.emergency, code)


def _has(said: Sequence[str], phrase: tuple[str, ...]) -> bool:
    size = len(phrase)
    return any(tuple(said[at : at + size]) == phrase for at in range(len(said) - size + 1))
