"""The answer of a chat completions server, in livekit-agents' terms.

Servers differ: a stream or, though a stream was asked for, one JSON object; content as a text or
as a list of parts; thoughts in a field of their own; the end told by `finish_reason`, `[DONE]`
or both.

Source: https://platform.openai.com/docs/api-reference/chat-streaming; the servers' own answers.
"""

import json
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any

import httpx
from livekit.agents import APIConnectionError, llm

from agent.llm.json_text import is_json
from agent.llm.marks import CUT, THOUGHT
from agent.remote.openai_errors import BrokenOff, reason

logger = logging.getLogger(__name__)

_LIMIT = 2**20
"""Bytes of one event, and of an answer that is no event stream."""
_SSE_FIELDS = (b"event:", b"id:", b"retry:", b":")
_DONE = b"[DONE]"
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking")


class Malformed(Exception):
    """The answer is not the protocol."""


async def read_events(response: httpx.Response) -> AsyncGenerator[Mapping[str, Any] | None, None]:
    """Yield the answer's JSON objects; None for the end that the server names.

    Raises:
        Malformed: it is neither an event stream nor a JSON object.
        httpx.HTTPError: the connection broke.
    """
    other = bytearray()
    async with aclosing(_lines(response)) as lines:
        async for line in lines:
            if line.startswith(b"data:"):
                data = line[5:].strip()
                yield None if data == _DONE else _object(data)
            elif line and not line.startswith(_SSE_FIELDS):
                other += line + b"\n"
                if len(other) > _LIMIT:
                    raise Malformed
    if other:
        yield _object(bytes(other))
        yield None


async def _lines(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Lines that end in a line feed alone: JSON may hold the other separators."""
    unread = b""
    async for piece in response.aiter_bytes():
        *lines, unread = (unread + piece).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
        if len(unread) > _LIMIT:
            raise Malformed
    yield unread


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed from error
    if not isinstance(value, dict):
        raise Malformed
    return value


class ChatAnswer:
    """Collects one answer. Text passes through at once, tool calls when they are complete."""

    def __init__(self, answer_id: str) -> None:
        """Begin an answer."""
        self._id = answer_id
        self._calls: dict[int, dict[str, str]] = {}
        self._ended = False
        self._finish: str | None = None
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
        if event is None:
            self._ended = True
            return
        try:
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
        self._finish = finish
        self._ended = True
        calls = [
            llm.FunctionToolCall(
                name=call["name"], arguments=call["arguments"] or "{}", call_id=call["id"] or f"{i}"
            )
            for i, call in self._calls.items()
            if finish in ("tool_calls", "stop", "function_call") or is_json(call["arguments"])
        ]
        self._calls.clear()
        if calls:
            self.delivered = True
            yield self._chunk(tool_calls=calls)
        if finish == "length":
            logger.warning("the answer was cut at the token limit; raise LLM_MAX_TOKENS")
            yield self._chunk(extra={CUT: True})
        elif finish not in ("stop", "tool_calls", "function_call"):
            logger.warning("the answer ended early", extra={"finish_reason": finish[:40]})

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
    text = "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    return text, any(part.get("type") == "thinking" for part in parts)


def _usage(usage: Mapping[str, Any]) -> llm.CompletionUsage:
    prompt = usage.get("prompt_tokens_details") or {}
    completion = usage.get("completion_tokens_details") or {}
    return llm.CompletionUsage(
        completion_tokens=usage.get("completion_tokens") or 0,
        prompt_tokens=usage.get("prompt_tokens") or 0,
        prompt_cached_tokens=prompt.get("cached_tokens") or 0,
        reasoning_tokens=completion.get("reasoning_tokens") or 0,
        total_tokens=usage.get("total_tokens") or 0,
    )
