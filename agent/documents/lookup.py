"""Passages found for a question: by its words, by its meaning, or by both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.documents.embedding.embedder import Embedder
from agent.documents.passage import Passage
from agent.documents.ranking import PassageIndex
from agent.documents.store import Vectors

_CANDIDATES = 40
"""Passages of each kind of search that are looked at."""
_RANK_CONSTANT = 60
"""Of reciprocal rank fusion: how little the first places differ from the next."""
_SIGNS = 0.6
"""How much less a passage's place by words counts than its place by meaning."""


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


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a question means, beside all passages."""

    cosines: NDArray[np.float32]
    surely: float
    hardly: float

    @classmethod
    def of(cls, vector: NDArray[np.float32], vectors: Vectors, embedder: Embedder) -> "Meaning":
        """Compare a question's vector with those of the passages."""
        return cls(vectors @ vector, embedder.surely, embedder.hardly)

    def match(self, number: int) -> float:
        """How sure it is that a passage is about the question, 0 to 1."""
        share = (float(self.cosines[number]) - self.hardly) / (self.surely - self.hardly)
        return min(max(share, 0.0), 1.0)


def look_up(
    index: PassageIndex,
    question: str,
    *,
    context: str,
    meaning: Meaning | None,
    min_match: float,
    limit: int,
) -> list[Found]:
    """The passages that may answer a question, the best first. Blocks for some milliseconds.

    Args:
        index: of all passages.
        question: as the recogniser wrote it.
        context: what was spoken of before.
        meaning: of the question; None: its words alone count.
        min_match: passages that are less sure are left out.
        limit: how many are wanted.
    """
    hits = index.ranked(index.query(question, context=context), _CANDIDATES)
    coverage = {hit.number: hit.coverage for hit in hits}
    scores = {hit.number: hit.rank for hit in hits}
    match = dict(coverage)
    if meaning is not None:
        nearest = _nearest(meaning.cosines, _CANDIDATES)
        scores = _fused([hit.number for hit in hits], nearest)
        match = {n: max(coverage.get(n, 0.0), meaning.match(n)) for n in scores}
    best = sorted(scores, key=lambda number: -scores[number])
    sure = [number for number in best if match[number] >= min_match]
    return [Found(index.passages[n], scores[n], match[n]) for n in sure[:limit]]


def _nearest(cosines: NDArray[np.float32], count: int) -> list[int]:
    count = min(count, len(cosines))
    some = np.argpartition(-cosines, count - 1)[:count]
    nearest: list[int] = some[np.argsort(-cosines[some])].tolist()
    return nearest


def _fused(by_words: Sequence[int], by_meaning: Sequence[int]) -> dict[int, float]:
    """Reciprocal rank fusion: a passage that both have is before one that either has first."""
    scores: dict[int, float] = {}
    for weight, ranked in ((_SIGNS, by_words), (1.0, by_meaning)):
        for place, number in enumerate(ranked):
            scores[number] = scores.get(number, 0.0) + weight / (_RANK_CONSTANT + place + 1)
    return scores
