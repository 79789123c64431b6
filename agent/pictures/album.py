"""Which pictures go with which question, and for how long.

A picture goes with the first question that is asked once it began to arrive. A guess of a question
may be thrown away, so what is put into a copy of the history takes nothing from here; a picture
belongs to its question for good when that enters the history.
"""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from livekit.agents import llm

from agent.llm.sight import MARK, is_glimpse
from agent.pictures.reading import Picture


@dataclass(slots=True, eq=False)
class Sent:
    """A picture that the caller sends."""

    at: float
    """When it began to arrive, as `ChatMessage.created_at`: seconds of the wall clock."""
    arriving: bool = True
    content: llm.ImageContent | None = None
    question: str = ""
    """Id of the message that it belongs to; empty: that is not in the history yet."""


class Album:
    """The pictures of one caller, in memory alone. Belongs to one event loop."""

    def __init__(self, *, per_question: int, turns: int) -> None:
        """Take `per_question` pictures with a question, and show them at `turns` questions."""
        self._per_question = per_question
        self._turns = turns
        self._sent: list[Sent] = []
        self._asked: deque[str] = deque(maxlen=turns)
        """Ids of the newest questions in the history."""
        self._changed = asyncio.Event()

    def expect(self, at: float) -> Sent | None:
        """A picture begins to arrive; None: the next question has as many as it may."""
        if sum(not sent.question for sent in self._sent) >= self._per_question:
            return None
        sent = Sent(at)
        self._sent.append(sent)
        return sent

    def put(self, sent: Sent, picture: Picture) -> None:
        """It has arrived."""
        sent.content, sent.arriving = picture.content(), False
        self._changed.set()

    def give_up(self, sent: Sent) -> None:
        """It never will, if it has not."""
        if sent.arriving:
            sent.arriving = False
            if sent in self._sent:
                self._sent.remove(sent)
            self._changed.set()

    def clear(self) -> None:
        """Forget all, of another caller."""
        self._sent = []
        self._asked.clear()
        self._changed.set()

    async def arrived(self, question: llm.ChatMessage, *, within_s: float) -> None:
        """Wait for the pictures that are on their way to this question."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while any(sent.arriving for sent in self._of(question)):
                    self._changed.clear()
                    await self._changed.wait()

    def has(self, question: llm.ChatMessage) -> bool:
        """Whether a picture is shown with this question."""
        return any(sent.content is not None for sent in self._of(question))

    def entered(self, question: llm.ChatMessage) -> None:
        """A question has entered the history: there it says that pictures came with it."""
        self._asked.append(question.id)
        for sent in self._of(question):
            sent.question = question.id
            if sent.content is not None:
                question.content.insert(0, MARK)
        self._sent = [s for s in self._sent if not s.question or s.question in self._asked]

    def place(self, history: llm.ChatContext) -> None:
        """Put the pictures into a copy of the history; its items, which are shared, stay as is."""
        questions = [
            (place, item)
            for place, item in enumerate(history.items)
            if isinstance(item, llm.ChatMessage) and item.role == "user" and not is_glimpse(item)
        ]
        for place, question in questions[-self._turns :]:
            newest = question is questions[-1][1]
            pictures = self._of(question) if newest else self._bound_to(question)
            contents = [sent.content for sent in pictures if sent.content is not None]
            if contents:
                marks = [MARK] * (len(contents) - question.content.count(MARK))
                content = [*contents, *marks, *question.content]
                history.items[place] = question.model_copy(update={"content": content})

    def _of(self, question: llm.ChatMessage) -> list[Sent]:
        """Of the newest question."""
        waiting = [s for s in self._sent if not s.question and s.at <= question.created_at]
        return [*self._bound_to(question), *waiting]

    def _bound_to(self, question: llm.ChatMessage) -> list[Sent]:
        return [sent for sent in self._sent if sent.question == question.id]
