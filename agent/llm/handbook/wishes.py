"""What a caller wishes for that is done, not answered: another persona, the end of the call.

A model calls a tool for it; the handbook has none, and knows these wishes by their words, in
English and Chinese, where the call has the tool.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from livekit.agents import llm, utils

from agent.documents.small_talk import Intent, intent_of
from agent.wording.scripts import is_cjk

SWITCH = "switch_persona"
END = "end_call"

_ASKS = re.compile(
    r"\b(talk|speak|chat|switch|change|transfer|connect|through|pass|hand|give|get|bring|call)\b"
    r"|[找转轉换換接跟和叫]",
    re.I,
)
_QUESTION = re.compile(
    r"^\W*(how|what|why|when|where|which|who|does|do|did|is|are|was|will)\b|[吗嗎]|什么|怎么", re.I
)
"""Asks about it, and wishes for nothing."""
_LEAVES = re.compile(r"\b(good\s?)?bye\b|\bgood night\b|\bsee you\b|再见|再見|拜拜|晚安", re.I)
_WORD = re.compile(r"[^\W_]+")
_ALIKE = 0.8
"""How near a word must come to that of a title: recognisers write adviser and advisor."""
_TITLE = re.compile(r"^- (?P<name>[^:]+): (?P<title>[^.\n]*)", re.M)
"""A line of the tool's description (`agent.call.persona_changes`)."""


def wished(text: str, tools: Sequence[llm.Tool]) -> llm.FunctionToolCall | None:
    """The call of one of `tools` that the caller's words ask for; None: they ask for none."""
    known = {tool.id: tool for tool in tools}
    if END in known and intent_of(text) is Intent.FAREWELL and _LEAVES.search(text):
        return _call(END, {})
    if SWITCH in known and _ASKS.search(text) and not _QUESTION.search(text):
        for name, title in _personas(known[SWITCH]):
            if _names(text, title) or _names(text, name):
                return _call(SWITCH, {"name": name})
    return None


def _personas(tool: llm.Tool) -> Iterator[tuple[str, str]]:
    """Name and title of each whom the caller can be let talk to."""
    if isinstance(tool, llm.RawFunctionTool):
        for line in _TITLE.finditer(str(tool.info.raw_schema.get("description", ""))):
            yield line["name"], line["title"]


def _names(text: str, title: str) -> bool:
    """Whether all words of a title are in a text, or, of Chinese, the title is."""
    if any(map(is_cjk, title)):
        return title in text
    heard = [word.lower() for word in _WORD.findall(text)]
    words = [word.lower() for word in _WORD.findall(title)]
    return bool(words) and all(
        difflib.get_close_matches(word, heard, n=1, cutoff=_ALIKE) for word in words
    )


def _call(name: str, arguments: Mapping[str, Any]) -> llm.FunctionToolCall:
    return llm.FunctionToolCall(
        name=name, arguments=json.dumps(arguments), call_id=utils.shortuuid("handbook_")
    )
