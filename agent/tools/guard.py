"""What stands around every tool: who may call it, the caller's yes, its time, an interruption.

    model ─► listed by the persona? ─► agreed to? ─► runs ─► result ─► model
                                                      │ filler, time limit
                                      barge-in ───────┴─► cut off, or ends on its own

A tool that may be cut off says so by `ToolFlag.CANCELLABLE`; every other one is taken to have
effects, and is not cut in two: the talk goes on, and its result comes when it is there.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from livekit.agents import RunContext, StopResponse, llm
from livekit.agents.llm.utils import build_legacy_openai_schema, prepare_function_arguments
from livekit.agents.voice import SpeechHandle

from agent.options.tools import ToolOptions
from agent.personas.persona_file import ToolChoice
from agent.room_protocol import TOPIC_TOOL
from agent.tasks import begin, fault
from agent.tools.confirmation import Confirmation

logger = logging.getLogger(__name__)

FunctionTool = llm.FunctionTool[..., Any] | llm.RawFunctionTool[..., Any]

MOST_CHARS = 16_000
"""Longest result that the model is given, characters; the rest is cut off."""
_LAST_S = 5.0
"""Time that a tool with effects has to end when the call is over, seconds."""
_STOP_S = 1.0
"""Time that one that was stopped has to clean up, seconds."""

_ASK = (
    "Not done yet: this needs the caller's yes. Ask them in one short sentence that says exactly "
    "what will be done. Only when their next words are a clear yes make the very same call again."
)
_GIVEN_UP = "Given up: the caller spoke first. It has not been done."
_TOO_SLOW = "Given up after {limit:g} s without a result. Tell the caller that it did not work."
_UNSURE = (
    "No result after {limit:g} s: it may have been done or not. Tell the caller so, and do not "
    "call it again unless they ask you to."
)
_FAILED = "It failed. Tell the caller in one sentence that it did not work."
_NOT_YOURS = "You do not have this tool."
_GOES_ON = "still at work"
_CUT = " … (the rest is left out)"
_UNTOLD = frozenset({"press_keys"})
"""Tools whose arguments the room is never told: they may be a PIN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the guard asks and tells."""

    choice: Callable[[str], ToolChoice | None]
    """How the persona that speaks now may call a tool; None: not at all."""
    confirmation: Confirmation
    filler: Callable[[], SpeechHandle | None]
    """Says that the caller should wait; None: it was said in this turn."""
    publish: Callable[[str, dict[str, Any]], None]
    """Tells the room."""


class Guard:
    """Of one call."""

    def __init__(self, options: ToolOptions, around: Around) -> None:
        """Guard tools as `options` say."""
        self._options = options
        self._around = around
        self._may_be_cut: set[asyncio.Task[Any]] = set()

    def guarded(self, tool: FunctionTool) -> llm.RawFunctionTool[..., Any]:
        """The same tool to the model. What it is called with is checked as the tool has it."""

        async def call(context: RunContext[None], raw_arguments: dict[str, object]) -> Any:
            return await self._called(tool, context, raw_arguments)

        # No flag: for cancellable tools the framework would give the model two more of its own.
        return llm.function_tool(
            call,
            raw_schema=_schema(tool),
            on_duplicate="reject",
            duplicate_scope="name_and_args",
        )

    def end(self) -> None:
        """The call is over: nobody waits for what may be cut off."""
        for work in self._may_be_cut:
            work.cancel()

    async def _called(
        self, tool: FunctionTool, context: RunContext[None], arguments: dict[str, Any]
    ) -> Any:
        name = tool.id
        choice = self._around.choice(name)
        if choice is None:
            raise llm.ToolError(_NOT_YOURS)
        args, kwargs = prepare_function_arguments(
            fnc=tool, json_arguments=arguments, call_ctx=context
        )
        confirmation, same = self._around.confirmation, _same(name, arguments)
        if choice.confirm and not confirmation.agreed(same):
            # What is said together with the call is no question about it.
            await context.wait_for_playout()
            confirmation.asks(same)
            self._tell(context, "asks", arguments)
            return _ASK
        if context.speech_handle.interrupted:
            raise llm.ToolError(_GIVEN_UP)
        began = time.perf_counter()
        self._tell(context, "running", arguments)
        state = "failed"
        try:
            outcome = await self._worked(tool, _outcome(tool, args, kwargs), context)
            if isinstance(outcome, Exception) and not isinstance(outcome, StopResponse):
                raise outcome
            state = "done"
        except llm.ToolError:
            raise
        except Exception as error:  # noqa: BLE001 - a tool of somebody's own raises what it likes
            logger.warning("a tool failed", extra={"tool": name, **fault(error)})
            raise llm.ToolError(_FAILED) from None
        finally:
            took_ms = round((time.perf_counter() - began) * 1000)
            logger.info("tool used", extra={"tool": name, "state": state, "took_ms": took_ms})
            self._tell(context, state, arguments, took_ms=took_ms)
        if isinstance(outcome, StopResponse):
            raise outcome
        if isinstance(outcome, str) and len(outcome) > MOST_CHARS:
            return outcome[:MOST_CHARS] + _CUT
        return outcome

    async def _worked(
        self, tool: FunctionTool, working: Coroutine[Any, Any, Any], context: RunContext[None]
    ) -> Any:
        """What came of it, an exception too; stops it when it must not go on."""
        limit_s = self._options.timeout_s
        cuttable = llm.ToolFlag.CANCELLABLE in tool.info.flags
        work = begin(working, name=f"tool-{tool.id}")
        if cuttable:
            self._may_be_cut.add(work)
            work.add_done_callback(self._may_be_cut.discard)
        try:
            async with asyncio.timeout(limit_s):
                async with context.with_filler(
                    lambda step: self._around.filler(), delay=self._options.filler_after_s
                ):
                    await context.speech_handle.wait_if_not_interrupted([work])
                if not (work.done() or cuttable):
                    # The next answer need not wait for it.
                    await context.update(_GOES_ON)
                    await asyncio.wait({work})
        except TimeoutError:
            text = _TOO_SLOW if cuttable else _UNSURE
            return llm.ToolError(text.format(limit=limit_s))
        except asyncio.CancelledError:
            if not cuttable:
                await asyncio.wait({work}, timeout=_LAST_S)
            raise
        finally:
            work.cancel()
            await asyncio.wait({work}, timeout=_STOP_S)
        given_up = work.cancelled() or not work.done()
        return llm.ToolError(_GIVEN_UP) if given_up else work.result()

    def _tell(
        self,
        context: RunContext[None],
        state: str,
        arguments: dict[str, Any],
        *,
        took_ms: int | None = None,
    ) -> None:
        call = context.function_call
        message: dict[str, Any] = {"id": call.call_id, "name": call.name, "state": state}
        if took_ms is not None:
            message["took_ms"] = took_ms
        if self._options.tell == "arguments" and call.name not in _UNTOLD:
            message["arguments"] = arguments
        self._around.publish(TOPIC_TOOL, message)


async def _outcome(tool: FunctionTool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the tool gives, or raises: an exception is a result like another."""
    try:
        return await tool(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - told by who waits for it
        return error


def _same(name: str, arguments: dict[str, Any]) -> str:
    """Equal for calls that are the same."""
    return f"{name} {json.dumps(arguments, sort_keys=True, default=str)}"


def _schema(tool: FunctionTool) -> dict[str, Any]:
    if isinstance(tool, llm.RawFunctionTool):
        return dict(tool.info.raw_schema)
    schema = build_legacy_openai_schema(tool, internally_tagged=True)
    return {name: schema[name] for name in ("name", "description", "parameters")}
