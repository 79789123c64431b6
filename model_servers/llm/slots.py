"""Which of llama.cpp's contexts answers whom: the one that has read most of the conversation.

llama.cpp goes on behind what a context has in common with a request. Left to itself it takes a
free one, and the right one is not free for the moment in which a request that was given up is
noticed: then all would be read again. Here a client keeps its own, and waits for that moment.
"""

import contextlib
import threading
from collections.abc import Iterator

_MOMENT_S = 2.0
"""Longest wait for a request that was given up; then another context reads all again."""


class Slots:
    """The contexts by number. Used in the threads that ask.

    Args:
        count: how many there are; as many may be asked at the same time.
    """

    def __init__(self, count: int) -> None:
        self._changed = threading.Condition()
        self._free = list(range(count))
        """The one that was used last is the last."""
        self._owners: dict[int, str] = {}
        self._given_up: set[int] = set()

    @contextlib.contextmanager
    def taken(self, client: str) -> Iterator[int]:
        """The client's context, or the one that nobody has asked for longest."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_about_to_be_free(client), _MOMENT_S)
            own = [slot for slot in self._free if self._owners.get(slot) == client]
            slot = own[-1] if own else self._free[0]
            self._free.remove(slot)
            self._owners[slot] = client
        try:
            yield slot
        finally:
            with self._changed:
                self._given_up.discard(slot)
                self._free.append(slot)
                self._changed.notify_all()

    def give_up(self, slot: int) -> None:
        """Nobody waits for what a taken context is doing: it is about to be free."""
        with self._changed:
            if slot not in self._free:
                self._given_up.add(slot)

    def _is_about_to_be_free(self, client: str) -> bool:
        own = {slot for slot, owner in self._owners.items() if owner == client}
        return own.isdisjoint(self._free) and not own.isdisjoint(self._given_up)
