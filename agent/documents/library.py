"""Documents ready to be looked up in, shared by all calls of a process.

    library = await asyncio.to_thread(open_library, options.documents, options)
    found = await library.search("when do you open", context=last_answer, limit=options.passages)
    message = quoted(found, max_chars=options.max_chars)     # "" when nothing was found
    page = sources(found)                                    # [{"title", "path", "extract"}]

(`quoted` and `sources` are in `agent.documents.quoting`.) Paths and addresses are read with the
worker's rights: none may be a stranger's choice but public addresses.
"""

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.documents.building import Built, Document, Report, embed_all, read_all
from agent.documents.embedding.embedder import Embedder, build
from agent.documents.lookup import Found, by_words, choose
from agent.documents.meaning import MeaningIndex
from agent.documents.ranking import PassageIndex, Ranked
from agent.documents.small_talk import intent_of, without_lead_in
from agent.documents.sources import LeftOut
from agent.documents.store import Store, Vectors
from agent.errors import EngineUnavailable
from agent.options.documents import DocumentsOptions

logger = logging.getLogger(__name__)

_MOST = 8
"""Libraries that a process keeps; the one that nobody has opened for longest goes first."""
_MOST_CHARS = 1000
"""A longer question says no more about what is wanted."""


class Library:
    """Passages of some documents. May be used from several threads and event loops."""

    def __init__(
        self,
        built: Built,
        *,
        embedder: Embedder | None,
        vectors: Vectors | None,
        min_match: float,
        trouble: str,
    ) -> None:
        """Build the index. Blocks, longer the more passages there are."""
        self.documents: tuple[Document, ...] = built.documents
        self.left_out: tuple[LeftOut, ...] = built.left_out
        self.changed = built.changed
        """How many documents were not as they were when they were read last."""
        self.trouble = trouble
        """Why passages are not found by meaning although they should; "" when they are."""
        passages = [passage for document in built.documents for passage in document.passages]
        self.index = PassageIndex(passages) if passages else None
        """None: there is no document."""
        self._embedder = embedder
        self._meaning = MeaningIndex(vectors, passages) if vectors is not None else None
        self._min_match = min_match

    @property
    def by_meaning(self) -> bool:
        """Whether passages are found by meaning, too."""
        return self._meaning is not None

    async def search(self, question: str, *, context: str = "", limit: int = 4) -> list[Found]:
        """The passages that may answer a question, the best first; none for small talk.

        A question whose vector cannot be had in time is looked up by its words. Safe to cancel.

        Args:
            question: as it was said or typed.
            context: what was spoken of before, for "how do I change it?"; the last question and
                answer will do.
            limit: how many are wanted.
        """
        question = without_lead_in(question[:_MOST_CHARS])
        if self.index is None or not question.strip() or intent_of(question) is not None:
            return []
        context = context[:_MOST_CHARS]
        ranking = asyncio.to_thread(by_words, self.index, question, context=context)
        hits, vector = await asyncio.gather(ranking, self._vector(question, context))
        return await asyncio.to_thread(self._choose, hits, vector, limit)

    def _choose(
        self, hits: Sequence[Ranked], vector: NDArray[np.float32] | None, limit: int
    ) -> list[Found]:
        assert self.index is not None
        nearness = None
        if vector is not None and self._meaning is not None and self._embedder is not None:
            nearness = self._meaning.near(vector, self._embedder)
        return choose(self.index, hits, nearness=nearness, min_match=self._min_match, limit=limit)

    async def aclose(self) -> None:
        """Close this event loop's connections; the library stays. May be called more than once."""
        if self._embedder is not None:
            await self._embedder.aclose()

    async def _vector(self, question: str, context: str) -> NDArray[np.float32] | None:
        """What the question means; None: it is looked up by its words alone."""
        if self._embedder is None or self._meaning is None or self.index is None:
            return None
        refers = await asyncio.to_thread(self._refers, question) if context else False
        text = f"{context}\n{question}" if refers else question
        try:
            vector = await self._embedder.embed_question(text)
        except EngineUnavailable as error:
            # Its text may repeat what a server says, and so the caller.
            why = type(error.__cause__ or error).__name__
            logger.warning("a question is looked up by its words alone", extra={"why": why})
            return None
        if vector.shape != (self._meaning.dimensions,):
            logger.warning("the server of embeddings has another model than the index")
            return None
        return vector

    def _refers(self, question: str) -> bool:
        return self.index is not None and self.index.query(question).refers


def _silent(progress: object) -> None:
    """Tell nobody."""


class _Place:
    """Where one library will be, or is: whoever wants it waits for this one alone."""

    def __init__(self) -> None:
        self.opening = threading.Lock()
        self.library: Library | None = None


_looking = threading.Lock()
_places: OrderedDict[tuple[tuple[str, ...], DocumentsOptions], _Place] = OrderedDict()


def open_library(
    sources: Sequence[str | Path], options: DocumentsOptions, *, report: Report = _silent
) -> Library:
    """The library of some folders, files and addresses. Blocks while it is built, once per process.

    It is as its documents were then: a process that is to see changes is started anew. Built before
    processes part, it is theirs together. Starts no thread that outlives the call.

    Args:
        sources: in the order of their worth where contents are the same.
        options: the settings.
        report: told of progress, also of what is in the store; what it raises ends the work, and
            the next one goes on where it ended.

    Raises:
        EngineUnavailable: the package or the model of the embeddings is not there.
    """
    key = tuple(map(str, sources)), options
    with _looking:
        place = _places.setdefault(key, _Place())
        _places.move_to_end(key)
        while len(_places) > _MOST:
            _places.popitem(last=False)
    with place.opening:
        if place.library is None:
            place.library = _built(sources, options, report)
        return place.library


def _built(sources: Sequence[str | Path], options: DocumentsOptions, report: Report) -> Library:
    store = Store(options.cache)
    embedder = build(options)
    built = read_all(sources, options, store, report)
    vectors, trouble = None, ""
    if embedder is not None and built.documents:
        try:
            vectors = embed_all(built.documents, embedder, store, report)
        except EngineUnavailable as error:
            # Its text may repeat what a server says, and so a document.
            logger.warning("documents are found by their words alone: they cannot be embedded")
            trouble = str(error)
    store.tidy()
    return Library(
        built, embedder=embedder, vectors=vectors, min_match=options.min_match, trouble=trouble
    )
