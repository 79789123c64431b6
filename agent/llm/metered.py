"""A language model whose tokens are counted; where it tells none, what they can be estimated by is.

A reply that is closed early, as a guess is that nobody takes up, never gets to the chunk with its
tokens: of each request the lengths of what was asked and said are kept too.
"""

import asyncio
from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, llm

from agent.costs.meter import EngineMeter, Lengths, Request

_LETTERS_OF_A_PICTURE = 4000
"""About a thousand tokens: models count some 750 pixels for one, of which pictures have up to
1024 by 768."""


class MeteredLLM(llm.LLM[Any]):
    """Another engine, which is closed with this; nothing takes longer."""

    def __init__(self, engine: llm.LLM[Any], meter: EngineMeter) -> None:
        """Count by `meter` what `engine` is asked and says."""
        super().__init__()
        self.engine = engine
        self._meter = meter
        engine.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        """The engine's model."""
        return self.engine.model

    @property
    def provider(self) -> str:
        """The engine's provider."""
        return self.engine.provider

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **request: Any,
    ) -> "MeteredReply":
        """Start a reply of the engine's."""
        stream = self.engine.chat(
            chat_ctx=chat_ctx, tools=tools, conn_options=conn_options, **request
        )
        return MeteredReply(stream, self._meter.begin(), asked=_length(chat_ctx))

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Warm the engine's connection."""
        self.engine.prewarm(loop=loop)

    async def aclose(self) -> None:
        """Close the engine. May be called more than once."""
        await super().aclose()
        self.engine.off("metrics_collected", self._forward_metrics)
        await self.engine.aclose()

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)


class MeteredReply(llm.LLMStream):
    """A reply of the engine's as it is, with a look at its chunks.

    It has no tasks of its own, and so none of what its class makes of itself.
    """

    def __init__(self, stream: llm.LLMStream, request: Request, *, asked: int) -> None:
        self._stream = stream
        self._request = request
        self._lengths = request.letters = Lengths(prompt=asked)

    @property
    def chat_ctx(self) -> llm.ChatContext:
        """What was asked."""
        return self._stream.chat_ctx

    @property
    def tools(self) -> list[llm.Tool]:
        """What it may call."""
        return self._stream.tools

    async def aclose(self) -> None:
        """Close the engine's stream."""
        try:
            await self._stream.aclose()
        finally:
            self._request.ended()

    async def __anext__(self) -> llm.ChatChunk:
        """Wait for the next chunk."""
        try:
            chunk = await anext(self._stream)
        except StopAsyncIteration:
            self._request.ended()
            raise
        except Exception as error:
            self._request.ended(error)
            raise
        self._look(chunk)
        return chunk

    async def _run(self) -> None:
        raise NotImplementedError  # the engine's stream runs

    def _look(self, chunk: llm.ChatChunk) -> None:
        request, delta, usage = self._request, chunk.delta, chunk.usage
        if chunk.has_response():
            request.answered = True
        if delta is not None:
            self._lengths.completion += len(delta.content or "")
            self._lengths.completion += sum(len(call.arguments) for call in delta.tool_calls)
        if usage is not None:
            # The last one counts: some servers tell what there is so far.
            request.tokens_told = True
            request.used.prompt_tokens = usage.prompt_tokens
            request.used.cached_tokens = usage.prompt_cached_tokens
            request.used.cache_write_tokens = usage.cache_creation_tokens
            request.used.completion_tokens = usage.completion_tokens


def _length(chat_ctx: llm.ChatContext) -> int:
    return sum(_letters(item) for item in chat_ctx.items)


def _letters(item: llm.ChatItem) -> int:
    match item:
        case llm.ChatMessage():
            pictures = sum(isinstance(part, llm.ImageContent) for part in item.content)
            return len(item.text_content or "") + pictures * _LETTERS_OF_A_PICTURE
        case llm.FunctionCall():
            return len(item.arguments)
        case llm.FunctionCallOutput():
            return len(item.output)
    return 0
