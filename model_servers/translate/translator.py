"""What translates: a model behind a few methods, whichever it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

Stopped = Callable[[], bool]
"""Whether nobody waits for a translation any more. May be called in any thread."""


class Translator(Protocol):
    """A loaded model. `translate` blocks and may be called in several threads at the same time."""

    @property
    def name(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def at_once(self) -> int:
        """Sentences that it translates together in less time than one after the other."""
        ...

    @property
    def pairs(self) -> Mapping[str, Sequence[str]]:
        """Tags of the languages that each language can be translated into."""
        ...

    def translate(
        self, sentences: Sequence[str], source: str, target: str, stopped: Stopped
    ) -> list[str]:
        """The translations, in order; fewer, or anything, once nobody waits any more.

        Args:
            sentences: none is empty.
            source: one of `pairs`.
            target: one of its languages.
            stopped: looked at now and then.
        """
        ...
