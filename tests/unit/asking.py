"""A conversation with the handbook engine, through livekit-agents' interface."""

from collections.abc import Sequence
from typing import Any, Literal

from livekit.agents import APIConnectOptions, llm

from agent.documents.library import open_library
from agent.llm.handbook import engine as handbook
from agent.llm.marks import SOURCE
from agent.options.documents import DocumentsOptions

Said = tuple[Literal["user", "assistant", "cut"], str]
"""Who said what; `cut` is an interrupted answer, as far as it was heard."""
SHIPPED_PASSAGES = tuple(
    passage
    for document in open_library((handbook.SHIPPED,), DocumentsOptions()).documents
    for passage in document.passages
)
CONN_OPTIONS = APIConnectOptions(max_retry=0, timeout=5.0)


def context(said: Sequence[Said]) -> llm.ChatContext:
    """A history that begins with instructions."""
    chat_ctx = llm.ChatContext.empty()
    chat_ctx.add_message(role="system", content="Be brief.")
    for who, text in said:
        role: Any = "user" if who == "user" else "assistant"
        chat_ctx.add_message(role=role, content=text, interrupted=who == "cut")
    return chat_ctx


async def ask(*said: Said, **options: Any) -> llm.CollectedResponse:
    """The answer of a new engine with these options."""
    async with handbook.build(handbook.Options(**options)) as engine:
        chat = engine.chat(chat_ctx=context(said), conn_options=CONN_OPTIONS)
        async with chat as stream:
            return await stream.collect()


def source(answer: llm.CollectedResponse) -> dict[str, str] | None:
    """Title and path of the section that an answer is taken from."""
    return answer.extra.get(SOURCE)
