"""When a recogniser of whole utterances is asked for captions: as often as it keeps up with. Pure.

A caller's turn is asked about when its end may have come (`agent.turns.schedule`). Of captions each
word is wanted soon, wherever it stands, and two answers must agree on it.
"""

from agent.turns.schedule import Schedule

FIRST_S = 0.6
"""Of an utterance, before it is asked about for the first time: two words or three."""
LEAST_S = 0.2
"""Between two requests, where the engine is quicker: a syllable or two."""
SIDE_BY_SIDE_S = 0.4
"""An engine that answers within this is asked again before it has answered."""
_BUSY = 1.25
"""An engine that takes longer is asked again after so many times what it takes, so that other
speakers' requests find it idle."""
_NEWEST = 0.3
DIP_S = 0.1
"""Silence after which all words of the utterance are asked for."""


class CaptionPace(Schedule):
    """Paces the requests of one speaker."""

    def begin(self, now: float, *, over_agent: bool = False) -> None:
        """An utterance begins."""
        super().begin(now, over_agent=over_agent)
        self._begins = now

    def answered(self, took_s: float, *, alone: bool) -> None:
        """A request took this long, whatever else was in flight: that is how busy the engine is."""
        self._took_s += _NEWEST * (took_s - self._took_s)

    def rolling_due(
        self,
        now: float,
        *,
        voiced: bool,
        in_flight: int,
        over_agent: bool,
        listening: bool = False,
    ) -> bool:
        """Whether to send what was said so far, though the voice goes on."""
        quick = self._took_s <= SIDE_BY_SIDE_S
        if not voiced or in_flight > (1 if quick else 0) or now - self._begins < FIRST_S:
            return False
        interval_s = LEAST_S if quick else self._took_s * _BUSY
        return self._newest is None or now - self._newest >= interval_s

    def exact_due(self, silence_s: float, *, over_agent: bool) -> bool:
        """Whether a silence is long enough to ask for all the words of the utterance."""
        return silence_s >= DIP_S
