"""The question whether something may be remembered, from the wish to the caller's own answer. Pure.

    quiet ──wanted──► due ──said──► saying ──heard──► open ──yes──► quiet, and agreed
                       ▲               │               │ ├──no────► refused
                       └──cut short────┴─another reply─┘ └──else──► quiet

The agent says the question itself, in words that are ours, and the very next thing that the caller
says or types is the answer: no claim of the model's, and no yes to another question, is one.
"""

from collections.abc import Collection
from typing import Literal

from agent.wording.yes_no import said_yes

MOST_PENDING = 5
"""Facts that wait for the answer; what comes then is dropped."""
_MOST_TRIES = 2
_HEARD = 0.5
"""Of a question that was cut short, so much must have been heard: who knows it answers early."""

Stage = Literal["quiet", "due", "saying", "open", "refused"]


class Asking:
    """Of one person in one call."""

    def __init__(self) -> None:
        self.stage: Stage = "quiet"
        self.question = ""
        """As it was said last."""
        self._pending: list[str] = []
        self._tries = 0

    def want(self, fact: str) -> bool:
        """Keep a fact until the caller has answered; False: they have said no in this call."""
        if self.stage == "refused":
            return False
        if fact not in self._pending and len(self._pending) < MOST_PENDING:
            self._pending.append(fact)
        if self.stage == "quiet":
            self.stage, self._tries = "due", 0
        return True

    def reply_ended(self, heard: str, *, interrupted: bool) -> bool:
        """A reply is over, of which `heard` was heard; whether the question is to be said now.

        After another reply a yes may be meant for that one: the question has to be said again.
        """
        if self.stage == "saying" and self._was_heard(heard):
            self.stage = "open"
        elif self.stage == "saying" or (self.stage == "open" and heard):
            if self._tries < _MOST_TRIES:
                self.stage = "due"
            else:
                self._drop()
        return self.stage == "due" and not interrupted

    def saying(self, question: str) -> None:
        """The question is being said, or typed, from now on."""
        self.stage, self.question = "saying", question
        self._tries += 1

    def answered(self, text: str, languages: Collection[str]) -> bool | None:
        """The caller has said or typed something; None: it is no answer, or nothing was asked.

        `languages`: tags of those that it may be in.
        """
        if self.stage != "open":
            return None
        verdicts = {said_yes(text, tag) for tag in languages} - {None}
        verdict = verdicts.pop() if len(verdicts) == 1 else None
        if verdict is None:
            self._drop()
        elif not verdict:
            self.refused()
        return verdict

    def agreed(self) -> list[str]:
        """They have agreed, by these words or by a click; the facts that waited for it."""
        pending = self._pending
        self._drop()
        return pending

    def refused(self) -> None:
        """They have said no, by these words or by a click: this call does not ask again."""
        self._drop()
        self.stage = "refused"

    def _was_heard(self, heard: str) -> bool:
        """Whether this is the question, or enough of it; it may have been another reply."""
        words = " ".join(heard.split())
        return len(words) >= _HEARD * len(self.question) and self.question.startswith(words)

    def _drop(self) -> None:
        self.stage, self._pending = "quiet", []
