"""What a person may set for this engine, by `LLM_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from pathlib import Path

from pydantic import DirectoryPath

from agent.options.documents import Sources
from agent.options.fields import EngineOptions, setting


class Options(EngineOptions):
    """Which documents, and how much of them is said."""

    folder: DirectoryPath | None = setting(
        None,
        "folder of documents to answer from; empty: those of LLM_DOCUMENTS, else a handbook of "
        "this project",
    )
    documents: Sources = setting(
        (),
        "folders, files and addresses of pages to answer from, with commas between them",
        fallback="DOCUMENTS",
    )
    documents_cache: Path | None = setting(
        None,
        "folder of what was read; empty: documents in the user's cache folder",
        fallback="DOCUMENTS_CACHE",
    )
    max_sentences: int = setting(
        3, "sentences of one answer; the caller asks for more with 'go on'", ge=1, le=20
    )
    min_match: float = setting(
        0.5,
        "share of a question's weight that a passage must cover, else it counts as unknown, 0-1",
        ge=0,
        le=1,
    )
