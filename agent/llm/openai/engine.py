"""Engine `openai`: any server that speaks OpenAI's chat completions.

Over plain HTTP, as the other stages' engines, because the answers of such servers differ more
than the client library allows for. There is a bound on the wait for the first token and between
any two; fields that a server refuses are left out from then on; a server's own model is used
when none is named.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
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
from agent.llm.openai.chat_answer import ChatAnswer, Malformed, read_events
from agent.llm.openai.chat_request import chat_messages
from agent.llm.openai.options import OPENAI_HOST, OPENAI_MODEL, Options
from agent.llm.probing import first_answer
from agent.remote import http_client
from agent.remote.openai_errors import Refused, one_line, reason_of, refusal, remedy
from agent.remote.openai_errors import reason as reason_in

logger = logging.getLogger(__name__)

_NOT_CHAT = ("embed", "whisper", "tts", "rerank", "guard", "moderation")
"""Parts of names of models that cannot hold a conversation."""

_PROBE_TOKENS = 16
"""OpenAI refuses smaller answers of some models."""

_KEEP_ALIVE_S = 120.0
_REASON_LIMIT = 2**16
"""Bytes of a refusal's body that are read."""
_PASSING = (408, 409, 425, 429)
"""Refusals below 500 that another try may change."""

_MAY_MISUNDERSTAND = (400, 422, 501)
_OPTIONAL = (
    "stream_options",
    "reasoning_effort",
    "temperature",
    "parallel_tool_calls",
    "tool_choice",
    "response_format",
)
"""Fields that an answer can do without."""
_UNASKED = ("stream_options", "reasoning_effort")
"""Those of them that nobody has set: the first to go when a server does not say which."""
_SYSTEM = "system"
_NO_SYSTEM = re.compile(
    r"system (role|message|prompt)s?\b.{0,30}\b(not|un\w+)\b|not (support|allow)\w* .{0,20}system",
    re.IGNORECASE,
)


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
            f"{options.url} does not serve chat completions: {reason_of(error)}; is the server "
            "running, and does LLM_URL end in /v1?"
        ) from error
    without = ", ".join(sorted(engine.left_out))
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
        self._client = http_client.open_client(
            options.url,
            options.api_key,
            keep_alive_s=_KEEP_ALIVE_S,
            # Compressed on the way, words would wait for a full block.
            headers={"Accept-Encoding": "identity"},
        )
        host = self._client.base_url.host
        self._at_openai = host == OPENAI_HOST
        new_names = self._at_openai or host.endswith(".openai.azure.com")
        self._token_limit_field = "max_completion_tokens" if new_names else "max_tokens"
        self._asked_for = options.model or (OPENAI_MODEL if self._at_openai else None)
        self._has_answered = False
        self.left_out: set[str] = set()
        """Fields that the server has refused, and `system` for messages of that role."""

    @property
    def model(self) -> str:
        """Name of the model; `auto` until the server has been asked for its list."""
        return self._asked_for or "auto"

    @property
    def provider(self) -> str:
        """Host and port of the server."""
        return self._client.base_url.netloc.decode()

    @property
    def token_limit_field(self) -> str:
        """How this server names its limit of the answer.

        OpenAI's newer models refuse the old name; many other servers know no other.
        """
        return self._token_limit_field

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
            request = self._client.build_request("GET", "models")
            async with http_client.answer(self._client, request) as response:
                await response.aread()
                if response.status_code in (404, 405):
                    return []
                if response.status_code != 200:
                    raise (await _refused(response))[0]
                return [str(entry["id"]) for entry in response.json()["data"]]
        except httpx.TimeoutException as error:
            raise APITimeoutError("the list of models did not come in time") from error
        except httpx.HTTPError as error:
            raise APIConnectionError("the list of models cannot be fetched") from error
        except (KeyError, TypeError, ValueError) as error:
            raise APIConnectionError("the list of models is malformed", retryable=False) from error

    async def _prewarm_impl(self) -> None:
        if self._asked_for is None:
            await self.served_model()
        else:
            await self._client.get("models")

    async def aclose(self) -> None:
        """Close all connections. May be called more than once."""
        await super().aclose()
        await self._client.aclose()

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
            self._token_limit_field: options.max_tokens,
        }
        schemas = llm.ToolContext(tools or []).parse_function_tools(
            "openai",
            # Constrained decoding by schema; other servers may refuse the field.
            strict=self._at_openai,
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

    @asynccontextmanager
    async def answer(
        self, chat_ctx: llm.ChatContext, request: Mapping[str, Any]
    ) -> AsyncIterator[AsyncIterator[Mapping[str, Any] | None]]:
        """Ask, without what the server refuses, and give the events of its answer.

        Raises:
            Refused: the server answers with an error.
            APIError: the server's list of models cannot be read, or it sends requests elsewhere.
            httpx.HTTPError: the connection failed.
        """
        without = set(self.left_out)
        while True:
            body = await self._body(chat_ctx, request, without=without)
            asked = self._client.build_request("POST", "chat/completions", json=body)
            async with http_client.answer(self._client, asked) as response:
                if response.status_code == 200:
                    self._has_answered = True
                    self._leave_out(without)
                    async with contextlib.aclosing(read_events(response)) as events:
                        yield events
                    return
                refused, said = await _refused(response)
            if refused.status_code not in _MAY_MISUNDERSTAND:
                raise refused
            named = self._named(refused, said, body)
            if not (named or self._has_answered or without - self.left_out):
                # It does not say what it cannot take; of a server that has answered it is not this.
                named = set(_UNASKED) & body.keys()
            if not named:
                raise refused
            without |= named

    async def _body(
        self, chat_ctx: llm.ChatContext, request: Mapping[str, Any], *, without: set[str]
    ) -> dict[str, Any]:
        model = await self.served_model()
        body: dict[str, Any] = {
            "model": model,
            "messages": chat_messages(chat_ctx, with_system=_SYSTEM not in without),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        effort = _least_effort(model) if self._at_openai else None
        if effort is not None:
            body["reasoning_effort"] = effort
        body |= request
        if "max_tokens" in without and "max_tokens" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")
        return {name: value for name, value in body.items() if name not in without}

    def _named(self, refused: Refused, said: str, body: Mapping[str, Any]) -> set[str]:
        """What the server names of what it could do without."""
        # A body that repeats the request has them as keys.
        named = {
            name
            for name in _OPTIONAL
            if name in body and re.search(rf"{name}(?!\\?['\"]\s*:)", said)
        }
        if "max_tokens" in body and "max_completion_tokens" in said:
            named.add("max_tokens")
        if body["messages"][0]["role"] == _SYSTEM and _NO_SYSTEM.search(refused.reason):
            named.add(_SYSTEM)
        return named

    def _leave_out(self, fields: set[str]) -> None:
        if fields - self.left_out:
            logger.warning(
                "the model's server refuses fields; they are left out",
                extra={"fields": ", ".join(sorted(fields))},
            )
            self.left_out |= fields


class ChatStream(llm.LLMStream):
    """One answer. Errors after the first token are not retried: it may have been spoken."""

    def __init__(self, engine: OpenAIChat, *, request: dict[str, Any], **common: Any) -> None:
        super().__init__(engine, **common)
        self._engine = engine
        self._request = request

    async def _run(self) -> None:
        timeout_s = self._conn_options.timeout
        answer = ChatAnswer(utils.shortuuid("chat_"))
        try:
            async with asyncio.timeout(timeout_s) as patience:
                async with self._engine.answer(self._chat_ctx, self._request) as events:
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
                f"{self._engine.provider} answered with something that is not a completion",
                retryable=not answer.delivered,
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise APIConnectionError(
                "the connection to the model's server failed", retryable=not answer.delivered
            ) from error
        answer.close()


async def _refused(response: httpx.Response) -> tuple[Refused, str]:
    """The error to raise, and all that the server says."""
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > _REASON_LIMIT:
            break
    text = body[:_REASON_LIMIT].decode(errors="replace")
    try:
        said = reason_in(json.loads(text))
    except ValueError:
        said = ""
    why = said or one_line(text)
    return refusal(response, why, who="the model's server", passing=_PASSING), text


def _least_effort(model: str) -> str | None:
    """How OpenAI's reasoning models are asked to begin to speak at once."""
    if re.match(r"gpt-5\.\d", model):
        return "none"
    return "minimal" if model.startswith("gpt-5") else None


def _first_chat_model(listed: list[str]) -> str:
    chat = [name for name in listed if not any(part in name.lower() for part in _NOT_CHAT)]
    if OPENAI_MODEL in chat or not chat:
        return OPENAI_MODEL
    return chat[0]
