"""The words of a text in which some are said otherwise than they are written."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.wording.parts import Part
from agent.wording.spoken_length import letters as letters_of
from agent.wording.spoken_length import split_words


@dataclass(frozen=True, slots=True)
class SaidWord:
    """A word as it is shown, and how long what is said for it takes.

    What is said in several words for one is one word, as are several for which one thing is said
    ("5 km"): it was heard as a whole or not. What is left out belongs to the word before.
    """

    text: str
    letters: float
    """In letters of average English."""
    many: bool
    """Whether several words are said, which may have pauses between them."""


def said_words(parts: Sequence[Part]) -> list[SaidWord]:
    """Cut a text into words that are said one after another; joined again they are the text."""
    text = "".join(part.written for part in parts)
    read = _other_readings(parts)
    words: list[SaidWord] = []
    begin = end = 0
    for word in split_words(text):
        end += len(word)
        if any(start < end < stop for start, stop, _ in read):
            continue
        inside = [(start, stop, said) for start, stop, said in read if begin <= start < end]
        words.append(_said(text[begin:end], begin, inside))
        begin = end
    return _without_silent(words)


def _other_readings(parts: Sequence[Part]) -> list[tuple[int, int, str]]:
    """Beginning, end and words of what is not said as it is written."""
    read: list[tuple[int, int, str]] = []
    at = 0
    for part in parts:
        end = at + len(part.written)
        if part.spoken != part.written and part.written:
            read.append((at, end, part.spoken))
        at = end
    return read


def _said(text: str, begin: int, inside: list[tuple[int, int, str]]) -> SaidWord:
    letters, rest, many = 0.0, "", False
    at = begin
    for start, stop, said in inside:
        rest += text[at - begin : start - begin]
        letters += letters_of(said)
        many = many or len(split_words(said)) > 1
        at = stop
    rest += text[at - begin :]
    silent = not rest.strip() and not any(said.strip() for _, _, said in inside)
    return SaidWord(text, 0.0 if silent else max(letters + letters_of(rest), 0.5), many)


def _without_silent(words: list[SaidWord]) -> list[SaidWord]:
    """Join what is not said to the word before it, or to the first one."""
    joined: list[SaidWord] = []
    lead = ""
    for word in words:
        if word.letters or len(words) == 1:
            joined.append(SaidWord(lead + word.text, word.letters, word.many))
            lead = ""
        elif joined:
            last = joined.pop()
            joined.append(SaidWord(last.text + word.text, last.letters, last.many))
        else:
            lead += word.text
    return joined or ([SaidWord(lead, 0.0, many=False)] if lead else [])


def weight(parts: Sequence[Part]) -> float:
    """How long a text takes to say, in letters of average English."""
    return sum(word.letters for word in said_words(parts))
