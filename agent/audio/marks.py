"""What travels with a reply's audio, so that who plays it knows which words it has.

All are empty texts with a place in the audio: livekit-agents carries texts with a frame, to
the output of the audio and, as text, to the captions, where an empty one is nothing.
"""

from collections.abc import Callable

from livekit.agents.types import TimedString


class Progress(TimedString):
    """How much of a reply's audio is made of whole pieces.

    It goes with the reply's first frame, so that who plays the reply has it too: the same
    object, which tells what is true when it is read.
    """

    breaks: list[float]
    """Where pieces end in the middle of their text, seconds."""
    _made_s: Callable[[], float]
    _before_s: float | None

    def __new__(cls, made_s: Callable[[], float]) -> "Progress":
        """`made_s`: audio made of the reply so far, seconds."""
        progress = super().__new__(cls, "")
        assert isinstance(progress, Progress)
        progress.breaks, progress._made_s, progress._before_s = [], made_s, None
        return progress

    @property
    def whole_s(self) -> float:
        """Where the last piece ends whose audio is complete, seconds from the reply's start."""
        return self._made_s() if self._before_s is None else self._before_s

    def piece_begins(self) -> None:
        """What is made from now on belongs to a piece that is not complete."""
        self._before_s = self._made_s()

    def piece_ended(self, *, broken: bool = False) -> None:
        """All that is made is complete, or the last piece, if `broken`, has no more of its own."""
        if broken:
            self.breaks.append(self._made_s())
        self._before_s = None


class Again(TimedString):
    """From its `start_time` on the piece before is said once more, from its first word."""

    def __new__(cls, at_s: float) -> "Again":
        """`at_s`: seconds of the reply's audio."""
        mark = super().__new__(cls, "", start_time=at_s)
        assert isinstance(mark, Again)
        return mark


class Mute(TimedString):
    """A piece that no voice says; its place is `at_s`."""

    piece: str
    at_s: float

    def __new__(cls, piece: str, at_s: float) -> "Mute":
        """`piece` is the text, `at_s` seconds of the reply's audio."""
        mark = super().__new__(cls, "", start_time=at_s)
        assert isinstance(mark, Mute)
        mark.piece, mark.at_s = piece, at_s
        return mark
