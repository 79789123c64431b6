"""What a caller keys in: an entry of several keys, or one key that does something. Pure.

A key that does something does it when it is pressed by itself: within an entry a 0 is a digit.
`#` ends an entry, so that nobody has to wait. Digits wait for the pause: who keys in 030 and who
presses 0 begin alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.options.phone import Command

_ENDS = "#"
_NO_DIGITS = frozenset("*#")


@dataclass(frozen=True, slots=True)
class Entered:
    """Keys that belong together, for the model."""

    keys: str


class Keypad:
    """Of one caller."""

    def __init__(self, bound: Mapping[str, Command], *, most: int) -> None:
        """`bound`: what single keys do; an entry has `most` keys at most."""
        self._bound = bound
        self._most = most
        self._keys = ""

    @property
    def waits(self) -> bool:
        """Whether an entry is in progress, which a pause ends."""
        return bool(self._keys)

    def press(self, key: str) -> Entered | Command | None:
        """Take a key; returns what is complete with it."""
        if self._keys and key == _ENDS:
            return self.pause()
        if not self._keys and key in _NO_DIGITS and key in self._bound:
            return self._bound[key]
        self._keys += key
        return self.pause() if len(self._keys) >= self._most else None

    def pause(self) -> Entered | Command | None:
        """Nothing was pressed for a while; returns what was complete before."""
        keys, self._keys = self._keys, ""
        if keys in self._bound:
            return self._bound[keys]
        return Entered(keys) if keys else None

    def clear(self) -> None:
        """Somebody else is on the line."""
        self._keys = ""
