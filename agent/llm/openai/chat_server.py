"""One chat completions server: the connection to it, its model, what is asked of it.

Over plain HTTP, as the other stages' engines, because the answers of such servers differ more
than the client library allows for.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from livekit.agents import llm

from agent.llm.openai.capabilities import CALL_IDS, SYSTEM, TOOLS, Capabilities, fitted
from agent.llm.openai.chat_request import chat_messages
from agent.llm.openai.long_history import LongHistory, is_too_long
from agent.llm.openai.options import OPENAI_HOST, OPENAI_MODEL, Options
from agent.llm.openai.refusals import refused_by
from agent.llm.openai.served_models import load, served_models
from agent.llm.sight import CannotSee, Sight, has_pictures
from agent.remote import http_client
from agent.remote.event_stream import read_events

_KEEP_ALIVE_S = 120.0
_LOAD_S = 180.0
"""A model that takes longer to be loaded is not waited for before a call."""


class ChatServer:
    """It belongs to the event loop of the first request. Requests are independent of each other."""

    def __init__(self, options: Options) -> None:
        """Prepare the connection; nothing is contacted yet."""
        self._client = http_client.open_client(
            options.url,
            options.api_key,
            keep_alive_s=_KEEP_ALIVE_S,
            # Compressed on the way, words would wait for a full block.
            headers={"Accept-Encoding": "identity", **http_client.caller_header()},
        )
        host = self._client.base_url.host
        self.is_openai = host == OPENAI_HOST
        new_names = self.is_openai or host.endswith(".openai.azure.com")
        self.token_limit_field = "max_completion_tokens" if new_names else "max_tokens"
        """How it names its limit of the answer: OpenAI's newer models refuse the old name, and
        many other servers know no other."""
        self._asked_for = options.model or (OPENAI_MODEL if self.is_openai else None)
        self.capabilities = Capabilities()
        self._sight = Sight()
        self._history = LongHistory()

    @property
    def model(self) -> str:
        """Name of the model; `auto` until the server has been asked for its list."""
        return self._asked_for or "auto"

    @property
    def address(self) -> str:
        """Host and port."""
        return self._client.base_url.netloc.decode()

    async def served_model(self) -> str:
        """The model to name in requests; asks the server once when none was set.

        Raises:
            APIError: the server's list could not be read.
        """
        if self._asked_for is None:
            self._asked_for = (await served_models(self._client)).usual
        return self._asked_for

    async def warm_up(self) -> None:
        """Open a connection, and let the model be loaded where that is known to take its time.

        Raises:
            APIError: the server's list could not be read.
            httpx.HTTPError: it could not be asked.
        """
        served = await served_models(self._client)
        self._asked_for = self._asked_for or served.usual
        if served.ollama:
            async with asyncio.timeout(_LOAD_S):
                await load(self._client, self._asked_for)

    async def aclose(self) -> None:
        """Close all connections. May be called more than once."""
        await self._client.aclose()

    @asynccontextmanager
    async def answer(
        self, chat_ctx: llm.ChatContext, request: Mapping[str, Any]
    ) -> AsyncIterator[AsyncIterator[Mapping[str, Any] | None]]:
        """Ask, without what the server refuses or finds too long, and give the events.

        Raises:
            Refused: the server answers with an error.
            CannotSee: there are pictures, and the model takes none, or has no room for them.
            APIError: the server's list of models cannot be read, or it sends requests elsewhere.
            httpx.HTTPError: the connection failed.
        """
        without = set(self.capabilities.lacks)
        chat_ctx = self._history.kept(chat_ctx)
        while True:
            body = await self._body(chat_ctx, request, without=without)
            self._sight.check(body["model"], chat_ctx)
            asked = self._client.build_request("POST", "chat/completions", json=body)
            async with http_client.answer(self._client, asked) as response:
                if response.status_code == 200:
                    self.capabilities.answered(without=without)
                    async with contextlib.aclosing(read_events(response)) as events:
                        yield events
                    return
                refused, said = await refused_by(response)
            if is_too_long(refused, said):
                shorter = self._history.shorter(chat_ctx)
                if shorter is None:
                    if has_pictures(chat_ctx):
                        raise CannotSee from refused
                    raise refused
                chat_ctx = shorter
                continue
            failed = self._sight.explained(refused, said, model=body["model"], chat_ctx=chat_ctx)
            # Where it says that it is the pictures, nothing else is left out first.
            self._sight.check(body["model"], chat_ctx)
            lacking = self.capabilities.refused(refused, said, body, without=without)
            if not lacking:
                raise failed
            without |= lacking

    async def _body(
        self, chat_ctx: llm.ChatContext, request: Mapping[str, Any], *, without: set[str]
    ) -> dict[str, Any]:
        model = await self.served_model()
        messages = chat_messages(
            chat_ctx,
            with_system=SYSTEM not in without,
            with_tools=TOOLS not in without,
            short_ids=CALL_IDS in without,
        )
        body: dict[str, Any] = {
            "model": model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        effort = _least_effort(model) if self.is_openai else None
        if effort is not None:
            body["reasoning_effort"] = effort
        return fitted(body | dict(request), without=without)


def _least_effort(model: str) -> str | None:
    """How OpenAI's reasoning models are asked to begin to speak at once."""
    if re.match(r"gpt-5\.\d", model):
        return "none"
    return "minimal" if model.startswith("gpt-5") else None
