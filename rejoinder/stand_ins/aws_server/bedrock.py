"""The events of Bedrock's ConverseStream, and its errors."""

import json
import re
from typing import Any

Event = tuple[str, dict[str, Any]]

CODES = {
    400: "ValidationException",
    401: "UnauthorizedException",  # of a gateway before it: its own is 403
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


def text_events(
    text: str,
    *,
    stop_reason: str = "end_turn",
    reasoning: str | None = None,
    usage: dict[str, int] | None = None,
) -> list[Event]:
    """A spoken answer, a word per delta."""
    events: list[Event] = [("messageStart", {"role": "assistant"})]
    index = 0
    if reasoning is not None:
        events += _thoughts(reasoning, None)
        index = 1
    words = re.findall(r"\S+\s*", text)
    events += [
        ("contentBlockDelta", {"contentBlockIndex": index, "delta": {"text": word}})
        for word in words
    ]
    events.append(("contentBlockStop", {"contentBlockIndex": index}))
    return events + _ending(stop_reason, usage)


def tool_events(
    *calls: tuple[str, dict[str, Any]],
    stop_reason: str = "tool_use",
    say: str = "",
    reasoning: str | None = None,
    signature: str | None = None,
) -> list[Event]:
    """Tool uses, each with its input in two pieces; no pieces at all for an empty input."""
    events: list[Event] = [("messageStart", {"role": "assistant"})]
    first = 0
    if reasoning is not None:
        events += _thoughts(reasoning, signature)
        first = 1
    if say:
        delta = {"contentBlockIndex": first, "delta": {"text": say}}
        stop = {"contentBlockIndex": first}
        events += [("contentBlockDelta", delta), ("contentBlockStop", stop)]
        first += 1
    for index, (name, arguments) in enumerate(calls, start=first):
        start = {"toolUse": {"toolUseId": f"tool_{index}", "name": name}}
        events.append(("contentBlockStart", {"contentBlockIndex": index, "start": start}))
        text = json.dumps(arguments) if arguments else ""
        for piece in (text[:7], text[7:]) if text else ("",):
            use = {"toolUse": {"input": piece}}
            events.append(("contentBlockDelta", {"contentBlockIndex": index, "delta": use}))
        events.append(("contentBlockStop", {"contentBlockIndex": index}))
    return events + _ending(stop_reason, None)


def _thoughts(text: str, signature: str | None) -> list[Event]:
    pieces: list[dict[str, Any]] = [{"text": text}]
    if signature is not None:
        pieces.append({"signature": signature})
    deltas: list[Event] = [
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": piece}})
        for piece in pieces
    ]
    return [*deltas, ("contentBlockStop", {"contentBlockIndex": 0})]


def _ending(stop_reason: str, usage: dict[str, int] | None) -> list[Event]:
    counts = usage or {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
    return [
        ("messageStop", {"stopReason": stop_reason}),
        ("metadata", {"usage": counts, "metrics": {"latencyMs": 12}}),
    ]
