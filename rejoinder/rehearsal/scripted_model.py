"""A model that answers by a script, served as others are: OpenAI's wire over HTTP.

It proves what is around a model (tools, who may call which, what it is told), not a model's wits.
"""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from rejoinder.rehearsal.script import ScriptedAnswer
from rejoinder.stand_ins.openai_server import OpenAIStandIn


class ScriptedModel:
    """Of one rehearsal."""

    def __init__(self, answers: Sequence[ScriptedAnswer]) -> None:
        """Answer by the first of `answers` that fits."""
        self._answers = answers
        self._server = OpenAIStandIn(reply=self._reply, refuse=self._refuse)
        self._asked = 0
        self.unanswered: list[str] = []
        """What the script has no answer for."""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[dict[str, str]]:
        """Listen on a free port of loopback until the block ends; yields what reaches it."""
        async with self._server.serve() as server:
            yield {"LLM_ENGINE": "openai", "LLM_URL": server.url, "LLM_API_KEY": "scripted"}

    def prompts(self) -> list[str]:
        """What it was sent since the last time, a text for each request."""
        requests = self._server.of("llm")
        new, self._asked = requests[self._asked :], len(requests)
        return [_text_of(request.body) for request in new]

    def _reply(self, messages: list[dict[str, Any]]) -> str | dict[str, Any]:
        answer = self._answer_to(messages)
        assert answer is not None
        if answer.tool is not None:
            return {"tool": answer.tool.name, "arguments": answer.tool.arguments}
        return answer.say or ""

    def _refuse(self, body: dict[str, Any]) -> str | None:
        if self._answer_to(body["messages"]) is not None:
            return None
        self.unanswered.append(_last(body["messages"])[1])
        return "the rehearsal's model has no answer for this"

    def _answer_to(self, messages: list[dict[str, Any]]) -> ScriptedAnswer | None:
        role, text = _last(messages)
        after = "tool" if role == "tool" else "words"
        return next(
            (
                answer
                for answer in self._answers
                if answer.after in (None, after)
                and re.search(answer.when, text, re.IGNORECASE | re.DOTALL)
            ),
            None,
        )


def _last(messages: list[dict[str, Any]]) -> tuple[str, str]:
    """The newest message of the caller or of a tool: whose, and its text."""
    for message in reversed(messages):
        if message["role"] in ("user", "tool"):
            return message["role"], _content(message)
    return "user", ""


def _content(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content)


def _text_of(body: dict[str, Any]) -> str:
    """All words of a request: messages, and what its tools are said to be."""
    messages = "\n".join(_content(message) for message in body["messages"])
    return f"{messages}\n{json.dumps(body.get('tools', []), ensure_ascii=False)}"
