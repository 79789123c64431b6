"""The answer of a chat completions server, in livekit-agents' terms.

Servers differ: a stream or, though a stream was asked for, one JSON object; content as a text or
as a list of parts; thoughts in a field of their own; tool calls whole or in pieces, with names or
without; the end told by `finish_reason`, `[DONE]` or both.

Source: https://platform.openai.com/docs/api-reference/chat-streaming; the servers' own answers.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from livekit.agents import APIConnectionError, llm

from agent.llm.call_ids import new_call_id
from agent.llm.json_text import is_json
from agent.llm.marks import CUT, THOUGHT
from agent.remote.event_stream import Malformed
from agent.remote.openai_errors import BrokenOff, reason

logger = logging.getLogger(__name__)

_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
_WHOLE = ("stop", "tool_calls", "function_call")
"""Reasons to end that the model itself had."""
_SPOKEN_PARTS = (None, "text", "output_text")
"""Types of the parts of a content that are for the caller; thoughts may have a text too."""


class ChatAnswer:
    """Collects one answer. Text passes through at once, tool calls when they are complete."""

    def __init__(self, answer_id: str) -> None:
        """Begin an answer."""
        self._id = answer_id
        self._calls: dict[int, dict[str, str]] = {}
        self._ended = False
        self._thought = False
        self.outputs = 0
        """Events in which the model produced something, thoughts included."""
        self.delivered = False
        """Whether text or a tool call was handed on, so that a retry would repeat it."""

    def feed(self, event: Mapping[str, Any] | None) -> Iterator[llm.ChatChunk]:
        """Take the next event and give what can be handed on.

        Raises:
            BrokenOff: it says that the model failed.
            Malformed: it is no event of an answer.
        """
        try:
            if event is None:
                self._ended = True
                # Some servers name the end, and no reason for it.
                yield from self._called("")
            else:
                yield from self._event(event)
        except (AttributeError, TypeError, ValueError):
            raise Malformed from None  # a field is of another kind; the error repeats it

    def _event(self, event: Mapping[str, Any]) -> Iterator[llm.ChatChunk]:
        if event.get("error"):
            raise BrokenOff(
                "the server ended the answer with an error",
                reason=reason(dict(event)),
                retryable=not self.delivered,
            )
        choices = event.get("choices")
        if not isinstance(choices, list) and "usage" not in event:
            raise Malformed
        for choice in choices or ():
            yield from self._choice(choice)
        if isinstance(event.get("usage"), dict):
            yield llm.ChatChunk(id=self._id, usage=_usage(event["usage"]))

    def _choice(self, choice: Mapping[str, Any]) -> Iterator[llm.ChatChunk]:
        delta = choice.get("delta") or choice.get("message") or {}
        text, thought = _content(delta.get("content"))
        if thought or any(delta.get(name) for name in _THOUGHT_FIELDS):
            self.outputs += 1
            if not self._thought:
                self._thought = True
                yield self._chunk(extra={THOUGHT: True})
        for index, call in enumerate(delta.get("tool_calls") or ()):
            self.outputs += 1
            self._collect(call, index)
        if text:
            self.outputs += 1
            self.delivered = True
            yield self._chunk(content=text)
        finish = choice.get("finish_reason")
        if finish:
            yield from self._finished(str(finish))

    def _collect(self, call: Mapping[str, Any], index: int) -> None:
        function = call.get("function") or {}
        at = call.get("index", index)
        new = call.get("id") and at in self._calls and call["id"] != self._calls[at]["id"]
        if new:  # some servers count all calls as the first
            at = len(self._calls)
        known = self._calls.setdefault(at, {"id": "", "name": "", "arguments": ""})
        known["id"] = known["id"] or call.get("id") or ""
        known["name"] = known["name"] or function.get("name") or ""
        arguments = function.get("arguments") or ""
        known["arguments"] += arguments if isinstance(arguments, str) else json.dumps(arguments)

    def _finished(self, finish: str) -> Iterator[llm.ChatChunk]:
        self._ended = True
        yield from self._called(finish)
        if finish == "length":
            logger.warning("the answer was cut at the token limit; raise LLM_MAX_TOKENS")
            yield self._chunk(extra={CUT: True})
        elif finish not in _WHOLE:
            logger.warning("the answer ended early", extra={"finish_reason": finish[:40]})

    def _called(self, finish: str) -> Iterator[llm.ChatChunk]:
        """The tool calls that were collected; one that was cut is none."""
        calls = [
            llm.FunctionToolCall(
                name=call["name"],
                arguments=call["arguments"] or "{}",
                call_id=call["id"] or new_call_id(),
            )
            for call in self._calls.values()
            if finish in _WHOLE or is_json(call["arguments"] or ("" if finish else "{}"))
        ]
        self._calls.clear()
        if calls:
            self.delivered = True
            yield self._chunk(tool_calls=calls)

    def _chunk(self, **delta: Any) -> llm.ChatChunk:
        return llm.ChatChunk(id=self._id, delta=llm.ChoiceDelta(role="assistant", **delta))

    def close(self) -> None:
        """Check that the answer is complete; call it after the last event.

        Raises:
            APIConnectionError: it broke off.
        """
        if not self._ended:
            raise APIConnectionError(
                "the answer broke off before its end", retryable=not self.delivered
            )


def _content(content: Any) -> tuple[str, bool]:
    """The text of a message's content, and whether there is a thought in it."""
    if isinstance(content, str):
        return content, False
    if not isinstance(content, list):
        return "", False
    parts = [part for part in content if isinstance(part, dict)]
    spoken = [part for part in parts if part.get("type") in _SPOKEN_PARTS]
    text = "".join(part["text"] for part in spoken if isinstance(part.get("text"), str))
    return text, any(part.get("type") in ("thinking", "reasoning") for part in parts)


def _usage(usage: Mapping[str, Any]) -> llm.CompletionUsage:
    prompt = usage.get("prompt_tokens_details") or {}
    completion = usage.get("completion_tokens_details") or {}
    return llm.CompletionUsage(
        completion_tokens=usage.get("completion_tokens") or 0,
        prompt_tokens=usage.get("prompt_tokens") or 0,
        # DeepSeek's own name for it.
        prompt_cached_tokens=prompt.get("cached_tokens")
        or usage.get("prompt_cache_hit_tokens")
        or 0,
        reasoning_tokens=completion.get("reasoning_tokens") or 0,
        total_tokens=usage.get("total_tokens") or 0,
    )
