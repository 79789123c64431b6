"""When a recognition is worth its cost: the trade of latency against requests. Pure.

An early request pays when it holds the last word: then its answer comes while the silence
that shows the end is still being waited for. Ends are not known in advance, but a voice falls
before it stops, and each request of a turn makes the next one dearer.
"""

from typing import Literal

from agent.turns.falls import Falls
from agent.turns.tempo import TEMPO, Tempo

Eagerness = Literal["eager", "pauses", "patient"]

_FREE = 2
"""Requests of a turn that make nothing dearer."""
_INTERVAL_S = 0.1
"""Between two requests while the voice goes on, before they get dearer: a syllable."""
_LONGEST_DIP_S = 0.5
"""However many requests a turn has cost, all its words are asked for in such a silence."""

_SYLLABLE_DB = 5.0
"""A fall at which a syllable is over."""
_LATEST = 1.25
"""What does not fall is asked about this many times later: a word said slowly."""
_MORE_WORDS_S = 0.2
"""What goes on for this long after a sign of listening is drawn out, or more than that."""

_OVERDUE_S = 0.6
"""An answer that has not come by then, perhaps because it had to wait for other calls' last
requests, is asked for once more as a last one."""
_USUALLY_S, _NEWEST = 0.25, 0.3
"""What a request takes while none was answered, and the share of the newest in what it takes."""


class Schedule:
    """Paces the requests of one turn after the other."""

    def __init__(
        self, eagerness: Eagerness = "eager", *, cancels: bool = True, tempo: Tempo = TEMPO
    ) -> None:
        """Pace requests.

        Args:
            eagerness: eager: while they speak; pauses: at each pause; patient: once the turn seems
                over.
            cancels: whether the engine ends the work on a request that nobody waits for; else the
                last request of a turn would wait behind those before it.
            tempo: the numbers.
        """
        self._eagerness = eagerness
        self.cancels = cancels
        self.tempo = tempo
        self._took_s = _USUALLY_S
        self.begin(0.0)

    def begin(self, now: float, *, over_agent: bool = False) -> None:
        """A turn begins at this time of the caller's audio, seconds."""
        self._falls = Falls()
        self._turn_began = now
        self._early_until = now + self.tempo.first_s
        self._newest: float | None = None
        self._count = 0

    def next_piece(self, now: float) -> None:
        """A long turn's next piece begins: what was spent stays spent."""
        self._count += 1

    def resumed(self, now: float) -> None:
        """The voice goes on after a pause."""
        self._early_until = now + self.tempo.first_s * self.tempo.after_pause

    def heard(self, level_db: float, floor_db: float) -> None:
        """The levels of the next hop, and of the background."""
        self._falls.heard(level_db, floor_db)

    def began(self, now: float) -> None:
        """A request was sent."""
        self._newest, self._count = now, self._count + 1

    def answered(self, took_s: float, *, alone: bool) -> None:
        """A request took this long; `alone`: no other was in flight when it was sent."""
        if alone:
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
        """Whether to send what was said so far, though the voice goes on.

        Args:
            now: seconds of the caller's audio.
            voiced: whether the voice is heard.
            in_flight: requests that are not answered.
            over_agent: whether the agent waits to know what the sound is.
            listening: whether the words over the agent are a sign of listening so far.
        """
        if self._eagerness != "eager" or not voiced:
            return False
        if over_agent:
            return self._first_words_due(now, listening=listening)
        if in_flight or not self.cancels or now < self._early_until:
            return False
        if self._falls.share < self.tempo.fall:
            return False
        return self._newest is None or now - self._newest >= _INTERVAL_S * self._dearer

    def exact_due(self, silence_s: float, *, over_agent: bool) -> bool:
        """Whether a silence is long enough to ask for all the words of the utterance.

        Args:
            silence_s: since the last voice.
            over_agent: whether the agent waits to know what the sound was.
        """
        tempo = self.tempo
        dips_s = {"pauses": tempo.pauses_dip_s, "patient": tempo.patient_dip_s}
        dip_s = dips_s.get(self._eagerness, tempo.dip_s)
        if over_agent:
            return silence_s >= dip_s
        return silence_s >= min(dip_s * self._dearer, _LONGEST_DIP_S)

    def overdue(self, silence_s: float) -> bool:
        """Whether a request that was sent while they spoke is waited for no longer."""
        return silence_s >= _OVERDUE_S + self._took_s

    @property
    def _dearer(self) -> float:
        return self.tempo.dearer ** max(0, self._count - _FREE)

    def _first_words_due(self, now: float, *, listening: bool) -> bool:
        """Once is enough; but what was asked about in a consonant's silence lacks its vowel.

        What goes on after a sign of listening is asked about until its length decides.
        """
        first_s = self.tempo.first_words_s
        spoken_s = now - self._turn_began
        late = spoken_s >= first_s * _LATEST
        if self._newest is None:
            return late or (spoken_s >= first_s and self._falls.depth_db > _SYLLABLE_DB)
        if listening:
            return now - self._newest >= _MORE_WORDS_S
        return late and self._newest - self._turn_began < first_s
