"""All that is known of each language: a folder for each."""

from agent.wording.lexicon.chinese import CHINESE
from agent.wording.lexicon.english import ENGLISH
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.french import FRENCH
from agent.wording.lexicon.german import GERMAN
from agent.wording.lexicon.italian import ITALIAN
from agent.wording.lexicon.japanese import JAPANESE
from agent.wording.lexicon.korean import KOREAN
from agent.wording.lexicon.portuguese import PORTUGUESE
from agent.wording.lexicon.russian import RUSSIAN
from agent.wording.lexicon.spanish import SPANISH

__all__ = ["ENGLISH", "LEXICONS", "Lexicon", "code_of", "lexicon_of"]

LEXICONS: dict[str, Lexicon] = {
    lexicon.code: lexicon
    for lexicon in (
        ENGLISH, CHINESE, SPANISH, PORTUGUESE, FRENCH, GERMAN, JAPANESE, ITALIAN, KOREAN, RUSSIAN
    )
}  # fmt: skip
"""By their codes."""


def code_of(tag: str) -> str:
    """The code of the language of a BCP-47 tag, whether there is a lexicon of it or not."""
    code = tag.replace("_", "-").partition("-")[0].lower()
    return {"cmn": "zh", "yue": "zh"}.get(code, code)


def lexicon_of(tag: str) -> Lexicon:
    """The lexicon of a BCP-47 tag ("de-AT"); English for a language that has none."""
    return LEXICONS.get(code_of(tag), ENGLISH)
