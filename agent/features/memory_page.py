"""What the caller's page may do with their memory: see it, allow it, mend it, delete it."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from livekit import rtc

from agent.call.features import Answer
from agent.memory.asking import Asking
from agent.memory.caller_memory import CallerMemory
from agent.memory.known import NOTHING, Known, Refusal
from agent.room_protocol import CORRECT_MEMORY, DELETE_MEMORY, GET_MEMORY, SET_MEMORY

_MOST_CHARS = 2000
"""Longest payload that is read."""


class MemoryPage:
    """Of one call; each procedure answers with all that is stored then."""

    def __init__(
        self,
        memory: Callable[[], CallerMemory | None],
        asking: Callable[[], Asking],
        *,
        state: Callable[[], str],
    ) -> None:
        """`memory` and `asking` are of who is served at the moment; `state`: the attribute."""
        self._memory = memory
        self._asking = asking
        self._state = state

    def methods(self) -> Mapping[str, Answer]:
        """By their names."""
        return {
            GET_MEMORY: self._get,
            SET_MEMORY: self._set,
            CORRECT_MEMORY: self._correct,
            DELETE_MEMORY: self._delete,
        }

    async def _get(self, call: rtc.RpcInvocationData) -> str:
        memory = self._memory()
        if memory is not None:
            await memory.load()
        return self._told(memory)

    async def _set(self, call: rtc.RpcInvocationData) -> str:
        """A click is as good as a typed yes, or no."""
        on = _asked(call).get("on")
        memory, asking = self._found(), self._asking()
        if on is True:
            await memory.agree()
            for fact in asking.agreed():
                await _allowed(memory.remember(fact))
        elif on is False:
            await memory.withdraw()
            asking.refused()
        else:
            raise rtc.RpcError(400, 'should be {"on": true} or {"on": false}')
        return self._told(memory)

    async def _correct(self, call: rtc.RpcInvocationData) -> str:
        """Without an id: a further fact."""
        asked = _asked(call)
        id, text, memory = asked.get("id"), asked.get("text"), self._found()
        if not isinstance(text, str) or not isinstance(id, str | None):
            raise rtc.RpcError(400, 'should be {"id": "7", "text": "…"}, or a new fact\'s text')
        await _allowed(memory.remember(text) if id is None else memory.correct(id, text))
        return self._told(memory)

    async def _delete(self, call: rtc.RpcInvocationData) -> str:
        asked = _asked(call)
        id, memory = asked.get("id"), self._found()
        if not isinstance(id, str) and asked.get("all") is not True:
            raise rtc.RpcError(400, 'should be {"id": "7"} or {"all": true}')
        await _allowed(memory.forget(id if isinstance(id, str) else None))
        return self._told(memory)

    def _found(self) -> CallerMemory:
        memory = self._memory()
        if memory is None:
            raise rtc.RpcError(409, "nobody can tell in another call that it is you")
        return memory

    def _told(self, memory: CallerMemory | None) -> str:
        known = memory.known if memory is not None else NOTHING
        return json.dumps(_as_json(known) | {"state": self._state()}, ensure_ascii=False)


def _as_json(known: Known) -> dict[str, Any]:
    return {
        "agreed": _date(known.agreed_at),
        "facts": [
            {"id": fact.id, "text": fact.text, "date": _date(fact.told_at)} for fact in known.facts
        ],
        "summary": {"text": known.summary, "date": _date(known.summary_at)}
        if known.summary
        else None,
    }


def _date(at: int | None) -> str | None:
    return None if at is None else time.strftime("%Y-%m-%d", time.gmtime(at))


def _asked(call: rtc.RpcInvocationData) -> dict[str, Any]:
    """What a client asks for; `{}` for no payload."""
    try:
        asked = json.loads(call.payload or "{}") if len(call.payload) <= _MOST_CHARS else None
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise rtc.RpcError(400, f"should be a JSON object of {_MOST_CHARS} characters at most")
    return asked


async def _allowed(work: Awaitable[None]) -> None:
    try:
        await work
    except Refusal as refusal:
        raise rtc.RpcError(refusal.code, str(refusal)) from None
