"""Passages as vectors of their pieces, and how near a question is to each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.documents.embedding.embedder import Embedder
from agent.documents.passage import Passage
from agent.documents.store import Vectors

_SENTENCES = 2
"""Of a piece. A vector of a whole passage is near to nothing in particular: of the questions on
this project that were for choosing, two thirds found their passage first with pieces, half without.
"""


def pieces_of(passage: Passage) -> Iterator[str]:
    """What is embedded of a passage: its heading with a few sentences at a time."""
    for start in range(0, len(passage.sentences), _SENTENCES):
        sentences = " ".join(passage.sentences[start : start + _SENTENCES])
        yield f"{passage.title}\n{sentences}"


class MeaningIndex:
    """The vectors of some passages. Immutable; may be used from several threads."""

    def __init__(self, vectors: Vectors, passages: Sequence[Passage]) -> None:
        """Take the vectors of all pieces of all passages, in order."""
        counts = [-(-len(passage.sentences) // _SENTENCES) for passage in passages]
        self._vectors = vectors
        self._starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        self.dimensions = vectors.shape[1]

    def near(self, vector: NDArray[np.float32], embedder: Embedder) -> "Nearness":
        """Compare a question's vector with every passage: with its nearest piece."""
        # einsum has one thread: those of a matrix product wait for a core beside other calls.
        cosines = np.einsum("pd,d->p", self._vectors, vector)
        cosines = np.maximum.reduceat(cosines, self._starts)
        return Nearness(cosines, embedder.surely, embedder.hardly)


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near each passage is to a question."""

    cosines: NDArray[np.float32]
    """Of each passage."""
    surely: float
    hardly: float

    def match(self, number: int) -> float:
        """How sure it is that a passage is about the question, 0 to 1."""
        share = (float(self.cosines[number]) - self.hardly) / (self.surely - self.hardly)
        return min(max(share, 0.0), 1.0)

    def nearest(self, count: int) -> list[int]:
        """The passages that are nearest, in no order."""
        count = min(count, len(self.cosines))
        nearest: list[int] = np.argpartition(-self.cosines, count - 1)[:count].tolist()
        return nearest
