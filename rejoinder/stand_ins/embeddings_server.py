"""A server of OpenAI's /v1/embeddings without a model: words that are shared make texts near.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web

from rejoinder.stand_ins.kept import Kept
from rejoinder.stand_ins.serving import Tell, listening, nobody


@dataclass
class EmbeddingsStandIn:
    """Set the fields before or between calls."""

    meaning: dict[str, str] = field(default_factory=dict)
    """Words that mean the same as another one."""
    dimensions: int = 256
    most_texts: int = 2048
    """Of one request; more are refused, as OpenAI does."""
    api_key: str | None = None
    """When set, other keys get 401."""
    model: str = "stand-in"
    """Others get 404."""
    faults: list[web.Response] = field(default_factory=list)
    """Answers of the next requests, in place of vectors."""
    shuffled: bool = False
    """Whether vectors come in another order than the texts."""
    requests: list[dict[str, Any]] = field(default_factory=Kept)
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""
    """Base URL, with /v1."""

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator["EmbeddingsStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        app = web.Application()
        app.router.add_post("/v1/embeddings", self._embeddings)
        async with listening(app, port=port, tell=self.tell) as at:
            self.url = f"http://{at.address}/v1"
            yield self

    async def _embeddings(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(body)
        if self.api_key and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return _refusal(401, "Incorrect API key provided")
        if self.faults:
            return self.faults.pop(0)
        if body.get("model") != self.model:
            return _refusal(404, f"The model `{body.get('model')}` does not exist")
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        if not texts or len(texts) > self.most_texts or not all(texts):
            return _refusal(400, "'$.input' is invalid")
        data = [
            {"object": "embedding", "index": i, "embedding": self._vector(text)}
            for i, text in enumerate(texts)
        ]
        words = sum(len(text.split()) for text in texts)
        return web.json_response(
            {
                "object": "list",
                "data": data[::-1] if self.shuffled else data,
                "model": self.model,
                "usage": {"prompt_tokens": words, "total_tokens": words},
            }
        )

    def _vector(self, text: str) -> list[float]:
        vector = np.zeros(self.dimensions)
        for word in re.findall(r"\w+", text.lower()):
            digest = hashlib.sha256(self.meaning.get(word, word).encode()).digest()
            vector[int.from_bytes(digest[:4], "big") % self.dimensions] += 1.0
        length = float(np.linalg.norm(vector)) or 1.0
        return [float(value) for value in vector / length]


def _refusal(status: int, message: str) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": error}, status=status)
