"""Which words of an utterance in progress will stay, by what a recogniser tells time and again.

A recogniser that is asked again and again about a growing utterance changes its newest words, and
hardly ever those before them. Words that two answers one after the other begin with are taken to
stay ("local agreement": Liu et al., Low-Latency Sequence-to-Sequence Speech Recognition and
Translation by Partial Hypothesis Selection, Interspeech 2020). In a pause nothing need be awaited:
all words of what was said are there. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from agent.turns.words import token_spans


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a Chinese character, as it is written."""

    token: str
    """In lower case, without punctuation."""
    text: str
    """With the punctuation around it and the space after it."""


def words_of(text: str) -> list[Word]:
    """Cut a text into its words; all of its characters are in one of them."""
    spans = token_spans(text)
    if not spans:
        return []
    begins = [0, *(begin for _, begin in spans[1:])]
    # What opens a bracket or a quotation belongs to the word after it.
    for at in range(1, len(begins)):
        while begins[at] > 0 and text[begins[at] - 1] in _OPENERS:
            begins[at] -= 1
    ends = [*begins[1:], len(text)]
    return [
        Word(token, text[begin:end])
        for (token, _), begin, end in zip(spans, begins, ends, strict=True)
    ]


_OPENERS = '"“„«‹([{¿¡「『《（'


class Agreement:
    """Of one utterance."""

    def __init__(self) -> None:
        """Begin with its first word."""
        self._taken: list[str] = []
        """Tokens of the words that were taken."""
        self._before: list[str] = []
        """Tokens beyond them that the answer before the newest one had."""
        self.open: list[Word] = []
        """The words beyond those that were taken, as the newest answer has them."""
        self.stable = 0
        """How many of these will stay."""

    def told(self, text: str, *, complete: bool) -> None:
        """Take in an answer: all words of the utterance from its first one on.

        `complete`: nothing was said beyond what the answer is of.
        """
        words = words_of(text)
        tokens = [word.token for word in words]
        begin = place(self._taken, tokens, following=self._before)
        self.open, fresh = words[begin:], tokens[begin:]
        self.stable = len(fresh) if complete else _agreed(self._before, fresh)
        self._before = fresh

    @property
    def letters(self) -> int:
        """How many letters the words have that are known of the utterance."""
        return sum(map(len, self._taken)) + sum(len(word.token) for word in self.open)

    def take(self, count: int) -> str:
        """Take the first `count` open words, which were stable; returns their text."""
        taken, self.open = self.open[:count], self.open[count:]
        self._taken += [word.token for word in taken]
        self._before = self._before[count:]
        self.stable = max(0, self.stable - count)
        return "".join(word.text for word in taken).strip()

    @property
    def rest(self) -> str:
        """The text of what was not taken."""
        return "".join(word.text for word in self.open).strip()


def place(taken: Sequence[str], tokens: Sequence[str], *, following: Sequence[str] = ()) -> int:
    """Where in an answer the words end that were taken from earlier ones, though some changed.

    `following`: what came after them in an earlier answer; it tells where they end.
    """
    same = _agreed(taken, tokens)
    if same == len(taken):
        return same
    # Of an utterance of minutes, only what comes after the first change is looked at.
    return same + _aligned(taken[same:], tokens[same:], following)


def _aligned(taken: Sequence[str], tokens: Sequence[str], following: Sequence[str]) -> int:
    known = [*taken, *following]
    blocks = SequenceMatcher(None, known, tokens, autojunk=False).get_matching_blocks()[:-1]
    least, at = 0, None
    for block in blocks:
        if block.a + block.size > len(taken):
            at = block.b + len(taken) - block.a
            break
        least = block.b + block.size
        # What was taken after the last word that both have is taken to have become other words.
        most = least + len(taken) - block.a - block.size
    if at is None:
        at = most if blocks else len(taken)
    return min(max(at, least), len(tokens))


def _agreed(before: Sequence[str], fresh: Sequence[str]) -> int:
    for at, (one, other) in enumerate(zip(before, fresh, strict=False)):
        if one != other:
            return at
    return min(len(before), len(fresh))
