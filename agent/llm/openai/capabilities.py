"""What a server takes of a request: learned from what it refuses.

Each refuses something else, few say it in the same words, and no list of features tells it. What
it names, and an answer can do without, is left out of the next try and, once that is answered, of
all further requests.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from agent.remote.openai_errors import Refused

logger = logging.getLogger(__name__)

SYSTEM, TOOLS, CALL_IDS = "system", "tools", "tool_call_id"
"""Messages of the system's role; tools and all that is about them; ids as other servers made
them."""
TOOL_FIELDS = (TOOLS, "tool_choice", "parallel_tool_calls")

_MAY_MISUNDERSTAND = (400, 422, 501)
_MAY_TELL = (*_MAY_MISUNDERSTAND, 404, 500)
"""OpenRouter finds no server that has tools; llama.cpp fails where a template refuses."""
_OPTIONAL = (
    "stream_options",
    "reasoning_effort",
    "temperature",
    "parallel_tool_calls",
    "tool_choice",
    "response_format",
)
"""Fields that an answer can do without."""
_UNASKED = ("stream_options", "reasoning_effort")
"""Those of them that nobody has set: the first to go when a server does not say which."""
_NO_SYSTEM = re.compile(
    r"system (role|message|prompt)s?\b.{0,30}\b(not|un\w+)\b|not (support|allow)\w* .{0,20}system",
    re.IGNORECASE,
)
_NO_TOOLS = re.compile(
    r"(not|n't) support\w* (the use of )?(tool|function)"  # Ollama, DeepSeek
    r"|found that support tool"  # OpenRouter
    r"|(tools?|function) (param\w*|choice|call\w*) (requires|(is|are) (not|un))"  # vLLM
    r"|unsupported param\w*: tools\b"  # llama.cpp before templates
    r"|\btools (are|is) (not|un)"
    # A field of its own; in the midst of a path it is a tool that is wrong.
    r"|\btools\b(?!\\?['\"]?\s*[:,\[.])(?=.{0,60}(not permitted|forbidden|unrecogni|unknown))"
    r"|(not permitted|forbidden|unrecogni\w+|unknown)[^.]{0,60}\btools\b(?!\\?['\"]?\s*[:,\[.])",
    re.IGNORECASE | re.DOTALL,
)
_FOREIGN_ID = re.compile(r"tool.?call.?id\b.{0,60}(length of 9|a-z, A-Z, 0-9)", re.IGNORECASE)


class Capabilities:
    """One server's, as far as they are known."""

    def __init__(self) -> None:
        """It takes everything."""
        self.lacks: set[str] = set()
        """Fields that it has refused, `system` and `tool_call_id`."""
        self._has_answered = False

    def refused(
        self, refused: Refused, said: str, body: Mapping[str, Any], *, without: set[str]
    ) -> set[str]:
        """What to leave out of the next try; nothing: the refusal is of something else.

        Args:
            refused: the refusal.
            said: all that the server says.
            body: the request's.
            without: what was left out of it.
        """
        status = refused.status_code
        named = self._told_in_words(refused, said, body, without) if status in _MAY_TELL else set()
        if status not in _MAY_MISUNDERSTAND:
            return named
        # A body that repeats the request has them as keys.
        named |= {
            name
            for name in _OPTIONAL
            if name in body and re.search(rf"{name}(?!\\?['\"]\s*:)", said)
        }
        if "max_tokens" in body and "max_completion_tokens" in said:
            named.add("max_tokens")
        if not (named or self._has_answered or without - self.lacks):
            # It does not say what it cannot take; of a server that has answered it is not this.
            named = set(_UNASKED) & body.keys()
        return named

    def _told_in_words(
        self, refused: Refused, said: str, body: Mapping[str, Any], without: set[str]
    ) -> set[str]:
        told: set[str] = set()
        if TOOLS in body and _NO_TOOLS.search(said):
            told.add(TOOLS)
        if body["messages"][0]["role"] == SYSTEM and _NO_SYSTEM.search(refused.reason):
            told.add(SYSTEM)
        if CALL_IDS not in without and _FOREIGN_ID.search(refused.reason):
            told.add(CALL_IDS)
        return told

    def answered(self, *, without: set[str]) -> None:
        """It has answered a request without these."""
        self._has_answered = True
        if without - self.lacks:
            logger.warning(
                "the model's server refuses fields; they are left out",
                extra={"fields": ", ".join(sorted(without))},
            )
            self.lacks |= without


def fitted(body: Mapping[str, Any], *, without: set[str]) -> dict[str, Any]:
    """A request's fields as such a server takes them."""
    fields = dict(body)
    if "max_tokens" in without and "max_tokens" in fields:
        fields["max_completion_tokens"] = fields.pop("max_tokens")
    gone = without | set(TOOL_FIELDS) if TOOLS in without else without
    return {name: value for name, value in fields.items() if name not in gone}
