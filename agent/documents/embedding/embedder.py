"""What finds passages by meaning, whichever model does."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.documents.store import Vectors
from agent.options.documents import DocumentsOptions

Done = Callable[[int], None]
"""Told how many texts are done; what it raises ends the work."""


class Embedder(Protocol):
    """One model. May be used from several threads and event loops."""

    @property
    def key(self) -> str:
        """Names the vectors: another key, other vectors."""
        ...

    @property
    def surely(self) -> float:
        """Cosine from which a passage is surely about the question."""
        ...

    @property
    def hardly(self) -> float:
        """Cosine up to which a passage has nothing to do with the question."""
        ...

    def embed_passages(self, texts: Sequence[str], done: Done) -> Vectors:
        """Embed passages; blocks.

        Returns:
            float32, shape (texts, dimensions), rows of length 1.

        Raises:
            EngineUnavailable: the model cannot be used, or its server refuses.
        """
        ...

    async def embed_question(self, text: str) -> NDArray[np.float32]:
        """Embed a question; does not block the event loop. Safe to cancel.

        Returns:
            float32, shape (dimensions,), of length 1.

        Raises:
            EngineUnavailable: the server does not answer in time, or refuses.
        """
        ...

    async def aclose(self) -> None:
        """Close what this event loop opened. May be called more than once."""
        ...


def build(options: DocumentsOptions) -> Embedder | None:
    """The embedder of the settings; None: passages are found by their words alone. Blocks.

    Raises:
        EngineUnavailable: its package is not installed, or its model is not there.
    """
    match options.embeddings:
        case "off":
            return None
        case "local":
            from agent.documents.embedding.local_model import LocalModel

            return LocalModel(options)
        case "openai":
            from agent.documents.embedding.openai_server import OpenAIEmbeddings

            return OpenAIEmbeddings(options)


def unit(vectors: NDArray[np.float32]) -> Vectors:
    """The same directions, of length 1."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
