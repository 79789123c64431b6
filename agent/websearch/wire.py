"""What an engine of the web search is: how it is asked, and how its answers are read.

It has no connection of its own; `agent.websearch.search` has them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from agent.remote.openai_errors import one_line
from agent.websearch.result import WebResult


@dataclass(frozen=True, slots=True)
class Wish:
    """What is searched for. Private: it is what somebody asked."""

    query: str = field(repr=False)
    language: str = ""
    """BCP-47 tag of the language that results are to have; empty: as the engine likes."""
    limit: int = 4


class Unanswered(Exception):
    """The engine has answered, but not the question; the text says why, and repeats no query."""


class Wire(Protocol):
    """One engine. Its module has one, called `WIRE`."""

    @property
    def name(self) -> str:
        """As people know it."""

    def headers(self, key: str) -> Mapping[str, str]:
        """What every request carries; `key` may be empty."""

    def request(self, client: httpx.AsyncClient, wish: Wish) -> httpx.Request:
        """A search, by a client whose base is the engine's address."""

    def results(self, body: Mapping[str, Any]) -> Iterator[WebResult]:
        """What was found, best first; texts as they came, addresses of any kind.

        Raises:
            Unanswered: nobody has searched.
            ValueError: this is no answer of the engine.
        """

    def remedy(self, status: int, said: str) -> str:
        """What a person can do about a refusal; `said`: the engine's own reason."""


def text(item: object, *names: str) -> str:
    """The first of an object's fields that holds text; empty without one."""
    if isinstance(item, Mapping):
        for name in names:
            value = item.get(name)
            if isinstance(value, str) and value.strip():
                return value
    return ""


def items(body: Mapping[str, Any], name: str) -> list[Any]:
    """A list that an answer must have.

    Raises:
        ValueError: it has none.
    """
    found = body.get(name)
    if not isinstance(found, list):
        raise ValueError(f"no list {name}")
    return found


def said_in(body: object) -> str:
    """The reason in a decoded refusal, on one line; it may repeat the query."""
    for key in ("detail", "error", "message"):
        if isinstance(body, Mapping) and key in body:
            return said_in(body[key])
    return one_line(body) if isinstance(body, str) else ""
