"""When a pause is the end of a turn. Pure: numbers and words in, a time out.

The work on an answer is begun long before (`agent.turns.turn_taker`); this decides only how
long its play-out is held back, so patience costs nothing while the answer is being made.
"""

from collections import deque
from dataclasses import dataclass, field

from agent.options.turns import TurnOptions
from agent.turns.tempo import TEMPO, Tempo
from agent.turns.words import Wording

_REMEMBERED = 6
"""Pauses of a caller."""


@dataclass(slots=True)
class PauseHabits:
    """The lengths of pauses after which this caller went on, newest last, in this call."""

    tempo: Tempo = TEMPO
    _pauses: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def went_on_after(self, silence_s: float) -> None:
        """The caller paused for `silence_s` and went on with the same turn."""
        if silence_s >= self.tempo.pause_s:
            self._pauses.append(silence_s)

    @property
    def usual_s(self) -> float:
        """A long pause by this caller's standards, seconds; 0 when none is known."""
        if len(self._pauses) < 2:
            return 0.0
        ordered = sorted(self._pauses)
        return ordered[-2]


def wait_s(
    options: TurnOptions,
    wording: Wording,
    *,
    habits: PauseHabits,
    end_probability: float | None = None,
) -> float:
    """Silence after which the turn is over, seconds.

    Args:
        options: floor (`min_delay_s`), usual wait (`min_silence_s`) and ceiling (`max_delay_s`).
        wording: what the words so far say.
        habits: of this caller, and the tempo.
        end_probability: an acoustic model's opinion that the turn has ended, if there is one.
    """
    low, usual, high = options.min_delay_s, options.min_silence_s, options.max_delay_s
    match wording:
        case Wording.DICTATION | Wording.UNFINISHED:
            wait = high * (habits.tempo.dictation if wording is Wording.DICTATION else 1.0)
            if end_probability is None:
                return wait
            # Words say that it is not the end, the voice says that it is: both may be wrong.
            return wait - max(0.0, 2 * end_probability - 1) * (wait - min(usual, high))
        case Wording.FINISHED:
            wait = (low + usual) / 2
        case Wording.PLAIN:
            wait = usual
    if end_probability is not None:
        # From 0, surely not the end, to 1, surely: between the ceiling and the floor.
        wait = wait * (1.5 - end_probability)
    return min(high, max(low, wait, min(habits.usual_s * habits.tempo.habit, usual * 1.5)))
