"""Cut a text into pieces that are spoken one after the other.

Short pieces make the first audio come early and let an abandoned synthesis stop soon; cuts
at the wrong places sound wrong. So: at the ends of sentences, the first sentence also at a
comma, and long ones where it hurts least.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from model_servers.serving.sentence_ends import CLAUSE_END, sentences

FIRST_CHARS = 60
"""A first sentence longer than this is cut at its first comma: 150 ms of synthesis for Piper."""
MOST_CHARS = 160
"""No piece is longer: 10 s of speech, half a second of synthesis for Piper on two cores. Where a
character stands for more than a letter's sound, and in slow speech, a piece is shorter."""
_DIGIT, _WIDE = 10, 3
"""How many letters a digit, and a character of Chinese or its like, count for."""

_LEAST_CHARS = 12
"""A clause shorter than this is not spoken on its own."""

_BLANKS = re.compile(r"(?:[\x00-\x08\x0b-\x1f\x7f]|[^\S\n])+")
"""Between two words one is as good as many, over which the patterns above take very long."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the pieces for a voice may be, in letters; a slower one needs shorter ones."""

    first: int = FIRST_CHARS
    """A first sentence longer than this is cut at its first clause."""
    most: int = MOST_CHARS


USUAL = Lengths()


def pieces(text: str, *, speed: float = 1.0, lengths: Lengths = USUAL) -> Iterator[str]:
    """Yield the pieces of a text in order, without spaces at their ends and none empty.

    Args:
        text: what is to be spoken.
        speed: 1 is normal; slower speech is cut shorter, so that no piece takes longer.
        lengths: what the voice can make in time.
    """
    clean = _BLANKS.sub(" ", text)
    most = int(lengths.most * min(1.0, speed))
    for number, sentence in enumerate(filter(None, map(str.strip, sentences(clean)))):
        if number == 0 and len(sentence) > lengths.first:
            head, rest = _cut_first(sentence)
            yield from _cut_long(head, most)
            yield from _cut_long(rest, most)
        else:
            yield from _cut_long(sentence, most)


def _cut_first(sentence: str) -> tuple[str, str]:
    for end in CLAUSE_END.finditer(sentence):
        if end.start() >= _LEAST_CHARS and len(sentence) - end.end() >= _LEAST_CHARS:
            return sentence[: end.start()], sentence[end.end() :]
    return sentence, ""


def _cut_long(sentence: str, most: int) -> Iterator[str]:
    rest = sentence.strip()
    while (fits := _fitting(rest, most)) < len(rest):
        cuts = [m.end() for m in CLAUSE_END.finditer(rest, 0, fits)]
        at = cuts[-1] if cuts and cuts[-1] >= _LEAST_CHARS else rest.rfind(" ", 1, fits)
        if at < min(_LEAST_CHARS, fits):
            at = fits
        yield rest[:at].strip()
        rest = rest[at:].strip()
    if rest:
        yield rest


def _fitting(text: str, most: int) -> int:
    """How many of the first characters sound no longer than `most` letters; at least one."""
    if len(text) * _DIGIT <= most:
        return len(text)
    sum_of = 0
    for position, character in enumerate(text):
        sum_of += _DIGIT if character.isnumeric() else _WIDE if character >= "\u1100" else 1
        if sum_of > most:
            return max(1, position)
    return len(text)
