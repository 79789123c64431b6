"""A folder of documents as ranked passages.

Markdown and text files are parted at their headings into passages of a few sentences, ranked
by BM25 (the `bm25s` library). How sure a match is, is judged apart from the rank: as the share
of the question's weight that the passage covers, which means the same for every folder.
"""

import logging
import math
import os.path
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.llm.handbook.plain_words import (
    Section,
    markdown_sections,
    split_sentences,
    text_sections,
)
from agent.llm.handbook.search_terms import Vocabulary, search_terms, stem, words_of

logger = logging.getLogger(__name__)

MARKDOWN = (".md", ".markdown")
SUFFIXES = (*MARKDOWN, ".txt")

_MAX_FILE_BYTES = 4 * 2**20
"""A larger file is data, not a document."""
_MAX_SENTENCES = 8
"""A longer section becomes several passages of the same title."""
_TITLE_WEIGHT = 3
"""A heading says more about a passage than its text: its words count as often."""
_CANDIDATES = 8
_LIKENESS_WEIGHT = 1.0
"""How much a heading that is worded like the question adds to a rank, as a share of it."""
_LATER_START = 1.4
"""How much better an answer from the middle of a passage must be than one from its start."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Some sentences that stand under one heading."""

    title: str
    """Its own heading, or the page's."""
    page: str
    """The page's heading."""
    path: str
    """The file, relative to the folder, with forward slashes."""
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A question as search terms."""

    words: frozenset[str]
    """All its words, also those that say nothing about a topic."""
    terms: tuple[str, ...]
    guesses: frozenset[str]
    """Terms that were put in place of words that no passage has."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a question is answered best."""

    number: int
    """Index into the passages."""
    start: int
    """The sentence to begin with."""
    coverage: float
    """Share of the question's weight that the passage has, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far into a passage a text has come."""

    number: int
    """Index into the passages."""
    first: int
    """The first sentence that was said, at least in part."""
    next: int
    """The first sentence that was not said to its end."""


def documents(folder: Path) -> Iterator[Path]:
    """The files below a folder that are read, in the order of their paths. Blocks.

    Raises:
        OSError: a folder cannot be read.
    """
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.suffix.lower() in SUFFIXES and path.is_file():
            yield path


def load_passages(folder: Path) -> list[Passage]:
    """Read all documents below a folder, in the order of their paths. Blocks.

    Hidden files and folders are left out; bytes that are not UTF-8 are replaced.

    Raises:
        OSError: a file or the folder cannot be read.
    """
    passages: list[Passage] = []
    for path in documents(folder):
        relative = path.relative_to(folder)
        if path.stat().st_size > _MAX_FILE_BYTES:
            logger.warning("document too large, left out", extra={"path": relative.as_posix()})
            continue
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        passages += _passages_of(text, relative)
    return passages


def _passages_of(text: str, path: Path) -> Iterator[Passage]:
    part = markdown_sections if path.suffix.lower() in MARKDOWN else text_sections
    page, sections = part(text)
    page = page or path.stem.replace("-", " ").replace("_", " ").capitalize()
    for section in sections:
        for sentences in _portions(section):
            yield Passage(section.title or page, page, path.as_posix(), tuple(sentences))


def _portions(section: Section) -> Iterator[list[str]]:
    """Part a long section, between paragraphs where it can be."""
    portion: list[str] = []
    for paragraph in section.paragraphs:
        if portion and len(portion) + len(paragraph) > _MAX_SENTENCES:
            yield portion
            portion = []
        portion += paragraph
        while len(portion) > _MAX_SENTENCES:
            yield portion[:_MAX_SENTENCES]
            portion = portion[_MAX_SENTENCES:]
    if portion:
        yield portion


class PassageIndex:
    """Finds passages by a question, and a passage again by what was said of it.

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
        self._title_keys = [_key(p.title) for p in passages]
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
        self._said: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, passage in enumerate(passages):
            for i, sentence in enumerate(passage.sentences):
                self._said[_key(sentence)].append((number, i))

    @property
    def pages(self) -> tuple[str, ...]:
        """Titles of the pages, in order."""
        return tuple(dict.fromkeys(passage.page for passage in self.passages))

    def query(self, question: str, *, about: Passage | None = None) -> Query:
        """The search terms of a question, misheard ones corrected.

        Args:
            question: as the recogniser wrote it.
            about: a passage whose titles are searched for as well.
        """
        terms, guesses = self._vocabulary.heard(question)
        if about is not None:
            terms += search_terms(f"{about.title} {about.page}")
        return Query(_all_words(question), tuple(dict.fromkeys(terms)), guesses)

    def has_any(self, number: int, terms: Iterable[str]) -> bool:
        """Whether a passage has one of the terms."""
        return not self._terms[number].isdisjoint(terms)

    def best(self, query: Query, *, length: int) -> Hit | None:
        """The passage that answers best.

        Among passages about the same thing, the one whose heading is worded like the question
        wins ("why" against "how"). A guess counts only where a heading has it.

        Args:
            query: from `query`.
            length: how many sentences will be said.

        Returns:
            None when no passage has any of the terms.
        """
        known = [term for term in query.terms if term in self._weights]
        if not known:
            return None
        scores = self._ranker.get_scores(known)
        whole = sum(self._weights.get(term, self._unknown_weight) for term in query.terms)
        best, most = None, 0.0
        for number in scores.argsort()[::-1][:_CANDIDATES].tolist():
            has = self._terms[number] - (query.guesses - self._title_terms[number])
            held = sum(self._weights[term] for term in known if term in has)
            coverage = held / whole
            likeness = max(_likeness(query.words, words) for words in self._title_words[number])
            rank = scores[number] * coverage * (1 + _LIKENESS_WEIGHT * likeness)
            if rank > most:
                most = rank
                best = Hit(number, self._start(number, known, length), coverage)
        return best

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

    def place_of(self, said: str) -> Place | None:
        """Find how far a reply has come that was made of a passage's sentences.

        Args:
            said: a whole reply, or its beginning when it was interrupted. The passage's title
                may stand before the sentences.

        Returns:
            None when it is no such reply, or too short to tell of which passage.
        """
        heard = " ".join(words_of(said))
        if not heard:
            return None
        places = [self._followed(heard, at) for at in self._openings(heard)]
        for number, title in enumerate(self._title_keys):
            if title and _begins(heard, title):
                rest = heard[len(title) :].lstrip()
                places.append(self._followed(rest, (number, 0)))
        places.sort(key=lambda found: -found[1])
        if not places or (len(places) > 1 and places[0][1] == places[1][1]):
            return None
        return places[0][0]

    def _openings(self, heard: str) -> list[tuple[int, int]]:
        """The sentences that a reply may have begun with, as (passage, sentence)."""
        whole = [key for key in self._said if key and _begins(heard, key)]
        if whole:
            return self._said[max(whole, key=len)]
        cut = [at for key, places in self._said.items() if key.startswith(heard) for at in places]
        return cut if len(cut) == 1 else []

    def _followed(self, heard: str, at: tuple[int, int]) -> tuple[Place, int]:
        """How far a reply follows a passage from a sentence, and how much of it that is."""
        number, first = at
        rest, reached = heard, first
        sentences = self.passages[number].sentences
        while reached < len(sentences) and rest and _begins(rest, _key(sentences[reached])):
            rest = rest[len(_key(sentences[reached])) :].lstrip()
            reached += 1
        following = _key(sentences[reached]) if reached < len(sentences) else ""
        agreed = len(os.path.commonprefix([following, rest]))
        return Place(number, first, reached), len(heard) - len(rest) + agreed


def _all_words(text: str) -> frozenset[str]:
    return frozenset(map(stem, words_of(text)))


def _likeness(question: frozenset[str], heading: frozenset[str]) -> float:
    """Share of words that two texts have in common, 0 to 1."""
    return 2 * len(question & heading) / max(len(question) + len(heading), 1)


def _terms_of(passage: Passage) -> list[str]:
    titles = search_terms(passage.title) * _TITLE_WEIGHT + search_terms(passage.page)
    return titles + [term for sentence in passage.sentences for term in search_terms(sentence)]


def _begins(text: str, words: str) -> bool:
    return f"{text} ".startswith(f"{words} ") or not words


def _key(sentence: str) -> str:
    return " ".join(words_of(sentence))
