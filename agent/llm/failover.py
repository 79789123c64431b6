"""Several language models as one: a reply that the first does not begin is begun by the next."""

import asyncio
from collections.abc import AsyncIterable
from typing import Any

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APITimeoutError,
    NotGivenOr,
    llm,
)

from agent.llm.reply_filter import Habit
from agent.llm.sight import CannotSee
from agent.remote.failover import LineUp, Member, NothingSaid, longest_s
from agent.wording.scripts import joined

Model = llm.LLM[Any]

_FINDS = "rejoinder"
"""Provider of the embedded engine, which finds an answer: it cannot go on with another's."""
GO_ON = (
    "(Your answer was cut off there. Go on exactly where it stops, in the same language. Repeat "
    "nothing of it, and say nothing about this.)"
)
"""Said, as by the caller, to a model that goes on with the reply of another one."""


class FailoverLLM(llm.LLM[Any]):
    """Streams are independent of each other.

    A reply that breaks off or stands still after its first word is gone on with by the next model:
    begun anew, its beginning would be heard twice. Where none can, or it calls a tool, it ends.
    """

    def __init__(self, line_up: LineUp[Model], *, stall_s: float) -> None:
        """Ask the engines of `line_up`, which are closed with this.

        `stall_s` is the longest wait for the next piece of a reply that has begun, seconds.
        """
        super().__init__()
        self.line_up = line_up
        self.stall_s = stall_s
        for member in line_up.members:
            member.engine.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        """Model of the engine that answered last."""
        return self.line_up.serving.engine.model

    @property
    def provider(self) -> str:
        """Provider of the engine that answered last."""
        return self.line_up.serving.engine.provider

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Warm the connection of the engine that is asked first."""
        self.line_up.waiting()[0].engine.prewarm(loop=loop)

    async def aclose(self) -> None:
        """Close all engines. May be called more than once."""
        await super().aclose()
        await self.line_up.aclose()
        for member in self.line_up.members:
            member.engine.off("metrics_collected", self._forward_metrics)

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> "FailoverReply":
        """Start a reply; each engine is waited for as its own limits say."""
        return FailoverReply(
            self,
            request={
                "parallel_tool_calls": parallel_tool_calls,
                "tool_choice": tool_choice,
                "extra_kwargs": extra_kwargs,
            },
            chat_ctx=chat_ctx,
            tools=tools or [],
        )

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)


class FailoverReply(llm.LLMStream):
    """One reply. Closing it closes the request of the engine that is being asked."""

    _llm_request_span_name = "llm_failover"
    # Each engine has spans and metrics of its own.
    _llm_attempt_span_name = None
    _genai_operation_name = None

    def __init__(self, engine: FailoverLLM, *, request: dict[str, Any], **common: Any) -> None:
        super().__init__(engine, conn_options=APIConnectOptions(max_retry=0), **common)
        self._line_up, self._stall_s = engine.line_up, engine.stall_s
        self._request = request
        self._said = ""
        """The words of the reply so far."""
        self._acts = False
        """Whether it calls a tool: nobody can go on with half a call."""

    async def _run(self) -> None:
        failure: Exception | None = None
        unseen: CannotSee | None = None
        broken: Exception | None = None
        for member in self._line_up.order():
            if self._said and member.engine.provider == _FINDS:
                continue
            said = self._said
            try:
                await self._answer(member)
                return
            except Exception as error:  # noqa: BLE001 - an engine's bug ends its reply, not the call
                failure = error
                unseen = error if isinstance(error, CannotSee) else unseen
                self._line_up.failed(member, error)
                if self._acts or self._said != said:
                    broken = error
                if self._acts:
                    break
        if broken is not None:
            raise _in_mid_reply(broken) from broken
        if unseen is not None:
            # Without the pictures it may answer.
            raise unseen
        raise APIConnectionError("no model of the list has answered", retryable=False) from failure

    async def _answer(self, member: Member[Model]) -> None:
        limits = member.limits
        first_s = longest_s(limits)
        now = asyncio.get_running_loop().time
        waiting: list[llm.ChatChunk] = []
        begun = False
        stream = member.engine.chat(
            chat_ctx=self._asked(), tools=self._tools, conn_options=limits, **self._request
        )
        async with asyncio.timeout(first_s) as patience, stream:
            async for chunk in stream:
                if not begun and chunk.has_response():
                    begun = True
                    self._line_up.answered(member)
                    self._join(chunk)
                patience.reschedule(now() + (self._stall_s if begun else first_s))
                waiting.append(chunk)
                if begun:
                    # What came before the first word belongs to who says it.
                    for held in waiting:
                        self._pass_on(held)
                    waiting.clear()
        if not begun:
            raise NothingSaid("the model answered without a word", retryable=False)

    def _asked(self) -> llm.ChatContext:
        """The talk; behind it what was said of the reply, to be gone on with."""
        if not self._said:
            return self._chat_ctx
        asked = self._chat_ctx.copy()
        asked.add_message(role="assistant", content=self._said)
        asked.add_message(role="user", content=GO_ON)
        return asked

    def _join(self, chunk: llm.ChatChunk) -> None:
        """Put a blank between two words of which each model has said one, if their script has."""
        delta = chunk.delta
        if not self._said or delta is None or not delta.content:
            return
        last, fresh = self._said[-1], delta.content
        if last.isspace():
            delta.content = fresh.lstrip()
        elif fresh[0].isalnum():
            delta.content = joined([last, fresh])[1:]

    def _pass_on(self, chunk: llm.ChatChunk) -> None:
        if chunk.delta is not None:
            self._said += chunk.delta.content or ""
            self._acts = self._acts or bool(chunk.delta.tool_calls)
        self._event_ch.send_nowait(chunk)

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[llm.ChatChunk]) -> None:
        async for _ in event_aiter:
            pass


def _in_mid_reply(error: Exception) -> APIError:
    """What a reply that was begun ends with: never a reason to begin it again."""
    if isinstance(error, TimeoutError | APITimeoutError):
        return APITimeoutError("the reply stands still", retryable=False)
    return APIConnectionError("the reply broke off", retryable=False)


class ServingHabit(Habit):
    """The habit of whichever model is asked next, and then has answered."""

    def __init__(self, line_up: LineUp[Model], habits: dict[str, Habit]) -> None:
        """`habits` of the engines of `line_up`, by their labels."""
        super().__init__()
        self._line_up = line_up
        self._habits = habits

    def begins_in_thought(self, model: str) -> bool:
        """What is to be expected of the next answer."""
        asked = self._line_up.waiting()[0]
        return self._habits[asked.label].begins_in_thought(asked.engine.model)

    def learn(self, began_in_thought: bool | None) -> None:
        """Take what an answer was like."""
        self._habits[self._line_up.serving.label].learn(began_in_thought)
