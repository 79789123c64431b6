"""The documents that the calls of a worker answer from, shared by its processes."""

import logging
import time

from agent.documents.library import Library, open_library
from agent.options.documents import DocumentsOptions
from agent.personas.chosen import shelf_of
from agent.settings.load import Settings

logger = logging.getLogger(__name__)

_SLOW_S = 2.0
"""What takes longer is told."""


def preload_libraries(settings: Settings) -> None:
    """Read all documents of the settings and the personas. Blocks; again it costs nothing.

    Raises:
        EngineUnavailable: the package or the model of the embeddings is not there.
    """
    personas = shelf_of(settings.personas).personas.values()
    if is_handbook(settings):
        return  # reads them by itself
    for listed in {settings.documents.documents, *(p.documents or () for p in personas)}:
        if listed:
            began = time.perf_counter()
            library = library_of(listed, settings.documents)
            took_s = time.perf_counter() - began
            facts = {"documents": len(library.documents), "left_out": len(library.left_out)}
            level = logging.INFO if took_s > _SLOW_S or library.left_out else logging.DEBUG
            logger.log(level, "documents were read", extra={**facts, "took_s": round(took_s, 1)})


def library_of(listed: tuple[str, ...], options: DocumentsOptions) -> Library:
    """The process's library of these documents, all of which the operator has chosen. Blocks.

    Raises:
        EngineUnavailable: the package or the model of the embeddings is not there.
    """
    return open_library(listed, options.model_copy(update={"documents": listed}))


def is_handbook(settings: Settings) -> bool:
    """Whether the embedded handbook alone answers, which looks documents up by itself."""
    return all(choice.engine == "handbook" for choice in settings.llm)
