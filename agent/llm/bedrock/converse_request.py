"""A conversation in the form that Bedrock's Converse API accepts.

Its rules, each broken one a ValidationException: roles alternate, the caller's side is first
and last, no blank text, a tool's result directly follows its use, and tool blocks need a tool
configuration.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

import json
from collections.abc import Iterator
from typing import Any, Literal

from livekit.agents import llm

from agent.llm.alternation import Message, alternating
from agent.llm.bedrock.reasoning import thoughts_before

NO_OUTPUT = "(no output)"


def converse_messages(
    chat_ctx: llm.ChatContext, *, with_tools: bool, model: str = ""
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Turn a history into messages and system blocks.

    Args:
        chat_ctx: the history. It is not changed.
        with_tools: whether the request will have a tool configuration. Without one, past
            tool results are told as text and past tool uses are left out.
        model: its id; what it thought before it used a tool goes back to it.

    Returns:
        `messages` and `system`.

    Raises:
        ValueError: an image is given by address or in a format that Bedrock does not take.
    """
    raw, extra = chat_ctx.to_provider_format("aws", inject_dummy_user_message=False)
    failed = {
        item.call_id
        for item in chat_ctx.items
        if item.type == "function_call_output" and item.is_error
    }
    used: dict[str, dict[str, Any]] = {}
    told: list[Message] = [
        {
            "role": message["role"],
            "content": list(_usable(message["content"], failed, used, with_tools)),
        }
        for message in raw
    ]
    if with_tools:
        for message in told:
            message["content"] = [*thoughts_before(message, chat_ctx, model), *message["content"]]
    messages = alternating(
        (message for message in told if message["content"]),
        join=_join,
        say=lambda text: [{"text": text}],
    )
    system = [{"text": text} for text in extra.system_messages or [] if text.strip()]
    return messages, system


def _join(first: Message, second: Message) -> bool:
    first["content"] += second["content"]
    return True


def _usable(
    blocks: list[dict[str, Any]],
    failed: set[str],
    used: dict[str, dict[str, Any]],
    with_tools: bool,
) -> Iterator[dict[str, Any]]:
    for block in blocks:
        if "text" in block:
            if block["text"].strip():
                yield block
        elif "toolUse" in block:
            used[block["toolUse"]["toolUseId"]] = block["toolUse"]
            if with_tools:
                yield block
        elif "toolResult" in block:
            result = block["toolResult"]
            content = [part for part in result["content"] if part.get("text", "x").strip()]
            content = content or [{"text": NO_OUTPUT}]
            status = "error" if result["toolUseId"] in failed else "success"
            if with_tools:
                yield {"toolResult": result | {"content": content, "status": status}}
            else:
                yield {"text": _told(used[result["toolUseId"]], content, status)}
        else:
            yield block


def _told(use: dict[str, Any], content: list[dict[str, Any]], status: str) -> str:
    outcome = "failed with" if status == "error" else "returned"
    values = " ".join(part.get("text") or json.dumps(part.get("json")) for part in content)
    return f"[{use['name']}({json.dumps(use['input'])}) {outcome}: {values}]"


def tool_config(tools: list[llm.Tool], choice: Any) -> dict[str, Any] | None:
    """Turn function tools into a tool configuration.

    Args:
        tools: those without a function schema are ignored.
        choice: livekit-agents' tool choice, or a false value for `auto`.

    Returns:
        None when there is no tool or none may be used; Converse has no choice `none`.
    """
    if choice == "none":
        return None
    specs = llm.ToolContext(tools).parse_function_tools("aws")
    if not specs:
        return None
    for spec in specs:
        _complete(spec["toolSpec"])
    config: dict[str, Any] = {"tools": specs}
    if choice == "required":
        config["toolChoice"] = {"any": {}}
    elif isinstance(choice, dict):
        config["toolChoice"] = {"tool": {"name": choice["function"]["name"]}}
    elif choice == "auto":
        config["toolChoice"] = {"auto": {}}
    return config


def cached(parts: dict[str, Any], ttl: Literal["5m", "1h"], *, tools: bool) -> None:
    """Mark what the next request begins with too: it is read for a tenth of the price, and sooner.

    Args:
        parts: `messages`, and perhaps `system` and `toolConfig`; they are changed.
        ttl: how long it is kept since it was last read.
        tools: whether the model takes a mark among its tools.
    """
    point: dict[str, Any] = {"cachePoint": {"type": "default"}}
    if ttl != "5m":
        point["cachePoint"]["ttl"] = ttl
    if tools and parts.get("toolConfig"):
        parts["toolConfig"]["tools"].append(point)
    if parts.get("system"):
        parts["system"].append(point)
    parts["messages"][-1]["content"].append(point)


def _complete(spec: dict[str, Any]) -> None:
    """Remove what Bedrock refuses: a blank description, a schema that is not an object's."""
    if not (spec.get("description") or "").strip():
        spec.pop("description", None)
    schema = dict(spec["inputSchema"]["json"])
    schema.setdefault("type", "object")
    schema.setdefault("properties", {})
    spec["inputSchema"] = {"json": schema}
