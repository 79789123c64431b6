"""An engine's reply on its way to the voice: what is for the caller, or an error.

Stands behind every engine, those from outside too: thoughts and tool calls in the text are
taken out (`agent.llm.spoken_text`), a reply without words is an error, and so is one that stands
still in its midst.
"""

import asyncio
import logging
import mmap
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from livekit.agents import APIConnectionError, APITimeoutError, llm, utils
from livekit.agents.types import FlushSentinel

from agent.llm.marks import CUT, THOUGHT
from agent.llm.spoken_text import SpokenText
from agent.llm.written_calls import read_calls

logger = logging.getLogger(__name__)

Chunk = llm.ChatChunk | str | FlushSentinel

_OPENED_BY_TEMPLATE = re.compile(r"deepseek.?r1|qwq|thinking|minimax-m\d|nemotron", re.IGNORECASE)
"""Models whose usual chat template writes the beginning of the thought itself."""

_UNKNOWN, _YES, _NO = 0, 1, 2


class Habit:
    """Whether a model's answers begin in the midst of a thought: learned from the last one."""

    BYTES = 1
    """Size of the memory it is kept in."""

    def __init__(self, memory: mmap.mmap | None = None) -> None:
        """Keep it in `memory`, which other processes may share (`agent.remote.learned`)."""
        self._memory = memory or bytearray(self.BYTES)

    def begins_in_thought(self, model: str) -> bool:
        """What is to be expected of the next answer; before the first one its name tells."""
        if self._memory[0] == _UNKNOWN:
            return _OPENED_BY_TEMPLATE.search(model) is not None
        return self._memory[0] == _YES

    def learn(self, began_in_thought: bool | None) -> None:
        """Take what an answer was like; None: it told nothing."""
        if began_in_thought is not None:
            self._memory[0] = _YES if began_in_thought else _NO


async def filtered_reply(
    pieces: AsyncGenerator[Chunk, None],
    *,
    tools: list[llm.Tool],
    model: str,
    habit: Habit,
    stall_s: float | None,
) -> AsyncGenerator[Chunk, None]:
    """What of a reply is for the caller, as it comes.

    Args:
        pieces: what the engine gives; closed when this is closed, and when it stands still.
        tools: those that a call written as text may name.
        model: name of the model.
        habit: what is known of its answers; learns from this one.
        stall_s: longest wait between two pieces once words have come, seconds; None: whoever
            gives them sees to that.

    Raises:
        APITimeoutError: it stands still.
        APIConnectionError: it ends without a word or a tool call.
    """
    text = SpokenText(begins_in_thought=habit.begins_in_thought(model))
    spoken = cut = False
    async with aclosing(pieces):
        while True:
            try:
                async with asyncio.timeout(stall_s if spoken else None):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                break
            except TimeoutError as error:
                raise APITimeoutError(
                    f"the reply stands still for {stall_s:g} s", retryable=False
                ) from error
            delta = piece.delta if isinstance(piece, llm.ChatChunk) else None
            marks = _taken_marks(delta)
            if THOUGHT in marks:
                text.thought_apart()
            cut = cut or CUT in marks
            if isinstance(piece, str):
                piece = text.feed(piece)
            elif delta is not None and delta.content:
                delta.content = text.feed(delta.content) or None
            if _is_empty(piece):
                continue
            spoken = spoken or _has_output(piece)
            yield piece
        rest = text.end(cut=cut)
        habit.learn(text.began_in_thought)
        if rest:
            spoken = True
            yield rest
        calls = [call for written in text.calls for call in read_calls(written, _names(tools))]
        if calls:
            delta = llm.ChoiceDelta(role="assistant", tool_calls=calls)
            yield llm.ChatChunk(id=utils.shortuuid("written_"), delta=delta)
        elif text.calls:
            logger.warning("the model called a tool that it does not have; nothing was done")
    if not (spoken or calls):
        raise APIConnectionError("the model answered without a word", retryable=False)


def _names(tools: list[llm.Tool]) -> list[str]:
    return list(llm.ToolContext(tools).function_tools)


def _taken_marks(delta: llm.ChoiceDelta | None) -> set[str]:
    """Take our marks out of a delta."""
    extra: dict[str, Any] = (delta.extra or {}) if delta is not None else {}
    marks = {mark for mark in (THOUGHT, CUT) if extra.pop(mark, False)}
    if delta is not None and not extra:
        delta.extra = None
    return marks


def _has_output(piece: Chunk) -> bool:
    if isinstance(piece, llm.ChatChunk):
        return piece.has_response()
    return isinstance(piece, str)


def _is_empty(piece: Chunk) -> bool:
    """Whether nothing is left of a piece."""
    if isinstance(piece, llm.ChatChunk):
        delta = piece.delta
        empty = delta is None or not (delta.content or delta.tool_calls or delta.extra)
        return empty and piece.usage is None
    return piece == ""
