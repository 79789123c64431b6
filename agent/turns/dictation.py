"""Whether digits, letters or an address are being dictated, and not yet all of them. Pure."""

import re
from collections.abc import Sequence

from agent.wording.lexicon import Lexicon
from agent.wording.lexicon.turn_words import TurnWords
from agent.wording.scripts import is_cjk

_IN_GROUPS = 10
"""Digits of a number that is said in groups, where it is not said which: a telephone's."""
_IN_ONE = 5
"""Digits that were written without a break, of a number that is not known to be long: all."""
_LONG = 9
"""A number that usually has as many is paused in wherever it is written in one."""
_BEGUN_MAIL = re.compile(r"\w@(?![\w.-]+\.\w{2,}$)")
"""An address without the name of its country or the like."""


def is_dictating(words: Sequence[str], lexicon: Lexicon) -> bool:
    """Whether more digits, letters or parts of an address probably follow after a pause.

    Args:
        words: of all that was said, in lower case; characters of Chinese and Japanese one by one.
        lexicon: of its language.
    """
    return _spells(words, lexicon) or _in_an_address(words, lexicon.turns)


def _spells(words: Sequence[str], lexicon: Lexicon) -> bool:
    """Digits or single letters at the end, more than a lone number would have."""
    known = lexicon.turns
    said = _spelled(words, lexicon)
    if known.scales.intersection(said):
        return False  # an amount
    groups = run = 0
    for word in said:
        if word not in known.between_digits:
            run += max(1, sum(char.isdigit() for char in word))
            groups += 1 + word.count("-")
    if run >= 2 and said[-1] in known.between_digits:
        return True
    # "In 1989." is a year; "five five five" and "030 1234" are parts of something longer.
    if run < 3 or (groups == 1 and run < _IN_ONE):
        return False
    if any(map(_is_letter, said)):
        return True
    usual = _usual_digits(words, known)
    if groups == 1 and usual < _LONG:
        return False
    return run < (usual or _IN_GROUPS)


def _spelled(words: Sequence[str], lexicon: Lexicon) -> Sequence[str]:
    """The digits and letters at the end."""
    known = lexicon.turns
    said = known.digits | known.scales | known.between_digits
    begin = len(words)
    while begin and (
        words[begin - 1] in said or words[begin - 1][0].isdigit() or _is_letter(words[begin - 1])
    ):
        begin -= 1
    letters = [at for at in range(begin, len(words)) if _is_letter(words[at])]
    if letters and all(words[at] in lexicon.common for at in letters):
        begin = letters[-1] + 1  # "e" is a word in "três e meia"
    return words[begin:]


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha() and not is_cjk(word)


def _usual_digits(words: Sequence[str], known: TurnWords) -> int:
    """How many digits the number that is spoken of usually has; 0: it is not said which it is."""
    text = "".join(words)
    return max(
        (
            usual
            for name, usual in known.numbers.items()
            if (name in text if is_cjk(name) else name in words)
        ),
        default=0,
    )


def _in_an_address(words: Sequence[str], known: TurnWords) -> bool:
    tail = "".join(words[-6:])
    ends = any(
        tail.endswith(sign) if is_cjk(sign) else words[-1:] == [sign] for sign in known.address
    )
    if not ends:
        return _BEGUN_MAIL.search(words[-1] if words else "") is not None
    text = "".join(words)
    # "从三点到五点": a character that has other meanings counts once.
    signs = sum(sign in text if is_cjk(sign) else words.count(sign) for sign in known.address)
    return signs > 1 or any(name in (text if is_cjk(name) else words) for name in known.mail)
