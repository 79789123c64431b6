"""The models that a server lists: which one is meant where nobody named one, and Ollama's loading.

Source: https://platform.openai.com/docs/api-reference/models; Ollama's docs/api.md.
"""

import httpx
from livekit.agents import APIConnectionError, APITimeoutError

from agent.llm.openai.options import OPENAI_MODEL
from agent.llm.openai.refusals import refused_by
from agent.remote import http_client

_NOT_CHAT = ("embed", "whisper", "tts", "rerank", "guard", "moderation")
"""Parts of names of models that cannot hold a conversation."""
_OLLAMA = "library"
"""Who owns Ollama's models, by its list."""


class ServedModels:
    """What a server lists."""

    def __init__(self, names: list[str], *, ollama: bool) -> None:
        """Keep names in the server's order."""
        self.names = names
        self.ollama = ollama
        """Whether it is Ollama, which loads a model when it is asked for it first."""

    @property
    def usual(self) -> str:
        """The one to ask where nobody named one: OpenAI's usual, else the first for talks."""
        chat = [name for name in self.names if not any(part in name.lower() for part in _NOT_CHAT)]
        if OPENAI_MODEL in chat or not chat:
            return OPENAI_MODEL
        return chat[0]


async def served_models(client: httpx.AsyncClient) -> ServedModels:
    """Ask a server for its list; one without has none.

    Raises:
        APIError: it could not be read.
    """
    try:
        async with http_client.answer(client, client.build_request("GET", "models")) as response:
            if response.status_code in (404, 405):
                return ServedModels([], ollama=False)
            if response.status_code != 200:
                raise (await refused_by(response))[0]
            await response.aread()
            listed = response.json()["data"]
            owners = {entry.get("owned_by") for entry in listed}
            return ServedModels([str(entry["id"]) for entry in listed], ollama=_OLLAMA in owners)
    except httpx.TimeoutException as error:
        raise APITimeoutError("the list of models did not come in time") from error
    except httpx.HTTPError as error:
        raise APIConnectionError("the list of models cannot be fetched") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise APIConnectionError("the list of models is malformed", retryable=False) from error


async def load(client: httpx.AsyncClient, model: str) -> None:
    """Let Ollama load a model, which can take a minute; no word is made.

    Raises:
        httpx.HTTPError: it could not be asked.
    """
    root = client.base_url.copy_with(path=client.base_url.path.removesuffix("v1/"))
    await client.post(root.join("api/generate"), json={"model": model})
