"""Documents read and embedded: from the disk's store where nothing has changed."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from agent.documents.embedding.embedder import Embedder
from agent.documents.fetching import fetch
from agent.documents.formats.parsed import Parsed, Unreadable
from agent.documents.formats.reading import read
from agent.documents.meaning import pieces_of
from agent.documents.passage import Passage, passages_of
from agent.documents.sources import LeftOut, Listed
from agent.documents.sources import listed as listed_in
from agent.documents.store import FetchedPage, Store, Vectors, content_key, texts_key
from agent.errors import EngineUnavailable
from agent.options.documents import DocumentsOptions

logger = logging.getLogger(__name__)

_MB = 1_000_000
_LOT = 256
"""Pieces of a document that are embedded, and kept, together."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work has come."""

    step: Literal["reading", "embedding"]
    done: int
    """Documents that were read, or pieces of passages that were embedded."""
    total: int


Report = Callable[[Progress], None]
"""Told of progress; what it raises ends the work. What was done till then is kept."""


@dataclass(frozen=True, slots=True)
class Document:
    """One that was read."""

    path: str
    title: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """What came of some sources."""

    documents: tuple[Document, ...]
    left_out: tuple[LeftOut, ...]
    changed: int
    """How many documents were read anew: others were in the store."""


def read_all(
    sources: Sequence[str | Path], options: DocumentsOptions, store: Store, report: Report
) -> Built:
    """Read the documents of all sources, in order. Blocks.

    One that cannot be read is left out and named; the others are there. A content that lies in
    several places is read once.
    """
    documents: list[Document] = []
    left_out: list[LeftOut] = []
    of_content: dict[str, str] = {}
    changed = 0
    everything = list(listed_in(sources))
    for done, item in enumerate(everything):
        report(Progress("reading", done, len(everything)))
        if isinstance(item, LeftOut):
            left_out.append(item)
            continue
        try:
            page = _content(item, options, store)
            key = content_key(page.content, page.suffix)
            if key in of_content:
                raise Unreadable(f"it is the same as {of_content[key]}")
            of_content[key] = item.path
            parsed = store.parsed(key)
            if parsed is None:
                parsed = _read(page, key, store)
                changed += 1
        except Unreadable as why:
            left_out.append(LeftOut(item.path, str(why)))
            continue
        documents.append(_document(item.path, parsed))
    report(Progress("reading", len(everything), len(everything)))
    return Built(tuple(documents), tuple(left_out), changed)


def embed_all(
    documents: Sequence[Document], embedder: Embedder, store: Store, report: Report
) -> Vectors:
    """The vectors of all pieces of all passages, in order. Blocks.

    Those of some hundred pieces are kept as soon as they are there.

    Raises:
        EngineUnavailable: the model cannot be used, or its server refuses.
    """
    lots = [lot for document in documents for lot in _lots(document)]
    total = sum(map(len, lots))
    parts: list[Vectors] = []
    finished = 0
    for texts in lots:
        key = texts_key(texts)
        vectors = store.vectors(key, embedder.key, len(texts))
        if vectors is None:
            tell = partial(_tell, report, finished, total)
            vectors = embedder.embed_passages(texts, tell)
            store.keep_vectors(key, embedder.key, vectors)
        parts.append(vectors)
        finished += len(texts)
        report(Progress("embedding", finished, total))
    if len({part.shape[1] for part in parts}) > 1:
        raise EngineUnavailable(
            "the model of the embeddings is another one than before under the same name: empty the "
            "folder DOCUMENTS_CACHE"
        )
    return np.concatenate(parts)


def _lots(document: Document) -> Iterator[list[str]]:
    pieces = [piece for passage in document.passages for piece in pieces_of(passage)]
    for start in range(0, len(pieces), _LOT):
        yield pieces[start : start + _LOT]


def _tell(report: Report, before: int, total: int, done: int) -> None:
    report(Progress("embedding", before + done, total))


def _read(page: FetchedPage, key: str, store: Store) -> Parsed:
    try:
        parsed = read(page.content, page.suffix, charset=page.charset)
    except Unreadable as why:
        store.keep_unreadable(key, why)
        raise
    store.keep_parsed(key, parsed)
    return parsed


def _document(path: str, parsed: Parsed) -> Document:
    passages = tuple(passages_of(parsed.page, parsed.sections, path))
    return Document(path, passages[0].page, passages)


def _content(item: Listed, options: DocumentsOptions, store: Store) -> FetchedPage:
    max_bytes = int(options.max_file_mb * _MB)
    if isinstance(item.place, str):
        return _page(item.place, options, store, max_bytes)
    try:
        size = item.place.stat().st_size
        if size > max_bytes:
            raise Unreadable(
                f"it has {size / _MB:.0f} MB, more than "
                f"DOCUMENTS_MAX_FILE_MB={options.max_file_mb:g}"
            )
        with item.place.open("rb") as file:
            return FetchedPage(file.read(max_bytes), item.place.suffix.lower(), None, 0.0)
    except OSError as error:
        raise Unreadable(f"it cannot be read ({error.strerror})") from error


def _page(address: str, options: DocumentsOptions, store: Store, max_bytes: int) -> FetchedPage:
    """A page, asked for anew when it is old; one that cannot be had is as it was before."""
    listed = address in options.documents
    known = store.page(address, listed=listed)
    if known is not None and known.age_s <= options.page_max_age_s:
        return known
    try:
        page = asyncio.run(fetch(address, listed=listed, max_bytes=max_bytes))
    except Unreadable:
        if known is None:
            raise
        logger.warning("a page of the documents cannot be fetched: it is used as it was before")
        return known
    store.keep_page(address, page, listed=listed)
    return page
