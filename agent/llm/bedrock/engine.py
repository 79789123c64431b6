"""Engine `bedrock`: any model of Amazon Bedrock that speaks Converse.

livekit-plugins-aws opens a client for each request. Here one client with its connections
serves the process, streams are read off the event loop, and every error says what to do.
Credentials, profile and endpoint are boto3's own: `AWS_ACCESS_KEY_ID`, `AWS_PROFILE`,
`AWS_BEARER_TOKEN_BEDROCK`, `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`, ….

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
from agent.llm.bedrock.converse_answer import WIRE_ERRORS, ConverseAnswer, api_error
from agent.llm.bedrock.converse_request import converse_messages, tool_config
from agent.llm.bedrock.event_thread import MAX_STREAMS, EventThread, TooManyStreams
from agent.llm.bedrock.options import Options
from agent.llm.probing import first_answer
from agent.remote.openai_errors import reason_of

if TYPE_CHECKING:
    from botocore.eventstream import EventStream
    from types_boto3_bedrock_runtime import BedrockRuntimeClient

_MAX_CONNECT_S = 5.0
"""A TCP and TLS handshake that takes longer will not succeed."""

_PROBE_TOKENS = 5


def build(options: Options) -> llm.LLM[Any]:
    """Make the component; nothing is contacted and no client is built yet."""
    return BedrockLLM(options)


async def probe(options: Options) -> str:
    """Ask for a word and say which model answered and when.

    Raises:
        EngineUnavailable: no credentials, region or access, or no such model.
    """
    try:
        waited = await first_answer(BedrockLLM(options), extra_kwargs={"max_tokens": _PROBE_TOKENS})
    except APIStatusError as error:
        raise EngineUnavailable(f"Bedrock refuses {options.model}: {reason_of(error)}") from error
    except APIError as error:
        raise EngineUnavailable(
            f"Bedrock ({options.model}) cannot be used: {reason_of(error)}; "
            "see AWS_REGION, the network and the AWS settings"
        ) from error
    return f"{options.model}: first token after {waited:.2f} s"


class _Clients:
    """The process's clients, by region and time-out: usually one. Its methods block."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str | None, float], BedrockRuntimeClient] = {}

    def get(self, region: str | None, timeout_s: float) -> "BedrockRuntimeClient":
        import boto3
        from botocore.config import Config

        with self._lock:
            if (region, timeout_s) not in self._clients:
                if self._session is None:
                    self._session = boto3.session.Session()
                self._clients[region, timeout_s] = self._session.client(
                    "bedrock-runtime",
                    region_name=region,
                    config=Config(
                        connect_timeout=min(timeout_s, _MAX_CONNECT_S),
                        read_timeout=timeout_s,
                        # livekit-agents retries, and knows when it is too late to.
                        retries={"total_max_attempts": 1},
                        max_pool_connections=MAX_STREAMS,
                        tcp_keepalive=True,
                    ),
                )
            return self._clients[region, timeout_s]

    def warm(self, region: str | None, timeout_s: float) -> None:
        """Build the client and find the credentials, which can take a second on first use."""
        self.get(region, timeout_s)
        credentials = self._session.get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            self._session = None


_clients = _Clients()


def close_clients() -> None:
    """Close the process's idle connections to Bedrock; the next request opens new ones."""
    _clients.close()


class BedrockLLM(llm.LLM[Any]):
    """Converse over boto3. Streams are independent of each other, `MAX_STREAMS` at once."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options

    @property
    def model(self) -> str:
        """The model id as set."""
        return self._options.model

    @property
    def provider(self) -> str:
        """Always `Amazon Bedrock`."""
        return "Amazon Bedrock"

    async def _prewarm_impl(self) -> None:
        await asyncio.to_thread(
            _clients.warm, self._options.region, DEFAULT_API_CONNECT_OPTIONS.timeout
        )

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> "BedrockStream":
        """Start one request. Closing the stream closes its connection.

        `parallel_tool_calls` has no counterpart in Converse; the model decides.
        `extra_kwargs` override options of the same name.
        """
        options = self._options
        if is_given(extra_kwargs):
            options = options.model_copy(update=extra_kwargs)
        return BedrockStream(
            self,
            options=options,
            tool_choice=tool_choice if is_given(tool_choice) else None,
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=conn_options,
        )


class BedrockStream(llm.LLMStream):
    """One answer. Errors after the first token are not retried: it may have been spoken."""

    def __init__(
        self, engine: BedrockLLM, *, options: Options, tool_choice: Any, **common: Any
    ) -> None:
        super().__init__(engine, **common)
        self._options = options
        self._tool_choice = tool_choice

    async def _run(self) -> None:
        timeout_s = self._conn_options.timeout
        answer = ConverseAnswer(utils.shortuuid("bedrock_"))
        try:
            with contextlib.closing(EventThread(self._opener(timeout_s))) as events:
                async with asyncio.timeout(timeout_s) as patience:
                    async for event in events:
                        for chunk in answer.feed(event):
                            self._event_ch.send_nowait(chunk)
                        if answer.began:
                            patience.reschedule(asyncio.get_running_loop().time() + timeout_s)
        except TimeoutError as error:
            raise APITimeoutError(
                f"Bedrock sent nothing for {timeout_s:g} s", retryable=not answer.delivered
            ) from error
        except TooManyStreams as error:
            raise APIConnectionError("too many requests to Bedrock are open") from error
        except WIRE_ERRORS as error:
            raise api_error(
                error, model=self._options.model, retryable=not answer.delivered
            ) from error
        answer.close()

    def _opener(self, timeout_s: float) -> "Callable[[], EventStream[Any]]":
        request = self._request()

        def open_stream() -> "EventStream[Any]":
            client = _clients.get(self._options.region, timeout_s)
            return client.converse_stream(**request)["stream"]

        return open_stream

    def _request(self) -> dict[str, Any]:
        options = self._options
        tools = tool_config(self._tools, self._tool_choice)
        try:
            messages, system = converse_messages(self._chat_ctx, with_tools=tools is not None)
        except ValueError as error:
            raise APIStatusError(str(error), status_code=400) from error
        inference = {
            "maxTokens": options.max_tokens,
            "temperature": options.temperature,
            "topP": options.top_p,
            "stopSequences": [text.strip() for text in options.stop.split(",") if text.strip()],
        }
        parts = {
            "system": system,
            "inferenceConfig": {k: v for k, v in inference.items() if v not in (None, [])},
            "toolConfig": tools,
            "additionalModelRequestFields": options.extra_body,
            "performanceConfig": {"latency": options.latency} if options.latency else None,
            "guardrailConfig": {
                "guardrailIdentifier": options.guardrail_id,
                "guardrailVersion": options.guardrail_version,
            }
            if options.guardrail_id
            else None,
        }
        return {"modelId": options.model, "messages": messages} | {
            name: value for name, value in parts.items() if value
        }
