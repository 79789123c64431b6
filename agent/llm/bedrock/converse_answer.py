"""The events of a Bedrock answer in livekit-agents' terms.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import APIConnectionError, APIStatusError, llm

from agent.llm.bedrock.reasoning import Reasoning
from agent.llm.json_text import is_json
from agent.llm.marks import CUT, THOUGHT

logger = logging.getLogger(__name__)

_SILENT_STOPS: Mapping[str, tuple[str, bool]] = {
    "content_filtered": ("the answer was withheld by the model's content filter", False),
    "guardrail_intervened": ("the guardrail blocked the answer", False),
    "model_context_window_exceeded": ("the conversation is longer than the model reads", False),
    "malformed_model_output": ("the model's output was malformed", True),
    "malformed_tool_use": ("the model's tool use was malformed", True),
}
"""Stop reasons that leave the caller without an answer: what to say, worth another try."""


@dataclass(slots=True)
class _ToolUse:
    call_id: str
    name: str
    pieces: list[str] = field(default_factory=list)


class ConverseAnswer:
    """Collects one answer. Text passes through at once, tool calls when they are complete."""

    def __init__(self, answer_id: str, *, model: str) -> None:
        """`model` is the id of who answers; what it thinks goes back to it alone."""
        self._id = answer_id
        self._tools: dict[int, _ToolUse] = {}
        self._reasoning = Reasoning(model)
        self._thought = False
        self._stop_reason: str | None = None
        self.began = False
        """Whether the model has produced anything, reasoning included."""
        self.delivered = False
        """Whether text or a tool call was handed on, so that a retry would repeat it."""

    def feed(self, event: Mapping[str, Any]) -> Iterator[llm.ChatChunk]:
        """Take the next event and give what can be handed on."""
        if "contentBlockStart" in event:
            self._block_starts(event["contentBlockStart"])
        elif "contentBlockDelta" in event:
            self.began = True
            yield from self._delta(event["contentBlockDelta"])
        elif "messageStop" in event:
            self._stop_reason = event["messageStop"]["stopReason"]
            yield from self._message_stops()
        elif "metadata" in event:
            yield llm.ChatChunk(id=self._id, usage=_usage(event["metadata"]["usage"]))

    def _block_starts(self, block: Mapping[str, Any]) -> None:
        use = block["start"].get("toolUse")
        if use:
            self.began = True
            self._tools[block["contentBlockIndex"]] = _ToolUse(use["toolUseId"], use["name"])

    def _delta(self, block: Mapping[str, Any]) -> Iterator[llm.ChatChunk]:
        delta = block["delta"]
        if "text" in delta:
            self.delivered = self.delivered or bool(delta["text"])
            yield self._chunk(content=delta["text"])
        elif "reasoningContent" in delta:
            self._reasoning.add(block["contentBlockIndex"], delta["reasoningContent"])
            if not self._thought:
                self._thought = True
                yield self._chunk(extra={THOUGHT: True})
        elif "toolUse" in delta and block["contentBlockIndex"] in self._tools:
            self._tools[block["contentBlockIndex"]].pieces.append(delta["toolUse"]["input"])

    def _chunk(self, **delta: Any) -> llm.ChatChunk:
        return llm.ChatChunk(id=self._id, delta=llm.ChoiceDelta(role="assistant", **delta))

    def _message_stops(self) -> Iterator[llm.ChatChunk]:
        calls = [call for use in self._tools.values() if (call := self._call(use)) is not None]
        if calls:
            self.delivered = True
            calls[0].extra = self._reasoning.extra()
            yield self._chunk(tool_calls=calls)
        if self._stop_reason == "max_tokens":
            yield self._chunk(extra={CUT: True})

    def _call(self, use: _ToolUse) -> llm.FunctionToolCall | None:
        arguments = "".join(use.pieces) or "{}"
        if self._stop_reason != "tool_use" and not is_json(arguments):
            # Cut off: a guess at the rest could call the tool with wrong arguments.
            logger.warning("incomplete tool call dropped", extra={"stop_reason": self._stop_reason})
            return None
        return llm.FunctionToolCall(name=use.name, arguments=arguments, call_id=use.call_id)

    def close(self) -> None:
        """Check that the answer is complete; call it after the last event.

        Raises:
            APIError: it broke off, or it ended without anything to say.
        """
        reason = self._stop_reason
        if reason is None:
            raise APIConnectionError(
                "the answer broke off before its end", retryable=not self.delivered
            )
        if reason == "max_tokens":
            logger.warning("the answer was cut at the token limit; raise LLM_MAX_TOKENS")
        if reason not in _SILENT_STOPS:
            return
        message, retryable = _SILENT_STOPS[reason]
        if self.delivered:
            logger.warning("the answer ended early", extra={"stop_reason": reason})
        elif retryable:
            raise APIConnectionError(message)
        else:
            raise APIStatusError(message, status_code=400)


def _usage(usage: Mapping[str, Any]) -> llm.CompletionUsage:
    read = usage.get("cacheReadInputTokens", 0)
    written = usage.get("cacheWriteInputTokens", 0)
    # Bedrock counts cached tokens beside inputTokens, livekit-agents within prompt_tokens.
    return llm.CompletionUsage(
        completion_tokens=usage["outputTokens"],
        prompt_tokens=usage["inputTokens"] + read + written,
        prompt_cached_tokens=read,
        cache_read_tokens=read,
        cache_creation_tokens=written,
        total_tokens=usage["totalTokens"],
    )
