"""Whether the caller has agreed to a call that needs their yes. Pure.

    none ──asks──► asked ──the agent is heard──► heard ──the caller answers──► answered
      ▲                                                                           │
      └──────────── a yes, used once · anything else · another turn ──────────────┘

What the model claims does not count: only what the caller has said or typed, right after they
heard the agent, about the very same call.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from agent.wording.yes_no import said_yes


@dataclass(slots=True)
class _Asked:
    call: str
    question: str = ""
    """What was heard since."""
    answer: list[str] = field(default_factory=list)
    languages: set[str] = field(default_factory=set)
    over: bool = False
    """Whether the agent has been heard again since the answer."""


class Confirmation:
    """Of one call; one question at a time."""

    def __init__(self, languages: Callable[[], Iterable[str]]) -> None:
        """Callers speak `languages`, by their tags, and that which the recogniser names."""
        self._languages = languages
        self._asked: _Asked | None = None

    def asks(self, call: str) -> None:
        """The caller is to be asked about this call next: its name and arguments."""
        self._asked = _Asked(call)

    def agreed(self, call: str) -> bool:
        """Whether the caller has agreed to this very call; True once."""
        asked = self._asked
        if asked is None or asked.call != call:
            return False
        self._asked = None
        if not (asked.question and asked.answer):
            return False
        languages = {*asked.languages, *self._languages()}
        text = " ".join(asked.answer)
        return any(said_yes(text, tag, question=asked.question) for tag in languages or {""})

    def heard(self, text: str) -> None:
        """The caller has heard this of the agent."""
        if self._asked is None or not text.strip():
            return
        if self._asked.answer:
            self._asked.over = True
        else:
            self._asked.question = f"{self._asked.question} {text}".strip()

    def says(self, text: str, *, language: str = "") -> None:
        """The caller says this, or types it."""
        asked = self._asked
        if asked is None:
            return
        if asked.over or not asked.question:
            # It answers something else.
            self._asked = None
            return
        asked.answer.append(text)
        if language:
            asked.languages.add(language)

    def forget(self) -> None:
        """Another person or persona: nothing is asked."""
        self._asked = None
