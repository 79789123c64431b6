"""Embeddings `openai`: any server with OpenAI's /v1/embeddings.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

import asyncio
import contextlib
import math
import random
import weakref
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from agent.documents.embedding.embedder import Done, unit
from agent.documents.store import Vectors
from agent.errors import EngineUnavailable
from agent.options.documents import DocumentsOptions
from agent.remote import http_client
from agent.remote.openai_errors import reason, remedy

_MODEL = "text-embedding-3-small"
_BATCH = 64
"""Texts of one request: some servers take no more."""
_TRIES = 5
_PASSAGES_S = 60.0
"""Longest wait for the vectors of one batch."""
_MOST_WAIT_S = 20.0
"""Longest wait before another try."""
_KEEP_ALIVE_S = 60.0
_PASSING = (408, 409, 425, 429)


class _Again(Exception):
    """Another try may succeed."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


class OpenAIEmbeddings:
    """A client for each event loop that asks."""

    surely = 0.6
    hardly = 0.3

    def __init__(self, options: DocumentsOptions) -> None:
        """Prepare; nothing is contacted."""
        self._options = options
        self._model = options.model or _MODEL
        self.key = f"openai {options.url} {self._model} {options.passage_prefix}"
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = (
            weakref.WeakKeyDictionary()
        )

    def embed_passages(self, texts: Sequence[str], done: Done) -> Vectors:
        """In batches, one after the other; one that passing trouble hit is sent again."""
        return asyncio.run(self._passages(texts, done))

    async def embed_question(self, text: str) -> NDArray[np.float32]:
        """One request, on a connection that is kept."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = await self._opened()
            # Another question may have opened one meanwhile.
            client = self._clients.setdefault(loop, client)
        try:
            async with asyncio.timeout(self._options.timeout_s):
                vectors = await self._vectors(client, [self._options.query_prefix + text])
        except (_Again, TimeoutError) as error:
            raise EngineUnavailable(
                f"{self._options.url} gave no vector of the question within "
                f"DOCUMENTS_TIMEOUT_S={self._options.timeout_s:g}"
            ) from error
        vector: NDArray[np.float32] = vectors[0]
        return vector

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    async def _opened(self) -> httpx.AsyncClient:
        return await asyncio.to_thread(
            http_client.open_client,
            self._options.url,
            self._options.api_key,
            keep_alive_s=_KEEP_ALIVE_S,
        )

    async def _passages(self, texts: Sequence[str], done: Done) -> Vectors:
        made: list[Vectors] = []
        async with await self._opened() as client:
            for start in range(0, len(texts), _BATCH):
                batch = [self._options.passage_prefix + t for t in texts[start : start + _BATCH]]
                made.append(await self._tried(client, batch))
                done(start + len(batch))
        if len({vectors.shape[1] for vectors in made}) > 1:
            raise self._wrong("vectors of different lengths")
        return np.concatenate(made)

    async def _tried(self, client: httpx.AsyncClient, texts: Sequence[str]) -> Vectors:
        for tried in range(1, _TRIES + 1):
            try:
                async with asyncio.timeout(_PASSAGES_S):
                    return await self._vectors(client, texts)
            except (_Again, TimeoutError) as error:
                if tried == _TRIES:
                    raise EngineUnavailable(
                        f"{self._options.url} does not embed passages: "
                        f"{str(error) or f'no answer within {_PASSAGES_S:g} s'}; is the server "
                        "running, and does DOCUMENTS_URL end in /v1?"
                    ) from error
                told = error.after_s if isinstance(error, _Again) else None
                backoff = 0.25 * 2**tried * random.uniform(0.8, 1.2)
                await asyncio.sleep(min(told if told is not None else backoff, _MOST_WAIT_S))
        raise AssertionError("the last try returns or raises")

    async def _vectors(self, client: httpx.AsyncClient, texts: Sequence[str]) -> Vectors:
        body = {"model": self._model, "input": list(texts)}
        try:
            response = await client.post("embeddings", json=body)
        except httpx.HTTPError as error:
            raise _Again(f"it cannot be reached ({type(error).__name__})") from error
        if response.status_code != 200:
            raise self._refusal(response)
        try:
            return self._parsed(response.json(), len(texts))
        except (ValueError, KeyError, TypeError) as error:
            raise self._wrong("what is no list of vectors") from error

    def _parsed(self, body: Any, count: int) -> Vectors:
        """The vectors of an answer, in the order of the texts."""
        rows = sorted(body["data"], key=lambda row: int(row["index"]))
        if [row["index"] for row in rows] != list(range(count)):
            raise ValueError("not one vector for each text")
        vectors = np.asarray([row["embedding"] for row in rows], dtype=np.float32)
        if vectors.ndim != 2 or not vectors.shape[1] or not np.isfinite(vectors).all():
            raise ValueError("no vectors")
        return unit(vectors)

    def _refusal(self, response: httpx.Response) -> Exception:
        said = ""
        with contextlib.suppress(ValueError):
            said = reason(response.json())
        status = response.status_code
        if status in _PASSING or status >= 500:
            return _Again(f"status {status} {said}".strip(), _retry_after_s(response))
        return EngineUnavailable(
            f"{self._options.url} refuses to embed with {self._model}: status {status} {said}; "
            + remedy(status, stage="DOCUMENTS", wish="DOCUMENTS_MODEL to a model")
        )

    def _wrong(self, what: str) -> EngineUnavailable:
        return EngineUnavailable(
            f"{self._options.url} answers with {what}; is {self._model} a model for embeddings?"
        )


def _retry_after_s(response: httpx.Response) -> float | None:
    try:
        after_s = float(response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return after_s if math.isfinite(after_s) and after_s >= 0 else None
