"""What the turn machinery tells the rest of a call, for latencies and notices."""

from typing import Protocol


class TurnObserver(Protocol):
    """Receives the moments of a caller's turn. Times are `time.perf_counter()` seconds.

    Called on the event loop, in the order in which things happen; must not block.
    """

    def speech_began(self, *, at: float) -> None:
        """The detector declared speech."""

    def utterance_ended(self, *, last_voiced: float, at: float) -> None:
        """The detector declared the utterance over at `at`."""

    def recognition_began(self, *, at: float) -> None:
        """The utterance's audio was sent to the engine."""

    def recognition_ended(self, *, at: float) -> None:
        """The engine answered, with text or with nothing."""

    def recognition_failed(self, *, error: Exception) -> None:
        """All tries failed: the utterance's words are lost."""
