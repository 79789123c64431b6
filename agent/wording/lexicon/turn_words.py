"""What the words of a caller say about the turn, per language: the fields.

Words are in lower case, as `agent.turns.words.tokens` gives them; of a language without spaces
they are runs of characters.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property


def spaced(text: str) -> frozenset[str]:
    """Words with white space between them."""
    return frozenset(text.split())


def listed(text: str) -> frozenset[str]:
    """Phrases with commas between them."""
    return frozenset(phrase for part in text.split(",") if (phrase := " ".join(part.split())))


class Endings:
    """Patterns of how a sentence ends, in words with one space between them."""

    def __init__(self, *patterns: str) -> None:
        """Compile them when the first is looked for, or by `prepare`; the end is added."""
        self._patterns = patterns

    @cached_property
    def _compiled(self) -> re.Pattern[str] | None:
        if not self._patterns:
            return None
        return re.compile("|".join(f"(?:{pattern})$" for pattern in self._patterns))

    def prepare(self) -> None:
        """Compile them now: the English ones take tens of milliseconds."""
        _ = self._compiled

    def match(self, sentence: str) -> bool:
        """Whether a sentence ends so."""
        return self._compiled is not None and self._compiled.search(sentence) is not None

    def __bool__(self) -> bool:
        return bool(self._patterns)


@dataclass(frozen=True, kw_only=True)
class SpacedEnds:
    """How sentences end in a language written with spaces.

    The last word and the mark after it decide together: "I do" may go on, "Yes, I do." is whole,
    "I went to." lacks something whatever the recogniser wrote.
    """

    never: frozenset[str]
    """No sentence ends with these, whatever mark follows, but for the patterns."""
    rarely: frozenset[str]
    """The same, but a question may."""
    seldom: frozenset[str]
    """A sentence ends with these only where a mark says so, and even then it is doubtful."""
    never_pairs: frozenset[str]
    """The same as `rarely`, of two words with a hyphen between them."""
    open: Endings = field(default_factory=Endings)
    """Probably not whole although the last word is in none of these."""
    answer: Endings
    """Whole although the last word is in a set above; probably so even without a mark."""
    sentence: Endings
    """Whole where a mark says so."""
    doubtful: Endings = field(default_factory=Endings)
    """Not to be ruled out where a mark says so."""
    question: Endings
    """Whole where a question mark says so."""

    def prepare(self) -> None:
        """Compile the patterns."""
        for endings in (self.open, self.answer, self.sentence, self.doubtful, self.question):
            endings.prepare()

    @property
    def known(self) -> frozenset[str]:
        """Words of the language."""
        return self.never | self.rarely | self.seldom


@dataclass(frozen=True, kw_only=True)
class DenseEnds:
    """How sentences end in a language written without spaces."""

    whole: Endings
    """Whole although it ends as said below."""
    done: tuple[str, ...]
    """Endings of a finished sentence, with a mark or without."""
    never: tuple[str, ...]
    """Endings of an unfinished one, whatever mark follows."""
    open: Endings
    """The same, as patterns."""
    seldom: tuple[str, ...]
    """The same, but a mark makes it doubtful."""

    def prepare(self) -> None:
        """Compile the patterns."""
        self.whole.prepare()
        self.open.prepare()


@dataclass(frozen=True, kw_only=True)
class TurnWords:
    """What is known of callers who speak a language. What is empty is not written yet."""

    listening: frozenset[str] = frozenset()
    """What listeners say without wanting the floor: phrases."""
    stops: frozenset[str] = frozenset()
    """First words that always take the floor."""
    digits: frozenset[str] = frozenset()
    """Number words as they are dictated one by one."""
    scales: frozenset[str] = frozenset()
    """Number words that make the others an amount, such as "hundred"."""
    between_digits: frozenset[str] = frozenset()
    """Said between groups of them."""
    address: frozenset[str] = frozenset()
    """How the signs within an e-mail address or that of a page are dictated."""
    mail: frozenset[str] = frozenset()
    """Names of such addresses."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """Names of numbers that are dictated, and how many digits each usually has."""
    variants: Mapping[int, str | int] = field(default_factory=dict)
    """Characters that may be written for those here, as `str.translate` takes them."""
    ends: SpacedEnds | DenseEnds | None = None
    """How its sentences end."""

    def prepare(self) -> None:
        """Do now what would take time when the first words come."""
        if self.ends is not None:
            self.ends.prepare()
