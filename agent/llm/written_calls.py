"""Tool calls that a model wrote into its text, because its server does not know its dialect.

Sources: the tool parsers of vLLM (hermes, llama3_json, mistral, qwen3_coder, kimi_k2, granite);
https://github.com/openai/harmony.
"""

import json
import re
from collections.abc import Collection
from typing import Any

from livekit.agents import llm

from agent.llm.call_ids import new_call_id

_DECODER = json.JSONDecoder()
_NAMED = re.compile(r"<function=([\w.-]+)>|^\s*(?:functions\.)?([\w.-]+)(?::\d+)?\s*[\[{<]")
"""`<function=name>`, or a name before the arguments."""
_PARAMETER = re.compile(r"<parameter=([\w.-]+)>\s*(.*?)\s*</parameter>", re.DOTALL)


def read_calls(text: str, allowed: Collection[str]) -> list[llm.FunctionToolCall]:
    """The calls in `text` whose tool is in `allowed`; others, and what is no call, are left out."""
    calls = []
    parts = text.split("<|tool_call_begin|>")
    for name, arguments in (call for part in parts for call in _found(part)):
        if name in allowed:
            calls.append(
                llm.FunctionToolCall(
                    name=name, arguments=json.dumps(arguments), call_id=new_call_id()
                )
            )
    return calls


def _found(text: str) -> list[tuple[str, dict[str, Any]]]:
    values = _json_values(text)
    parameters = {name: _value(value) for name, value in _PARAMETER.findall(text)}
    named = _NAMED.search(text)
    if named is not None:
        objects = [value for value in values if isinstance(value, dict)]
        return [(named[1] or named[2], parameters or (objects[0] if objects else {}))]
    calls = []
    for value in values:
        for item in value if isinstance(value, list) else [value]:
            call = _call(item)
            if call is not None:
                calls.append(call)
    return calls


def _call(item: Any) -> tuple[str, dict[str, Any]] | None:
    if not isinstance(item, dict):
        return None
    inner = item.get("function", item)
    inner = inner if isinstance(inner, dict) else item
    name = inner.get("name", item.get("function"))
    arguments = inner.get("arguments", inner.get("parameters", {}))
    if isinstance(arguments, str):
        arguments = _value(arguments)
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return None
    return name, arguments


def _json_values(text: str) -> list[Any]:
    """The JSON objects and lists in `text`, one after the other."""
    values = []
    at = 0
    while (begins := re.compile(r"[{\[]").search(text, at)) is not None:
        try:
            value, at = _DECODER.raw_decode(text, begins.start())
            values.append(value)
        except json.JSONDecodeError:
            at = begins.end()
        except RecursionError:
            break  # a model in a loop
    return values


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
