"""The body of `/v1/chat/completions`, checked, as llama.cpp is asked it.

Source: https://platform.openai.com/docs/api-reference/chat/create; llama.cpp's
tools/server/README.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model_servers.serving.errors import BadRequest
from model_servers.serving.json_body import read_object

_PASSED_ON = frozenset(
    ("messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "stop", "seed")
    + ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty")
    + ("repeat_penalty", "logit_bias", "stream_options", "chat_template_kwargs")
)
"""Fields that llama.cpp gets; others, such as its own that name slots and files, are left out."""
_SHAPES: Mapping[str, type | tuple[type, ...]] = {
    "tools": list,
    "stop": (str, list),
    "response_format": dict,
    "logit_bias": (dict, list),
    "stream_options": dict,
    "chat_template_kwargs": dict,
}
"""Where llama.cpp would take a value of another shape for a mistake of its own."""
_LIMITS = ("max_completion_tokens", "max_tokens")
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_MOST_MESSAGES = 2000


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a client asks for."""

    stream: bool
    fields: Mapping[str, Any]
    """As llama.cpp takes them."""


def parse(body: bytes, *, max_tokens: int) -> ChatRequest:
    """Check a request's body.

    Args:
        body: JSON.
        max_tokens: longest answer.

    Raises:
        BadRequest: it is not JSON, lacks messages or has a value that is not allowed.
    """
    given = read_object(body)
    _check_messages(given.get("messages"))
    stream = given.get("stream", False)
    if not isinstance(stream, bool | None):
        raise BadRequest("stream must be true or false", param="stream")
    if given.get("n") not in (None, 1):
        raise BadRequest("there is one answer to a request: n must be 1", param="n")
    fields = {
        name: value for name, value in given.items() if name in _PASSED_ON and value is not None
    }
    for name, shape in _SHAPES.items():
        if name in fields and not isinstance(fields[name], shape):
            raise BadRequest(f"{name} has a value of a wrong kind", param=name)
    return ChatRequest(bool(stream), fields | {"max_tokens": _limit(given, max_tokens)})


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages must be a list of at least one message", param="messages")
    if len(messages) > _MOST_MESSAGES:
        raise BadRequest(f"there are more than {_MOST_MESSAGES} messages", param="messages")
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in _ROLES:
            roles = ", ".join(sorted(_ROLES))
            raise BadRequest(f"{where}: role must be one of {roles}", param="messages")
        content = message.get("content")
        parts = content if isinstance(content, list) else []
        texts = all(isinstance(p, dict) and isinstance(p.get("text"), str) for p in parts)
        if not isinstance(content, str | list | None) or not texts:
            raise BadRequest(f"{where}: this model reads texts alone", param="messages")


def _limit(given: Mapping[str, Any], most: int) -> int:
    for name in _LIMITS:
        asked = given.get(name)
        if asked is None:
            continue
        if not isinstance(asked, int) or isinstance(asked, bool) or asked < 1:
            raise BadRequest(f"{name} must be a whole number from 1 on", param=name)
        return min(asked, most)
    return most
