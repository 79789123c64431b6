"""What the model may do with the caller's memory, if the persona that speaks lists it."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from livekit.agents import llm

from agent.memory.asking import Asking
from agent.memory.caller_memory import CallerMemory
from agent.memory.known import FACT_CHARS, Refusal, fact_of, told
from agent.tasks import fault

logger = logging.getLogger(__name__)

REMEMBER = "remember"
RECALL = "recall"
FORGET = "forget"
ALL = "all"
"""In place of a fact's id."""

_STORED = "Stored."
_ASKED = (
    "Not stored yet. The caller is asked for permission right after your reply, in fixed words: do "
    "not ask yourself, and do not say that you will remember it. Answer what they have said."
)
_REFUSED = "Not stored: the caller has said no in this call. Do not bring it up again."
_GONE = "Deleted."
_UNKNOWN = "This caller cannot be recognised in another call, so nothing is stored."
_BROKEN = "The memory cannot be reached now. Say that it was not done, if it matters."


class MemoryTools:
    """Of one call."""

    def __init__(
        self, memory: Callable[[], CallerMemory | None], asking: Callable[[], Asking]
    ) -> None:
        """`memory` and `asking` are of who is served at the moment."""
        self._memory = memory
        self._asking = asking

    def all(self) -> Sequence[llm.Tool]:
        """Remember, recall, forget."""
        return (
            _tool(
                self._remember,
                REMEMBER,
                "Keep one fact that the caller has told about themselves and that will help in "
                "their next call: a name, a wish, how to address them. No secrets, no card "
                "numbers, nothing about other people. They are asked for permission once.",
                {"fact": f"One short sentence, {FACT_CHARS} characters at most."},
            ),
            _tool(
                self._recall,
                RECALL,
                "Look up all that is stored of this caller, with the ids of the facts.",
                {},
            ),
            _tool(
                self._forget,
                FORGET,
                "Delete what is stored of this caller, when they ask for it.",
                {"id": f'Id of the fact; "{ALL}": everything, and they are known no more.'},
            ),
        )

    async def _remember(self, raw_arguments: dict[str, object]) -> str:
        asking, memory = self._asking(), await self._loaded()
        try:
            fact = fact_of(str(raw_arguments.get("fact", "")))
        except Refusal as refusal:
            raise llm.ToolError(str(refusal)) from None
        if memory.agreed:
            await _done(memory.remember(fact))
            return _STORED
        return _ASKED if asking.want(fact) else _REFUSED

    async def _recall(self, raw_arguments: dict[str, object]) -> str:
        return told((await self._loaded()).known)

    async def _forget(self, raw_arguments: dict[str, object]) -> str:
        asking, memory = self._asking(), await self._loaded()
        id = str(raw_arguments.get("id", ""))
        if id == ALL:
            await _done(memory.withdraw())
            asking.refused()
        else:
            await _done(memory.forget(id))
        return _GONE

    async def _loaded(self) -> CallerMemory:
        memory = self._memory()
        if memory is None:
            raise llm.ToolError(_UNKNOWN)
        if not memory.loaded:
            await _done(memory.load())
        return memory


async def _done(work: Awaitable[None]) -> None:
    try:
        await work
    except Refusal as refusal:
        raise llm.ToolError(str(refusal)) from None
    except Exception as error:  # noqa: BLE001 - the model is told that it was not done
        logger.warning("the memory does not serve", extra=fault(error))
        raise llm.ToolError(_BROKEN) from None


def _tool(
    work: Callable[[dict[str, object]], Awaitable[str]],
    name: str,
    description: str,
    texts: Mapping[str, str],
) -> llm.Tool:
    """A tool whose arguments are all texts, and all needed."""
    properties: dict[str, Any] = {
        key: {"type": "string", "description": said} for key, said in texts.items()
    }
    schema: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    raw = {"name": name, "description": description, "parameters": schema}

    async def called(raw_arguments: dict[str, object]) -> str:
        return await work(raw_arguments)

    return llm.function_tool(called, raw_schema=raw)
