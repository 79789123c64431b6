"""Whether somebody asks to be waited for: "One moment, please"."""

import functools

from agent.wording.lexicon import LEXICONS, code_of
from agent.wording.phrase_cover import Phrases, is_only, listed, units

_MOST_CHARS = 80
"""Who says more than this says something that is to be answered."""


def asks_to_wait(text: str, language: str = "") -> bool:
    """Whether a text does nothing but ask the agent to wait.

    Args:
        text: all that was said.
        language: BCP-47 tag of it; for one without a lexicon, or none, every language is asked.
    """
    if not text or len(text) > _MOST_CHARS:
        return False
    code = code_of(language)
    known = [code] if code in LEXICONS else LEXICONS
    return any(is_only(units(text, other), *_phrases(other)) for other in known)


@functools.cache
def _phrases(code: str) -> tuple[Phrases, Phrases]:
    words = LEXICONS[code].line
    return listed(words.wait, code), listed(words.beside, code)
