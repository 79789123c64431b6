"""A plug-in's language model, held to what a call needs of one.

What plug-ins leave open is seen to here: conversations whose sides take turns, limits on the first
token and between any two, errors without the service's words, no second try once words have come,
an HTTP session outside of a job. Thoughts and written tool calls are taken out behind every engine
(`agent.llm.reply_filter`).
"""

import asyncio
from typing import Any

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    NotGivenOr,
    llm,
)
from livekit.agents.utils import is_given

from agent.llm.plugin.history import in_turns
from agent.llm.sight import Sight
from agent.remote.openai_errors import BrokenOff, TimedOut, reason_of
from agent.remote.plugins.faults import fault_of
from agent.remote.plugins.http_session import HttpSession
from agent.remote.plugins.plugin import Plugin


class PluginLLM(llm.LLM[Any]):
    """Streams are independent of each other."""

    def __init__(self, plugin: Plugin) -> None:
        """Make the plug-in's component; blocks."""
        super().__init__()
        self.wrapped: llm.LLM[Any] = plugin.make()
        """The plug-in's own."""
        self.wrapped.on("metrics_collected", self._forward_metrics)
        self._name = plugin.name
        self._session = HttpSession()
        self._closed = False
        self.sight = Sight()

    @property
    def model(self) -> str:
        """As the plug-in calls it."""
        model = self.wrapped.model
        return self._name if model in ("", "unknown") else model

    @property
    def provider(self) -> str:
        """As the plug-in calls it."""
        provider = self.wrapped.provider
        return self._name.rpartition(".")[0] if provider in ("", "unknown") else provider

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> "PluginReply":
        """Start one request. Closing the stream closes the plug-in's."""
        request = {
            "parallel_tool_calls": parallel_tool_calls,
            "tool_choice": tool_choice,
            "extra_kwargs": extra_kwargs,
        }
        return PluginReply(
            self,
            request={name: value for name, value in request.items() if is_given(value)},
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=conn_options,
        )

    def ask(self, chat_ctx: llm.ChatContext, timeout_s: float, **request: Any) -> llm.LLMStream:
        """A stream of the plug-in's own, which tries nothing again by itself.

        Raises:
            Exception: as the plug-in did.
        """
        with self._session.bound():
            return self.wrapped.chat(
                chat_ctx=in_turns(chat_ctx),
                conn_options=APIConnectOptions(max_retry=0, timeout=timeout_s),
                **request,
            )

    def check_open(self) -> None:
        """Raises APIConnectionError when this was closed."""
        if self._closed:
            raise APIConnectionError("this model was closed", retryable=False)

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Let the plug-in open its connection."""
        if not self._closed:
            with self._session.bound():
                self.wrapped.prewarm(**({} if loop is None else {"loop": loop}))

    async def aclose(self) -> None:
        """Close the plug-in's. May be called more than once."""
        if self._closed:
            return
        self._closed = True
        await super().aclose()
        self.wrapped.off("metrics_collected", self._forward_metrics)
        try:
            await self.wrapped.aclose()
        finally:
            await self._session.aclose()

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)


class PluginReply(llm.LLMStream):
    """One answer. Errors after the first token are not retried: it may have been spoken."""

    # The plug-in's stream has spans of its own.
    _llm_request_span_name = "llm_plugin"
    _llm_attempt_span_name = None
    _genai_operation_name = None

    def __init__(self, engine: PluginLLM, *, request: dict[str, Any], **common: Any) -> None:
        super().__init__(engine, **common)
        self._engine, self._request = engine, request
        self._begun = False
        """Whether part of the answer was passed on."""

    async def _run(self) -> None:
        self._engine.check_open()
        self._engine.sight.check(self._engine.model, self._chat_ctx)
        timeout_s = self._conn_options.timeout
        self._begun = False
        came = 0
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(timeout_s) as patience:
                stream = self._engine.ask(
                    self._chat_ctx, timeout_s, tools=self._tools, **self._request
                )
                async with stream:
                    async for chunk in stream:
                        came += 1
                        if chunk.has_response():
                            self._begun = True
                            patience.reschedule(now() + timeout_s)
                        self._event_ch.send_nowait(chunk)
        except TimeoutError as error:
            what = "nothing more" if self._begun else "no first token"
            raise TimedOut(f"{what} within {timeout_s:g} s", retryable=not self._begun) from error
        except Exception as error:
            raise self._explained(fault_of(error, begun=self._begun)) from error
        if not came:
            raise BrokenOff("the answer is empty", reason="the answer is empty", retryable=True)

    def _explained(self, fault: APIError) -> APIError:
        if self._begun:
            return fault
        engine, said = self._engine, reason_of(fault)
        return engine.sight.explained(fault, said, model=engine.model, chat_ctx=self._chat_ctx)

    async def _metrics_monitor_task(self, event_aiter: Any) -> None:
        async for _ in event_aiter:  # the plug-in's own tells them
            pass
