"""Passages ranked for a question by its words.

The rank is BM25's (the `bm25s` library). How sure a match is, is judged apart from the rank: as
the share of the question's weight that the passage covers, which means the same for every
collection of documents.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agent.documents.passage import Passage
from agent.documents.plain_words import split_sentences
from agent.documents.search_terms import Vocabulary, search_terms, stem, words_of

_REFERRING = frozenset(
    map(stem, ("it", "its", "that", "this", "they", "them", "those", "these", "there"))
)
_FEW_TERMS = 2
"""A question with more words of its own does not need those of the last answer."""
_TITLE_WEIGHT = 3
"""A heading says more about a passage than its text: its words count as often."""
_CANDIDATES = 8
_LIKENESS_WEIGHT = 1.0
"""How much a heading that is worded like the question adds to a rank, as a share of it."""
_LATER_START = 1.4
"""How much better an answer from the middle of a passage must be than one from its start."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question as search terms."""

    words: frozenset[str]
    """All its words, also those that say nothing about a topic."""
    terms: tuple[str, ...]
    guesses: frozenset[str]
    """Terms that were put in place of words that no passage has."""
    context: tuple[str, ...] = ()
    """Terms of what was spoken of before: they count for the rank, not for the coverage."""

    @property
    def refers(self) -> bool:
        """Whether it can be understood by what was said before alone: "how do I change it?"."""
        return len(self.terms) <= _FEW_TERMS and not _REFERRING.isdisjoint(self.words)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage that has some of a question's terms."""

    number: int
    """Index into the passages."""
    rank: float
    """Higher is better; comparable within one question only."""
    coverage: float
    """Share of the question's weight that the passage has, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a question is answered best."""

    number: int
    """Index into the passages."""
    start: int
    """The sentence to begin with."""
    coverage: float
    """Share of the question's weight that the passage has, 0 to 1."""


class PassageIndex:
    """Finds passages by the words of a question.

    Immutable after construction; may be used from several threads.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        """Build the index. Blocks, longer the more documents there are.

        Raises:
            ValueError: there is no passage.
        """
        if not passages:
            raise ValueError("no passages")
        # Imports numpy and more, which a worker with another engine does not need.
        import bm25s

        self.passages = tuple(passages)
        terms = [_terms_of(passage) for passage in passages]
        self._terms = [frozenset(of_passage) for of_passage in terms]
        self._title_terms = [frozenset(search_terms(f"{p.title} {p.page}")) for p in passages]
        self._title_words = [[_all_words(q) for q in split_sentences(p.title)] for p in passages]
        self._ranker = bm25s.BM25()
        self._ranker.index(terms, show_progress=False)
        held_by = Counter(term for of_passage in self._terms for term in of_passage)
        self._vocabulary = Vocabulary(held_by)
        count = len(passages)
        self._weights = {
            term: math.log(1 + (count - n + 0.5) / (n + 0.5)) for term, n in held_by.items()
        }
        self._unknown_weight = math.log(1 + (count + 0.5) / 0.5)

    @property
    def pages(self) -> tuple[str, ...]:
        """Titles of the pages, in order."""
        return tuple(dict.fromkeys(passage.page for passage in self.passages))

    def query(self, question: str, *, about: Passage | None = None, context: str = "") -> Query:
        """The search terms of a question, misheard ones corrected.

        Args:
            question: as the recogniser wrote it.
            about: a passage whose titles are searched for as well.
            context: what was spoken of before; it counts where the question refers to it.
        """
        terms, guesses = self._vocabulary.heard(question)
        if about is not None:
            terms += search_terms(f"{about.title} {about.page}")
        query = Query(_all_words(question), tuple(dict.fromkeys(terms)), guesses)
        if not context or not query.refers:
            return query
        before = [t for t in dict.fromkeys(search_terms(context)) if t in self._weights]
        return replace(query, context=tuple(t for t in before if t not in query.terms))

    def has_any(self, number: int, terms: Iterable[str]) -> bool:
        """Whether a passage has one of the terms."""
        return not self._terms[number].isdisjoint(terms)

    def best(self, query: Query, *, length: int) -> Hit | None:
        """The passage that answers best.

        Args:
            query: from `query`.
            length: how many sentences will be said.

        Returns:
            None when no passage has any of the terms.
        """
        ranked = self.ranked(query, _CANDIDATES)
        if not ranked:
            return None
        first = ranked[0]
        start = self._start(first.number, self._known(query.terms), length)
        return Hit(first.number, start, first.coverage)

    def ranked(self, query: Query, candidates: int) -> list[Ranked]:
        """The passages that have any of the terms, the best first.

        Among passages about the same thing, the one whose heading is worded like the question
        wins ("why" against "how"). A guess counts only where a heading has it.

        Args:
            query: from `query`.
            candidates: how many of the first by BM25 are looked at.
        """
        asked = query.terms or query.context
        known = self._known(asked)
        if not known:
            return []
        scores = self._ranker.get_scores(self._known([*query.terms, *query.context]))
        whole = sum(self._weights.get(term, self._unknown_weight) for term in asked)
        ranked: list[Ranked] = []
        for number in scores.argsort()[::-1][:candidates].tolist():
            has = self._terms[number] - (query.guesses - self._title_terms[number])
            coverage = sum(self._weights[term] for term in known if term in has) / whole
            likeness = max(_likeness(query.words, words) for words in self._title_words[number])
            rank = float(scores[number]) * coverage * (1 + _LIKENESS_WEIGHT * likeness)
            if rank > 0:
                ranked.append(Ranked(number, rank, coverage))
        return sorted(ranked, key=lambda hit: -hit.rank)

    def _known(self, terms: Iterable[str]) -> list[str]:
        return [term for term in dict.fromkeys(terms) if term in self._weights]

    def _start(self, number: int, terms: Sequence[str], length: int) -> int:
        """The sentence from which `length` sentences say most about the terms."""
        passage = self.passages[number]
        # What the heading says, the whole section is about.
        terms = list(set(terms) - set(search_terms(passage.title)))
        sentences = [frozenset(search_terms(sentence)) for sentence in passage.sentences]
        if len(sentences) <= length:
            return 0

        def weight(start: int) -> float:
            held = frozenset().union(*sentences[start : start + length])
            return sum(self._weights[term] for term in terms if term in held)

        best = max(range(len(sentences) - length + 1), key=weight)
        return best if weight(best) > _LATER_START * weight(0) else 0


def _all_words(text: str) -> frozenset[str]:
    return frozenset(map(stem, words_of(text)))


def _likeness(question: frozenset[str], heading: frozenset[str]) -> float:
    """Share of words that two texts have in common, 0 to 1."""
    return 2 * len(question & heading) / max(len(question) + len(heading), 1)


def _terms_of(passage: Passage) -> list[str]:
    titles = search_terms(passage.title) * _TITLE_WEIGHT + search_terms(passage.page)
    return titles + [term for sentence in passage.sentences for term in search_terms(sentence)]
