"""Engine `openai`: any server that speaks OpenAI's chat completions.

There is a bound on the wait for the first token and between any two; fields that a server refuses
are left out from then on; a server's own model is used when none is named.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

import asyncio
from typing import Any

import httpx
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    NotGivenOr,
    llm,
    utils,
)
from livekit.agents.utils import is_given

from agent.errors import EngineUnavailable
from agent.llm.openai.chat_answer import ChatAnswer
from agent.llm.openai.chat_server import ChatServer
from agent.llm.openai.options import Options
from agent.llm.probing import first_answer
from agent.remote import http_client
from agent.remote.event_stream import Malformed
from agent.remote.openai_errors import reason_of, remedy

_PROBE_TOKENS = 16
"""OpenAI refuses smaller answers of some models."""


def build(options: Options) -> llm.LLM[Any]:
    """Make the component; nothing is contacted yet.

    For https it reads the certificate store, which takes 0.1 s: call it off the event loop.
    """
    return OpenAIChat(options)


def preload() -> None:
    """Import what the client library puts off until its first request; blocking."""
    http_client.preload()


async def probe(options: Options) -> str:
    """Ask for a word, as a call does, and say which model answered and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or has no such model.
    """
    engine = await asyncio.to_thread(OpenAIChat, options)
    limit = {engine.server.token_limit_field: _PROBE_TOKENS}
    try:
        waited = await first_answer(engine, extra_kwargs=limit)
    except APIStatusError as error:
        raise EngineUnavailable(_refusal(options, engine, error)) from error
    except APITimeoutError as error:
        raise EngineUnavailable(
            f"{options.url} gave no first token in time; a local model may still be loading: "
            "try again, or set LLM_TIMEOUT_S"
        ) from error
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} does not serve chat completions: {reason_of(error)}; is the server "
            "running, and does LLM_URL end in /v1?"
        ) from error
    without = ", ".join(sorted(engine.server.capabilities.lacks))
    note = f"; it refuses {without}, which calls leave out" if without else ""
    return f"{engine.model} at {engine.provider}: first token after {waited:.2f} s{note}"


def _refusal(options: Options, engine: "OpenAIChat", error: APIStatusError) -> str:
    status = error.status_code
    return (
        f"{options.url} refuses {engine.model} with {status}: {reason_of(error)}; "
        f"{remedy(status, stage='LLM', wish='LLM_MODEL to a model')}"
    )


class OpenAIChat(llm.LLM[Any]):
    """One persistent client. Streams are independent of each other."""

    def __init__(self, options: Options) -> None:
        """Prepare the client; it belongs to the event loop of the first request."""
        super().__init__()
        self._options = options
        self.server = ChatServer(options)
        """Whom it asks."""

    @property
    def model(self) -> str:
        """Name of the model; `auto` until the server has been asked for its list."""
        return self.server.model

    @property
    def provider(self) -> str:
        """Host and port of the server."""
        return self.server.address

    async def _prewarm_impl(self) -> None:
        await self.server.warm_up()

    async def aclose(self) -> None:
        """Close all connections. May be called more than once."""
        await super().aclose()
        await self.server.aclose()

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        response_format: NotGivenOr[Any] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> "ChatStream":
        """Start one request. Closing the stream closes its connection.

        `extra_kwargs` are further fields of the request.
        """
        options = self._options
        request: dict[str, Any] = {
            "temperature": options.temperature,
            self.server.token_limit_field: options.max_tokens,
        }
        schemas = llm.ToolContext(tools or []).parse_function_tools(
            "openai",
            # Constrained decoding by schema; other servers may refuse the field.
            strict=self.server.is_openai,
        )
        if schemas:
            request["tools"] = schemas
            request["tool_choice"] = tool_choice if is_given(tool_choice) else None
            if is_given(parallel_tool_calls):
                request["parallel_tool_calls"] = parallel_tool_calls
        if is_given(response_format):
            request["response_format"] = llm.utils.to_openai_response_format(response_format)
        if is_given(extra_kwargs):
            request |= extra_kwargs
        request = {name: value for name, value in request.items() if value is not None}
        return ChatStream(
            self,
            request=request | (options.extra_body or {}),
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=conn_options,
        )


class ChatStream(llm.LLMStream):
    """One answer. Errors after the first token are not retried: it may have been spoken."""

    def __init__(self, engine: OpenAIChat, *, request: dict[str, Any], **common: Any) -> None:
        super().__init__(engine, **common)
        self._server = engine.server
        self._request = request

    async def _run(self) -> None:
        timeout_s = self._conn_options.timeout
        answer = ChatAnswer(utils.shortuuid("chat_"))
        try:
            async with asyncio.timeout(timeout_s) as patience:
                async with self._server.answer(self._chat_ctx, self._request) as events:
                    async for event in events:
                        before = answer.outputs
                        for chunk in answer.feed(event):
                            self._event_ch.send_nowait(chunk)
                        # Comments that keep the connection alive are no output.
                        if answer.outputs > before:
                            patience.reschedule(asyncio.get_running_loop().time() + timeout_s)
        except TimeoutError as error:
            what = "nothing more" if answer.outputs else "no first token"
            raise APITimeoutError(
                f"{what} within {timeout_s:g} s", retryable=not answer.delivered
            ) from error
        except Malformed as error:
            raise APIConnectionError(
                f"{self._server.address} answered with something that is not a completion",
                retryable=not answer.delivered,
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise APIConnectionError(
                "the connection to the model's server failed", retryable=not answer.delivered
            ) from error
        answer.close()
