"""What each language calls the things that are written in figures and signs."""

import functools

from agent.wording.lexicon.chinese import Chinese
from agent.wording.lexicon.east import Japanese, Korean
from agent.wording.lexicon.english import English
from agent.wording.lexicon.french import French
from agent.wording.lexicon.german import German
from agent.wording.lexicon.italian import Italian
from agent.wording.lexicon.language import Language
from agent.wording.lexicon.portuguese import Portuguese
from agent.wording.lexicon.russian import Russian
from agent.wording.lexicon.spanish import Spanish

_LANGUAGES: dict[str, type[Language]] = {
    language.code: language
    for language in (
        English, Chinese, Spanish, Portuguese, French, German, Japanese, Italian, Korean, Russian
    )
}  # fmt: skip

KNOWN = frozenset(_LANGUAGES)


@functools.cache
def lexicon_of(code: str) -> Language:
    """The words of a language in `KNOWN`."""
    return _LANGUAGES[code]()
