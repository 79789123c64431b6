"""Documents as passages: a few sentences that stand under one heading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent.documents.plain_words import Section

_MAX_SENTENCES = 8
"""A longer section becomes several passages of the same title."""
_MAX_SENTENCE = 1000
"""Characters; what goes on for longer is a list or a table that has no ends of sentences."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Some sentences that stand under one heading."""

    title: str
    """Its own heading, or the page's."""
    page: str
    """The page's heading."""
    path: str
    """The file, relative to its folder, with forward slashes; or the address of a page."""
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentences in one."""
        return " ".join(self.sentences)


def passages_of(page: str | None, sections: Sequence[Section], path: str) -> Iterator[Passage]:
    """Part a document.

    Args:
        page: its heading; None: it is made of the file's name.
        sections: in order.
        path: of the document, as people are shown it.
    """
    page = page or _named(path)
    for section in sections:
        for sentences in _portions(section):
            yield Passage(section.title or page, page, path, tuple(sentences))


def _named(path: str) -> str:
    stem = PurePosixPath(path.partition("?")[0]).stem
    return stem.replace("-", " ").replace("_", " ").capitalize() or path


def _portions(section: Section) -> Iterator[list[str]]:
    """Part a long section, between paragraphs where it can be."""
    portion: list[str] = []
    for paragraph in section.paragraphs:
        if portion and len(portion) + len(paragraph) > _MAX_SENTENCES:
            yield portion
            portion = []
        portion += [part for sentence in paragraph for part in _bounded(sentence)]
        while len(portion) > _MAX_SENTENCES:
            yield portion[:_MAX_SENTENCES]
            portion = portion[_MAX_SENTENCES:]
    if portion:
        yield portion


def _bounded(sentence: str) -> Iterator[str]:
    while len(sentence) > _MAX_SENTENCE:
        at = sentence.rfind(" ", 1, _MAX_SENTENCE)
        at = at if at > 0 else _MAX_SENTENCE
        yield sentence[:at]
        sentence = sentence[at:].lstrip()
    if sentence:
        yield sentence
