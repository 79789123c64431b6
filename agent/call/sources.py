"""Where the answer was found that is spoken next."""

from collections.abc import Mapping
from typing import Any

MOST = 8
"""So many are told of one answer."""


class Sources:
    """Of one call: what finds something adds it, the reply that begins to sound takes all."""

    def __init__(self) -> None:
        """Without any."""
        self._found: list[dict[str, Any]] = []

    def clear(self) -> None:
        """Another answer is begun: what was found for a guess that was thrown away is nothing."""
        self._found.clear()

    def add(self, source: Mapping[str, Any]) -> None:
        """One more, `title` and `path` or `url`, perhaps an `extract`; the same twice is one."""
        if source not in self._found and len(self._found) < MOST:
            self._found.append(dict(source))

    def take(self) -> dict[str, Any] | None:
        """The message to the room, once; None: nothing was found. docs/room-protocol.md."""
        found, self._found = self._found, []
        if not found:
            return None
        first = {"title": str(found[0].get("title", "")), "path": str(found[0].get("path", ""))}
        return first | {"sources": found}
