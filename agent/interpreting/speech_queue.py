"""What one voice track has still to say: whose clause is next, and how fast. Pure.

Speakers take turns: a voice stays with one as long as there is something of theirs to say, unless
somebody else has waited too long.
"""

from collections import deque
from dataclasses import dataclass, field, replace

from agent.wording.scripts import joined
from agent.wording.spoken_length import letters

TURN_S = 4.0
"""After so long somebody else's clause goes before a further one of who is spoken for."""
LETTER_S = 0.062
"""What a letter takes at the usual speed: 16 a second, pauses included."""
_LONG_S = 2.0
_MOST_LETTERS = 180
"""Of what is said in one go: about eleven seconds."""
_SPEEDS = ((0.25, 1.0), (0.6, 1.1), (1.1, 1.2), (1.8, 1.3), (float("inf"), 1.4))
"""Up to so many seconds late, this fast; what is faster is hard to follow."""


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that is to be said for somebody."""

    speaker: str = field(repr=False)
    """Identity of who said it in their own language."""
    segment: str
    """Of its caption."""
    text: str = field(repr=False)
    since: float
    """Since when it waits, seconds."""
    summary: bool = False
    """Whether a model has put it into other words than a translation's."""
    more: tuple[str, ...] = ()
    """Segments of further captions that are said with it, in one go."""
    corrected: bool = False
    """Whether its words have changed while it waited."""
    speed: float = 1.0
    """How fast it is said, as a factor of the usual speed; known when its turn has come."""


class SpeechQueue:
    """Of one track. Times are seconds of any clock."""

    def __init__(self) -> None:
        """Begin with nothing to say."""
        self._waiting: dict[str, deque[Saying]] = {}
        self._floor = ""
        """Identity of who is spoken for, or was last."""

    def __bool__(self) -> bool:
        """Whether something waits."""
        return bool(self._waiting)

    @property
    def waiting_s(self) -> float:
        """How long what waits takes to say at the usual speed, seconds."""
        return sum(length_of(one.text) for waiting in self._waiting.values() for one in waiting)

    @property
    def waiting(self) -> tuple[Saying, ...]:
        """What waits of anybody."""
        return tuple(one for waiting in self._waiting.values() for one in waiting)

    def waiting_of(self, speaker: str) -> tuple[Saying, ...]:
        """What waits of somebody, in its order."""
        return tuple(self._waiting.get(speaker, ()))

    @property
    def speakers(self) -> tuple[str, ...]:
        """Of whom something waits."""
        return tuple(self._waiting)

    def add(self, saying: Saying) -> None:
        """Have something said after what waits of the same speaker."""
        self._waiting.setdefault(saying.speaker, deque()).append(saying)

    def correct(self, speaker: str, segment: str, text: str) -> None:
        """It has other words; nothing changes when it is said already."""
        waiting = self._waiting.get(speaker)
        if waiting is not None:
            self._waiting[speaker] = deque(
                replace(one, text=text, corrected=True) if one.segment == segment else one
                for one in waiting
            )

    def shorten(self, speaker: str, sayings: tuple[Saying, ...], text: str) -> None:
        """Say `text` in place of several, so far as they still wait."""
        waiting = self._waiting.get(speaker, deque())
        rest = [one for one in waiting if one not in sayings]
        if len(rest) == len(waiting):
            return
        more = tuple(segment for one in sayings for segment in (one.segment, *one.more))[1:]
        short = replace(sayings[0], text=text, summary=True, more=more)
        self._waiting[speaker] = deque([short, *rest])

    def leave_out(self, most_s: float) -> list[Saying]:
        """Leave out the oldest until the rest takes `most_s` at most; returns them."""
        left_out: list[Saying] = []
        while self.waiting_s > most_s:
            speaker = min(self._waiting, key=lambda who: self._waiting[who][0].since)
            left_out.append(self._take(speaker))
        return left_out

    def next(self, now: float) -> Saying | None:
        """What is to be said now, and is not waiting any more; None: nothing."""
        if not self._waiting:
            return None
        oldest = min(self._waiting, key=lambda who: self._waiting[who][0].since)
        waited_s = now - self._waiting[oldest][0].since
        if self._floor not in self._waiting or (oldest != self._floor and waited_s > TURN_S):
            self._floor = oldest
        saying = self._take(self._floor)
        parts = [saying]
        while (
            (more := self.waiting_of(self._floor))
            and more[0].summary == saying.summary
            and sum(letters(part.text) for part in parts) + letters(more[0].text) <= _MOST_LETTERS
        ):
            parts.append(self._take(self._floor))
        return replace(
            saying,
            text=joined(part.text for part in parts),
            more=tuple(segment for part in parts for segment in (part.segment, *part.more))[1:],
            corrected=any(part.corrected for part in parts),
        )

    def _take(self, speaker: str) -> Saying:
        saying = self._waiting[speaker].popleft()
        if not self._waiting[speaker]:
            del self._waiting[speaker]
        return saying


def speed_of(late_s: float, length_s: float = 0.0) -> float:
    """How fast to say what begins so much later than it could, as a factor.

    `length_s`: what it takes at the usual speed; what follows a long clause would begin late.
    """
    behind_s = late_s + max(0.0, length_s - _LONG_S) / 2
    return next(speed for most_s, speed in _SPEEDS if behind_s <= most_s)


def length_of(text: str) -> float:
    """What a text takes to say at the usual speed, seconds."""
    return letters(text) * LETTER_S
