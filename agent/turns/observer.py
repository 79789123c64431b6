"""What the turn machinery tells the rest of a call, for latencies and notices."""

from typing import Protocol


class TurnObserver(Protocol):
    """Receives the moments of a caller's turn. Times are `time.perf_counter()` seconds.

    Called on the event loop, in the order in which things happen; must not block.
    """

    def recognised(self, *, asked: float, answered: float) -> None:
        """Words were recognised on which an answer is begun now."""

    def utterance_ended(self, *, last_voiced: float, at: float) -> None:
        """The turn was decided to be over at `at`."""

    def recognition_failed(self, *, error: Exception) -> None:
        """All tries failed: the utterance's words are lost."""


class _Unobserved:
    def recognised(self, *, asked: float, answered: float) -> None: ...

    def utterance_ended(self, *, last_voiced: float, at: float) -> None: ...

    def recognition_failed(self, *, error: Exception) -> None: ...


UNOBSERVED: TurnObserver = _Unobserved()
"""Nobody is told."""
