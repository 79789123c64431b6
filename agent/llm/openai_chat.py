"""Engine `openai`: any server that speaks OpenAI's chat completions.

livekit-plugins-openai does the wire. What it lacks is added here: a bound on the whole wait
for the first token (its own is per read), an error when a 200 answer is not a completion
stream at all, `max_tokens` for servers that know no other name, and a server's own model
when none is named.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

import asyncio
import importlib
from typing import Any, cast
from urllib.parse import urlsplit

import openai as sdk
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
)
from livekit.agents.utils import is_given
from livekit.plugins import openai
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import Choice

from agent.errors import EngineUnavailable
from agent.llm.options import OPENAI_HOST, OPENAI_MODEL
from agent.llm.options import OpenAIChatOptions as Options
from agent.llm.probing import first_answer

_NO_KEY = "no-key"
"""Local servers ignore the key, but the client library demands one."""

_NOT_CHAT = ("embed", "whisper", "tts", "rerank", "guard", "moderation")
"""Parts of names of models that cannot hold a conversation."""

_PROBE_TOKENS = 16
"""OpenAI refuses smaller answers of some models."""


def build(options: Options) -> llm.LLM[Any]:
    """Make the component; nothing is contacted yet.

    Reads the certificate store, which takes some milliseconds: call it off the event loop.
    """
    return OpenAIChat(options)


def preload() -> None:
    """Import and build what the client library puts off until the first answer; blocking.

    A tenth of a second and more that would stall a call.
    """
    for name in ("openai.lib.streaming.chat", "openai.resources.chat.chat"):
        importlib.import_module(name)
    ChatCompletionChunk.model_validate(
        {
            "id": "", "object": "chat.completion.chunk", "created": 0, "model": "",
            "choices": [{"index": 0, "delta": {"content": "", "role": "assistant"}}],
            "usage": {"completion_tokens": 0, "prompt_tokens": 0, "total_tokens": 0},
        }
    )  # fmt: skip


async def probe(options: Options) -> str:
    """Ask for a word and say which model answered and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or has no such model.
    """
    engine = await asyncio.to_thread(OpenAIChat, options)
    try:
        waited = await first_answer(engine, extra_kwargs={engine.token_limit_field: _PROBE_TOKENS})
    except APIStatusError as error:
        raise EngineUnavailable(_refusal(options, engine, error)) from error
    except APITimeoutError as error:
        raise EngineUnavailable(
            f"{options.url} gave no first token in time; a local model may still be loading: "
            "try again, or set LLM_TIMEOUT_S"
        ) from error
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} does not serve chat completions: {error}; is the server running, "
            "and does LLM_URL end in /v1?"
        ) from error
    return f"{engine.model} at {engine.provider}: first token after {waited:.2f} s"


def _refusal(options: Options, engine: "OpenAIChat", error: APIStatusError) -> str:
    if error.status_code in (401, 403):
        remedy = "set LLM_API_KEY (or OPENAI_API_KEY) to a key of that server"
    elif error.status_code == 404:
        remedy = "set LLM_MODEL to a model that the server has, and LLM_URL to end in /v1"
    elif error.status_code == 429:
        remedy = "the quota is used up or the server is busy"
    else:
        remedy = "see the server's log"
    return (
        f"{options.url} refuses {engine.model} with {error.status_code}: {error.message}; {remedy}"
    )


class OpenAIChat(openai.LLM):
    """The plug-in's LLM with the gaps closed. Streams are independent of each other."""

    def __init__(self, options: Options) -> None:
        key = options.api_key.get_secret_value() if options.api_key else _NO_KEY
        host = urlsplit(options.url).hostname or ""
        self._at_openai = host == OPENAI_HOST
        self._new_names = self._at_openai or host.endswith(".openai.azure.com")
        self._asked_for = options.model or (OPENAI_MODEL if self._at_openai else None)
        self._options = options
        super().__init__(
            model=self._asked_for or "",
            base_url=options.url,
            api_key=key,
            # Constrained decoding by schema; other servers may refuse the field.
            _strict_tool_schema=self._at_openai,
        )

    @property
    def model(self) -> str:
        """Name of the model; `auto` until the server has been asked for its list."""
        return self._asked_for or "auto"

    @property
    def token_limit_field(self) -> str:
        """How this server names its limit of the answer.

        OpenAI's newer models refuse the old name; many other servers know no other.
        """
        return "max_completion_tokens" if self._new_names else "max_tokens"

    async def served_model(self) -> str:
        """The model to name in requests; asks the server once when none was set.

        Raises:
            APIError: the server's list could not be read.
        """
        if self._asked_for is None:
            self._asked_for = _first_chat_model(await self._listed_models())
        return self._asked_for

    async def _listed_models(self) -> list[str]:
        try:
            page = await self._client.models.list()
            return [entry.id for entry in page.data]
        except sdk.APITimeoutError as error:
            raise APITimeoutError("the list of models did not come in time") from error
        except sdk.APIStatusError as error:
            if error.status_code in (404, 405):
                return []
            raise APIStatusError(
                error.message, status_code=error.status_code, body=error.body
            ) from error
        except sdk.APIError as error:
            raise APIConnectionError("the list of models cannot be fetched") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise APIConnectionError("the list of models is malformed", retryable=False) from error

    async def _prewarm_impl(self) -> None:
        if self._asked_for is None:
            await self.served_model()
        else:
            await super()._prewarm_impl()

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
        """Start one request. Closing the stream closes its connection."""
        request: dict[str, Any] = {}
        if self._options.extra_body:
            request["extra_body"] = self._options.extra_body
        if self._options.temperature is not None:
            request["temperature"] = self._options.temperature
        if self._options.max_tokens is not None:
            request[self.token_limit_field] = self._options.max_tokens
        if is_given(self._opts.reasoning_effort):
            request["reasoning_effort"] = self._opts.reasoning_effort
        if is_given(parallel_tool_calls):
            request["parallel_tool_calls"] = parallel_tool_calls
        if is_given(tool_choice):
            request["tool_choice"] = tool_choice
        if is_given(response_format):
            request["response_format"] = llm.utils.to_openai_response_format(response_format)
        if is_given(extra_kwargs):
            request |= extra_kwargs
        return ChatStream(
            self,
            model=self._asked_for or "",
            provider_fmt=self._provider_fmt,
            strict_tool_schema=self._strict_tool_schema,
            client=cast(sdk.AsyncClient, _Direct(self._client)),
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=conn_options,
            extra_kwargs=request,
            prompt_cache_breakpoints=self._resolve_prompt_cache_breakpoints(),
        )


class _Direct:
    """Passes the messages on as they are.

    The client library walks through each message along its types: a third of a millisecond for
    every one of a long call, on the event loop, before each request leaves. They are JSON already.
    """

    def __init__(self, client: sdk.AsyncClient) -> None:
        self._client = client
        self.chat = self.completions = self

    async def create(
        self, *, messages: list[Any], extra_body: dict[str, Any] | None = None, **request: Any
    ) -> Any:
        body = {"messages": messages, **(extra_body or {})}
        create = self._client.chat.completions.create
        return await create(messages=[], extra_body=body, **request)


class ChatStream(openai.LLMStream):
    """One answer. Errors after the first token are not retried: it may have been spoken."""

    async def _run(self) -> None:
        engine = self._llm
        assert isinstance(engine, OpenAIChat)
        self._choices_seen = 0
        try:
            async with asyncio.timeout(self._conn_options.timeout) as self._first_token:
                self._model = await engine.served_model()
                await super()._run()
        except TimeoutError as error:
            raise APITimeoutError(
                f"no first token within {self._conn_options.timeout:g} s"
            ) from error
        if not self._choices_seen:
            raise APIConnectionError(
                f"{engine.provider} answered with something that is not a completion stream"
            )

    def _parse_choice(self, id: str, choice: Choice, thinking_filter: Any) -> llm.ChatChunk | None:
        self._choices_seen += 1
        if _is_output(choice):
            self._first_token.reschedule(None)
        return super()._parse_choice(id, choice, thinking_filter)


def _is_output(choice: Choice) -> bool:
    delta: Any = choice.delta
    reasoning = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
    spoken = delta is not None and (delta.content or delta.tool_calls)
    return bool(choice.finish_reason or spoken or reasoning)


def _first_chat_model(listed: list[str]) -> str:
    chat = [name for name in listed if not any(part in name.lower() for part in _NOT_CHAT)]
    if OPENAI_MODEL in chat or not chat:
        return OPENAI_MODEL
    return chat[0]
