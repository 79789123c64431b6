"""When a recognition is worth its cost: the trade of latency against requests. Pure.

An early request pays when it holds the last word: then its answer comes while the silence
that shows the end is still being waited for. Ends are not known in advance, but a voice falls
before it stops.
"""

from collections import deque
from statistics import median
from typing import Literal

Eagerness = Literal["eager", "pauses", "patient"]

_PEAK_HOPS = 50
"""The level is compared with the loudest of the last 500 ms."""
_SMOOTH_HOPS = 3
_FALL_DB = 5.0
_AS_DEEP = 0.8
"""After a pause a fall tells of an end when it is this share of the usual fall between words."""
_FIRST_S = 1.2
"""Utterances hardly ever end before; requests before it are wasted."""
_FIRST_AFTER_PAUSE_S = 1.0
"""What follows a pause is shorter."""
_FIRST_AFTER_CALL_S = 0.8
"""Shorter still after the "Sorry," with which somebody takes the floor."""
_FIRST_OVER_AGENT_S = 0.3
"""What a sound over the agent is, its first words tell."""
_LATEST_OVER_AGENT_S = 0.37
"""A word said slowly is known before its voice falls: Whisper tiny.en knew "okay" and "right" of
four voices at 0.33 s, up to 0.17 s before their ends."""
_FIRST_WORDS_OVER_S = 0.45
"""From here on it is not long until all of a short sound is asked about."""
_MORE_WORDS_S = 0.2
"""What goes on for this long after a sign of listening is drawn out, or more than that."""
_FIRST_BARGE_IN_S = 1.5
"""Who takes the floor says a word more for it."""
_NEXT_WORD_S = 0.35
"""After words that cannot be the last ones another word comes first."""
_INTERVAL_S = 0.12
_THRIFTY_INTERVAL_S = 0.3
"""A turn that paused, or began over the agent, has cost two requests already."""
_THRIFTY_NEXT_WORD_S = 0.5
_IN_FLIGHT = 2
"""Requests at the same time while the voice goes on."""
_CROWDED = 1.5
"""An engine that takes this many times as long beside another request works on one at a time:
a second one would only delay the last one."""
_STRETCH_AFTER = 4
"""Later requests of a long turn come at growing intervals."""
_STRETCH = 1.35
_LONGEST_INTERVAL_S = 2.0

_EXACT_S = 0.04
"""Silence after which the utterance may be over."""
_THRIFTY_EXACT_S = 0.08
_EXACT_OVER_AGENT_S = 0.06
"""The agent waits, silent, to know what the sound was, or is to answer soon."""
_EXACT_EARLY_S = 0.1
_EARLY_AFTER_PAUSE_S = 0.8
"""Who goes on after a pause says more than a word or two."""
_EXACT_FIRST_S = 0.14
_FIRST_WORD_S = 0.5
"""Where the first words are spoken, a silence is more often a consonant than the end."""
_EXACT_LATER_S = 0.12
"""The same when a request in flight lacks only a little of the last voice."""
_LITTLE_S = 0.06
_EXACT_PAUSES_S = 0.12
_EXACT_PATIENT_S = 0.35
"""Past the pauses inside sentences: one request a turn."""
_EXACT_LONG_S = 0.12
_LONG_S = 8.0
"""In a turn longer than this a silence between words is more likely than the end."""
_EXACT_SPENT_S = 0.5
"""Silence after which all words are asked for once a turn has had its share of requests."""
_SHARE, _SHARE_PER_S = 11.0, 0.31
"""Requests for a turn, and for each second of it: after a minute one in two seconds. Turns of a
few seconds stay below."""
_RESERVE = 2
"""So many of them are not for what is asked while the voice goes on: the end may be near."""
_OVERDUE_S = 0.6
"""An answer that has not come by then, perhaps because it had to wait for other calls' last
requests, is asked for once more as a last one."""


class Schedule:
    """Paces the requests of one turn after the other."""

    def __init__(self, eagerness: Eagerness = "eager") -> None:
        """Eager: while they speak; pauses: at each pause; patient: once the turn seems over."""
        self._eagerness = eagerness
        self._levels: deque[float] = deque(maxlen=_PEAK_HOPS)
        self._depth_db = self._fall_db = 0.0
        self._falls_db: list[float] = []
        self._resumed_at: float | None = None
        self._turn_began = 0.0
        self._began_at = 0.0
        self._thrifty = self._over_agent = False
        self._last: float | None = None
        self._count = self._spent = 0
        self._took_s = 0.25
        self._serial = False

    def heard(self, level_db: float) -> None:
        """The level of the next hop."""
        self._levels.append(level_db)
        self._depth_db = self._depth()
        if self._depth_db > _FALL_DB:
            self._fall_db = max(self._fall_db, self._depth_db)
        elif self._fall_db:
            self._falls_db.append(self._fall_db)
            self._fall_db = 0.0

    def begin(self, now: float, *, over_agent: bool = False) -> None:
        """A turn begins."""
        self._levels.clear()
        self._falls_db.clear()
        self._depth_db = self._fall_db = 0.0
        self._resumed_at = None
        self._turn_began = now
        self._began_at = now + (_FIRST_BARGE_IN_S - _FIRST_S if over_agent else 0.0)
        self._thrifty = self._over_agent = over_agent
        self._last, self._count, self._spent = None, 0, 0

    def next_piece(self, now: float) -> None:
        """A long turn's next piece begins: like a turn, but what was spent stays spent."""
        turn_began, spent = self._turn_began, self._spent
        self.begin(now)
        self._turn_began, self._spent = turn_began, spent + 1

    def resumed(self, now: float) -> None:
        """The voice goes on after a pause, at this time of the caller's audio, seconds."""
        first_s = _FIRST_AFTER_CALL_S if self._over_agent else _FIRST_AFTER_PAUSE_S
        self._began_at, self._count = now - _FIRST_S + first_s, 0
        self._thrifty, self._resumed_at = True, now

    def began(self, now: float) -> None:
        """A request was sent."""
        self._last, self._count = now, self._count + 1
        self._spent += 1

    def answered(self, took_s: float, *, alone: bool) -> None:
        """A request took this long: interval and number follow the engine's speed.

        Args:
            took_s: until its answer.
            alone: whether no other request was in flight when it was sent.
        """
        if alone:
            self._took_s += 0.3 * (took_s - self._took_s)
        elif took_s > self._took_s * _CROWDED:
            self._serial = True

    def rolling_due(
        self,
        now: float,
        *,
        voiced: bool,
        in_flight: int,
        over_agent: bool,
        open_s: float | None = None,
        listening: bool = False,
    ) -> bool:
        """Whether to send what was said so far, though the voice goes on.

        Args:
            now: seconds of the caller's audio.
            voiced: whether the voice is heard.
            in_flight: requests that are not answered.
            over_agent: whether the agent waits to know what the sound is.
            open_s: how long ago the words so far could not be the last ones; None: they could.
            listening: whether the words over the agent may be a sign of listening so far.
        """
        most = 1 if self._serial else _IN_FLIGHT
        if self._eagerness != "eager" or in_flight >= most or not voiced:
            return False
        if over_agent:
            return self._first_words_due(now, listening=listening)
        next_word_s = _THRIFTY_NEXT_WORD_S if self._thrifty else _NEXT_WORD_S
        if open_s is not None and open_s < next_word_s:
            return False
        if now - self._began_at < _FIRST_S or not self._falls():
            return False
        if self._spends_its_share(now, _RESERVE):
            return False
        if self._last is None:
            return True
        least_s = _THRIFTY_INTERVAL_S if self._thrifty else _INTERVAL_S
        stretch = _STRETCH ** max(0, self._count - _STRETCH_AFTER)
        interval = max(least_s, self._took_s * 1.2 / most) * stretch
        return now - self._last >= min(interval, _LONGEST_INTERVAL_S)

    def exact_due(
        self, now: float, silence_s: float, *, missing_s: float, over_agent: bool
    ) -> bool:
        """Whether a silence is long enough to ask for all the words of the utterance.

        Args:
            now: seconds of the caller's audio.
            silence_s: since the last voice.
            missing_s: voice that neither an answer nor a request in flight has.
            over_agent: whether the agent waits to know what the sound was.
        """
        if self._spends_its_share(now):
            return silence_s >= _EXACT_SPENT_S
        if self._eagerness == "patient":
            return silence_s >= _EXACT_PATIENT_S
        if self._eagerness == "pauses":
            return silence_s >= _EXACT_PAUSES_S
        if missing_s <= _LITTLE_S:
            return silence_s >= _EXACT_LATER_S
        enough_s = _THRIFTY_EXACT_S if self._thrifty else _EXACT_S
        if over_agent or self._over_agent:
            enough_s = _EXACT_OVER_AGENT_S
        if over_agent:
            return silence_s >= enough_s
        last_voiced = now - silence_s
        spoken_s = last_voiced - self._turn_began
        if self._last is None and spoken_s < _FIRST_WORD_S:
            return silence_s >= _EXACT_FIRST_S
        early = spoken_s < _FIRST_S
        if self._resumed_at is not None and not self._over_agent:
            early = last_voiced - self._resumed_at < _EARLY_AFTER_PAUSE_S
        if spoken_s > _LONG_S:
            return silence_s >= _EXACT_LONG_S
        return silence_s >= (_EXACT_EARLY_S if early else enough_s)

    def overdue(self, silence_s: float) -> bool:
        """Whether a request that was sent while they spoke is waited for no longer."""
        return silence_s >= _OVERDUE_S + self._took_s

    def _spends_its_share(self, now: float, reserve: int = 0) -> bool:
        return self._spent + reserve >= _SHARE + _SHARE_PER_S * (now - self._turn_began)

    def _first_words_due(self, now: float, *, listening: bool) -> bool:
        """Once is enough; but what was asked about in a consonant's silence lacks its vowel.

        What goes on after a sign of listening is asked about until its length decides.
        """
        spoken_s = now - self._turn_began
        if self._last is None:
            late = spoken_s >= _LATEST_OVER_AGENT_S
            return late or (spoken_s >= _FIRST_OVER_AGENT_S and self._falls())
        if listening:
            return now - self._last >= _MORE_WORDS_S
        early = self._last - self._turn_began < _FIRST_OVER_AGENT_S
        return early and _LATEST_OVER_AGENT_S <= spoken_s < _FIRST_WORDS_OVER_S

    def _falls(self) -> bool:
        if self._depth_db <= _FALL_DB:
            return False
        if self._resumed_at is None or self._over_agent or not self._falls_db:
            return True
        return self._fall_db >= _AS_DEEP * median(self._falls_db)

    def _depth(self) -> float:
        """How far the level is below its peak, smoothed."""
        if len(self._levels) < _SMOOTH_HOPS:
            return 0.0
        recent = [self._levels[-n] for n in range(1, _SMOOTH_HOPS + 1)]
        return max(self._levels) - sum(recent) / _SMOOTH_HOPS
