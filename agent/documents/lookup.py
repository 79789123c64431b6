"""Passages found for a question: by its words, by its meaning, or by both."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.documents.meaning import Nearness
from agent.documents.passage import Passage
from agent.documents.ranking import PassageIndex, Ranked

_CANDIDATES = 40
"""Passages of each kind of search that are looked at."""
_COVERAGE = 0.25
"""What a passage with all words of a question has before one with none, as a cosine; one with half
of them has a quarter of it. Chosen on the half of our questions that is for it. Fusing ranks found
less: a rank by words says nothing where people have other words than the document."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that may answer a question."""

    passage: Passage
    score: float
    """Higher is better; comparable within one search only."""
    match: float
    """How sure it is that the passage is about the question, 0 to 1."""

    @property
    def text(self) -> str:
        """Its sentences."""
        return self.passage.text

    @property
    def title(self) -> str:
        """Its heading."""
        return self.passage.title

    @property
    def page(self) -> str:
        """The heading of its document."""
        return self.passage.page

    @property
    def path(self) -> str:
        """Its file, or its address."""
        return self.passage.path


def by_words(index: PassageIndex, question: str, *, context: str) -> Sequence[Ranked]:
    """The passages that have most of a question's words. Blocks for some milliseconds.

    Args:
        index: of all passages.
        question: as the recogniser wrote it.
        context: what was spoken of before.
    """
    return index.ranked(index.query(question, context=context), _CANDIDATES)


def choose(
    index: PassageIndex,
    hits: Sequence[Ranked],
    *,
    nearness: Nearness | None,
    min_match: float,
    limit: int,
) -> list[Found]:
    """The passages that may answer a question, the best first.

    Args:
        index: of all passages.
        hits: of `by_words`.
        nearness: of the passages to the question in meaning; None: its words alone count.
        min_match: passages that are less sure are left out.
        limit: how many are wanted.
    """
    if nearness is None:
        best = [Found(index.passages[hit.number], hit.rank, hit.coverage) for hit in hits]
    else:
        best = _both(index, hits, nearness)
    return [found for found in best if found.match >= min_match][:limit]


def _both(index: PassageIndex, hits: Sequence[Ranked], nearness: Nearness) -> list[Found]:
    coverage = {hit.number: hit.coverage for hit in hits}
    found: list[Found] = []
    for number in {*coverage, *nearness.nearest(_CANDIDATES)}:
        words, meaning = coverage.get(number, 0.0), nearness.match(number)
        score = float(nearness.cosines[number]) + _COVERAGE * words**2
        # One word of small talk is in some passage: words alone must be more than half of it.
        found.append(Found(index.passages[number], score, max(meaning, (meaning + words) / 2)))
    return sorted(found, key=lambda passage: -passage.score)
