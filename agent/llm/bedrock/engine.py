"""Engine `bedrock`: any model of Amazon Bedrock that speaks Converse.

livekit-plugins-aws opens a client for each request. Here one client with its connections
serves the process, streams are read off the event loop, and every error says what to do.
Credentials, profile and endpoint are boto3's own: `AWS_ACCESS_KEY_ID`, `AWS_PROFILE`,
`AWS_BEARER_TOKEN_BEDROCK`, `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`, ….

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

import asyncio
from typing import TYPE_CHECKING, Any

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
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
from agent.llm.bedrock.converse_answer import ConverseAnswer
from agent.llm.bedrock.converse_request import cached, converse_messages, tool_config
from agent.llm.bedrock.options import Options
from agent.llm.probing import first_answer
from agent.llm.sight import Sight
from agent.remote.aws.clients import CLIENTS, Service
from agent.remote.aws.errors import WIRE_ERRORS, Asked, api_error, spread_out
from agent.remote.aws.request_thread import Reply, events
from agent.remote.openai_errors import reason_of

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime import BedrockRuntimeClient

_SERVICE = "bedrock-runtime"
_GEOGRAPHIES = {"us": "us", "eu": "eu", "ap": "apac"}
"""What a cross-region profile's id begins with, by the beginning of the region's name."""
_NO_CACHED_TOOLS = ("amazon.",)
"""Whose models keep instructions and messages, and no tools."""

_PROBE_TOKENS = 5


def build(options: Options) -> llm.LLM[Any]:
    """Make the component; nothing is contacted and no client is built yet."""
    return BedrockLLM(options)


def preload() -> None:
    """Import boto3 and read what it knows of Bedrock."""
    CLIENTS.preload(_SERVICE)


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


class BedrockLLM(llm.LLM[Any]):
    """Converse over boto3. Streams are independent of each other, `MAX_REQUESTS` at once."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options
        self.aws = Service(_SERVICE, options, provider="Amazon Bedrock")
        self.sight = Sight()

    @property
    def model(self) -> str:
        """The model id as set."""
        return self._options.model

    @property
    def provider(self) -> str:
        """Always `Amazon Bedrock`."""
        return self.aws.provider

    async def _prewarm_impl(self) -> None:
        await self.aws.warm_up()

    async def aclose(self) -> None:
        """Close its streams; further ones are refused. May be called more than once."""
        await super().aclose()
        await self.aws.aclose()

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
        self._aws = engine.aws
        self._sight = engine.sight
        self._options = options
        self._tool_choice = tool_choice

    async def _run(self) -> None:
        timeout_s = self._conn_options.timeout
        answer = ConverseAnswer(utils.shortuuid("bedrock_"), model=self._options.model)
        self._sight.check(self._options.model, self._chat_ctx)
        request = self._request()

        def ask(client: "BedrockRuntimeClient") -> Reply[Any]:
            return events(client.converse_stream(**request)["stream"])

        try:
            with self._aws.asked(ask) as stream:
                async with asyncio.timeout(timeout_s) as patience:
                    async for event in stream:
                        for chunk in answer.feed(event):
                            self._event_ch.send_nowait(chunk)
                        if answer.began:
                            patience.reschedule(asyncio.get_running_loop().time() + timeout_s)
        except TimeoutError as error:
            raise APITimeoutError(
                f"Bedrock sent nothing for {timeout_s:g} s", retryable=not answer.delivered
            ) from error
        except WIRE_ERRORS as error:
            failed = api_error(error, _asked(self._options), retryable=not answer.delivered)
            await spread_out(failed, self._conn_options)
            raise self._sight.explained(
                failed, reason_of(failed), model=self._options.model, chat_ctx=self._chat_ctx
            ) from error
        answer.close()

    def _request(self) -> dict[str, Any]:
        options = self._options
        tools = tool_config(self._tools, self._tool_choice)
        try:
            messages, system = converse_messages(
                self._chat_ctx, with_tools=tools is not None, model=options.model
            )
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
                "streamProcessingMode": options.guardrail_mode,
            }
            if options.guardrail_id
            else None,
        }
        request = {"modelId": options.model, "messages": messages} | {
            name: value for name, value in parts.items() if value
        }
        if options.prompt_cache != "off":
            tools_too = not any(maker in options.model for maker in _NO_CACHED_TOOLS)
            cached(request, options.prompt_cache, tools=tools_too)
        return request


def _asked(options: Options) -> Asked:
    geography = _GEOGRAPHIES.get((options.region or "")[:2], "us")
    profile = f"set LLM_MODEL to an inference profile, for example {geography}.{options.model}"
    return Asked(
        "Bedrock",
        "bedrock:InvokeModelWithResponseStream",
        options.model,
        f"LLM_MODEL to a model that this region has, not {options.model}",
        {"on-demand throughput": profile},
    )
