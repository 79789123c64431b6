"""What the model is told of documents with each question, and the tool by which it looks further.

The passages reach the model inside the reply's own step: a reply that is begun on a guess has them
too, and is kept. The embedded handbook is told where to look instead.
"""

import asyncio
from collections.abc import Sequence

from livekit.agents import llm

from agent.call.features import Feature, Surroundings
from agent.call.libraries import is_handbook, library_of
from agent.documents.library import Library
from agent.documents.lookup import Found
from agent.documents.quoting import quoted, sources
from agent.llm.marks import DOCUMENTS
from agent.llm.sight import is_aside, question_of

NOTHING = "The documents do not tell."


def feature(call: Surroundings) -> Feature:
    """For every call: another persona may have documents."""
    return Documents(call)


class Documents(Feature):
    """Of one call."""

    def __init__(self, call: Surroundings) -> None:
        """Look up what is asked in the documents of who speaks."""
        self._call = call
        self._options = call.settings.documents
        self._used: set[Library] = set()

    def tools(self) -> Sequence[llm.Tool]:
        """`search_documents`, where there are any."""
        nameless = self._call.cast.persona.shelved is None
        if nameless or not self._listed or is_handbook(self._call.settings):
            return ()
        return (llm.function_tool(self._search, name="search_documents"),)

    async def brief(self, history: llm.ChatContext) -> None:
        """Put the passages that may answer the newest question before it."""
        question = question_of(history)
        if question is None or not self._listed:
            return
        content: list[llm.ChatContent] = []
        if not is_handbook(self._call.settings):
            text = question.text_content or ""
            content = [self._quoted(await self._find(text, context=_context(history, question)))]
            if not any(content):
                return
        elif self._call.cast.persona.documents is None:
            return
        aside = llm.ChatMessage(
            role="user",
            content=content,
            extra={DOCUMENTS: list(self._listed)},
            created_at=question.created_at,
        )
        # Others may have added to the history, or changed the question, meanwhile.
        place = next(n for n, item in enumerate(history.items) if item.id == question.id)
        history.items.insert(place, aside)

    async def run(self) -> None:
        """Let go of the connections at the end."""
        try:
            await asyncio.Event().wait()
        finally:
            for library in self._used:
                await library.aclose()

    async def _search(self, question: str) -> str:
        """Look something up in the documents, when what was given with the question does not do.

        Args:
            question: What to look up, complete without the conversation.
        """
        return self._quoted(await self._find(question)) or NOTHING

    async def _find(self, question: str, *, context: str = "") -> list[Found]:
        library = await asyncio.to_thread(library_of, self._listed, self._options)
        self._used.add(library)
        return await library.search(question, context=context, limit=self._options.passages)

    def _quoted(self, found: Sequence[Found]) -> str:
        for source in sources(found):
            self._call.sources.add(source)
        return quoted(found, max_chars=self._options.max_chars)

    @property
    def _listed(self) -> tuple[str, ...]:
        own = self._call.cast.persona.documents
        return self._options.documents if own is None else own


def _context(history: llm.ChatContext, question: llm.ChatMessage) -> str:
    """What was said last before a question, by both."""
    before = [m for m in history.messages() if m.id != question.id and not is_aside(m)]
    said = [m.text_content or "" for m in before if m.role in ("user", "assistant")]
    return "\n".join(said[-2:])
