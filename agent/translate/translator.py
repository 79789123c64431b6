"""The face of a translation engine, which livekit-agents has none of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Wish:
    """A text that is to be translated. Private: it is what somebody said."""

    text: str = field(repr=False)
    source: str
    """BCP-47 tag of its language."""
    target: str
    """BCP-47 tag of the language that is wanted."""
    before: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """What the same person said before, each with its translation, oldest first: context for
    engines that take any."""
    glossary: Mapping[str, str] = field(default_factory=dict, repr=False)
    """How terms are written in the target language, for engines that take any."""


class Translator(Protocol):
    """One per job; its methods are called on the job's event loop."""

    @property
    def model(self) -> str:
        """The model that it asks, for people."""

    @property
    def provider(self) -> str:
        """Host and port of its server, or who runs it."""

    async def translate(self, wish: Wish, *, timeout_s: float) -> str:
        """The text in the wanted language. Cancelling ends the request at the server.

        Raises:
            APITimeoutError: there was no answer within `timeout_s`.
            APIStatusError: the engine refuses, for example a language that it does not know.
            APIConnectionError: it cannot be reached, or its answer is none.
        """

    def prewarm(self) -> None:
        """Open the connection in the background; returns at once."""

    async def aclose(self) -> None:
        """Cancel what is in flight and close all connections. May be called more than once."""
