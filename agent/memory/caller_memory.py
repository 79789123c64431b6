"""What is known of who is on the line, in one call: loaded once, changed by them alone."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.memory.known import NOTHING, Known
from agent.memory.opened import opened
from agent.options.memory import MemoryOptions

if TYPE_CHECKING:
    from agent.memory.store import Store


class CallerMemory:
    """Of one person. Each method waits for the database, in a thread.

    Raises what `agent.memory.store.Store` does; `known` is then as before.
    """

    def __init__(
        self, options: MemoryOptions, known_as: str, *, changed: Callable[[], None]
    ) -> None:
        """Of the person who is known by `known_as`; `changed` is told when `known` is another."""
        self._options = options
        self._known_as = known_as
        self._changed = changed
        self._writing = asyncio.Lock()
        self.known: Known = NOTHING
        """As it is stored; nothing until it was loaded, and while they have not agreed."""
        self.loaded = False

    @property
    def agreed(self) -> bool:
        """Whether they have agreed to be remembered."""
        return self.known.agreed_at is not None

    async def load(self) -> None:
        """Read what is stored."""
        await self._done(lambda store, person: store.known(person))
        self.loaded = True
        self._changed()

    async def agree(self) -> None:
        """Take their yes."""
        await self._done(lambda store, person: store.agree(person))

    async def withdraw(self) -> None:
        """Take it back: all is deleted."""
        await self._done(lambda store, person: store.withdraw(person))

    async def remember(self, fact: str) -> None:
        """Store a fact."""
        await self._done(lambda store, person: store.remember(person, fact))

    async def correct(self, id: str, text: str) -> None:
        """Write other words for a fact."""
        await self._done(lambda store, person: store.correct(person, id, text))

    async def forget(self, id: str | None = None) -> None:
        """Delete a fact, or all of them and the summary."""
        await self._done(lambda store, person: store.forget(person, id))

    async def summarise(self, summary: str) -> None:
        """Write the summary of their calls."""
        await self._done(lambda store, person: store.summarise(person, summary))

    async def _done(self, work: "Callable[[Store, str], Known]") -> None:
        def do() -> Known:
            memory = opened(self._options)
            return work(memory.store, memory.person(self._known_as))

        # One after the other: what is known in the end is what was written last.
        async with self._writing:
            self.known = await asyncio.to_thread(do)
        self._changed()
