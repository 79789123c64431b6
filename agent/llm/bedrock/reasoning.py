"""What a model thought before it used a tool: never spoken, and given back with the tool's result.

Models that think between tool calls refuse a history in which their signed thoughts are missing.
They travel with the first call of an answer, as JSON, in the history of the call.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from livekit.agents import llm

_KEY = "bedrock"


class Reasoning:
    """Collects the thoughts of one answer."""

    def __init__(self, model: str) -> None:
        """Of the model with this id."""
        self._model = model
        self._blocks: dict[int, dict[str, str]] = {}

    def add(self, index: int, delta: Mapping[str, Any]) -> None:
        """Take the next piece of the block with this index."""
        block = self._blocks.setdefault(index, {})
        if "redactedContent" in delta:
            sealed = base64.b64encode(delta["redactedContent"]).decode()
            block["redacted"] = sealed
        for name in ("text", "signature"):
            if name in delta:
                block[name] = block.get(name, "") + delta[name]

    def extra(self) -> dict[str, Any] | None:
        """What a tool call carries of them; None where the model does not ask for them back."""
        blocks = [b for _, b in sorted(self._blocks.items()) if "signature" in b or "redacted" in b]
        return {_KEY: {"model": self._model, "thoughts": blocks}} if blocks else None


def thoughts_before(
    message: Mapping[str, Any], chat_ctx: llm.ChatContext, model: str
) -> Iterator[dict[str, Any]]:
    """The blocks that a message with tool uses begins with, if this model thought them."""
    used = {block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block}
    for item in chat_ctx.items:
        if item.type != "function_call" or item.call_id not in used:
            continue
        carried = item.extra.get(_KEY, {})
        if carried.get("model") != model:
            continue
        for block in carried["thoughts"]:
            if "redacted" in block:
                yield {"reasoningContent": {"redactedContent": base64.b64decode(block["redacted"])}}
            else:
                thought = {"text": block.get("text", ""), "signature": block["signature"]}
                yield {"reasoningContent": {"reasoningText": thought}}
