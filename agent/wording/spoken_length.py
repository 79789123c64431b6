"""How long words take to say, before anybody has said them."""

import re

from agent.wording.scripts import CJK, is_cjk

# A word with what follows it up to the next one, the first with the space before it too; CJK
# scripts are taken character by character.
_WORD = re.compile(rf"\s*(?:[{CJK}][^\w\s]*|[^\s{CJK}]+)\s*|\s+")


def split_words(text: str) -> list[str]:
    """Cut a text into words; joined again they are the text."""
    return _WORD.findall(text)


def letters(text: str) -> float:
    """How long a text takes to say, in letters of average English."""
    count = 0.0
    for char in text:
        if is_cjk(char):
            count += 3.5
        elif char.isdigit():
            count += 4.0
        elif char.isalpha():
            count += 1.0
    return count


def unsaid(text: str, said_s: float, *, letter_s: float) -> str:
    """What of a text is left to say after `said_s` seconds of it; never less than a word.

    `letter_s` is the pace of the voice, pauses included: a word that was not surely over is said
    again rather than lost.
    """
    words = split_words(text)
    over, said = 0, 0.0
    for word in words[:-1]:
        said += letters(word)
        if said * letter_s > said_s:
            break
        over += 1
    return "".join(words[over:])
