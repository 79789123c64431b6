"""Tells whether an agent in a room is alive, from outside.

livekit-server keeps a participant whose process was killed for about 20 s. The agent's beat
(`agent.survival.heartbeat`) tells the age of its job in its metadata; whoever looks at the room now
and then sees it stand still. Pure rules on a clock that is passed in.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

BEAT_S = 1.0
"""How often an agent's beat is another one, seconds."""
LOST_S = 2.6
"""A beat that stands still for longer is that of a dead agent: two were missed. With the time to
start another one the caller hears somebody within 5 s."""
_MISSED_S = 1.4
"""A beat this old was to be followed by another."""
_DRIFT = 1e-4
"""How far two machines' clocks run apart at most, seconds a second."""


class Beat(NamedTuple):
    """Written as `age dispatch`."""

    age: str
    """For how long the job has been there, seconds with a decimal place; another one each time."""
    dispatch: str
    """Id of the dispatch that the agent came by: known at once, which the server's list is not."""

    def __str__(self) -> str:
        """As the metadata have it."""
        return f"{self.age} {self.dispatch}"


def beat_of(told: str) -> Beat:
    """Read what the metadata have; what is missing is empty."""
    age, _, dispatch = told.partition(" ")
    return Beat(age, dispatch)


def age_in(told: str) -> float:
    """Seconds that a job has been there by its beat; of one that cannot be read, 0."""
    with suppress(ValueError):
        return float(beat_of(told).age)
    return 0.0


def signs_in(metadata: str) -> dict[str, str]:
    """What an agent's metadata say of its life, by `BEAT` and `HISTORY`; others say nothing."""
    try:
        signs = json.loads(metadata)
    except ValueError:
        return {}
    if not isinstance(signs, dict):
        return {}
    return {name: text for name, text in signs.items() if isinstance(text, str)}


class Pulse:
    """The agents of one room, as seen by one observer."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._seen: dict[str, _Seen] = {}
        self._looked: float | None = None

    def look(
        self, beats: Mapping[str, str | None], *, asked: float, now: float
    ) -> tuple[set[str], set[str]]:
        """Take in what the room shows.

        Args:
            beats: by identity of each agent, its beat; None: it has none, and is alive for as
                long as it is there.
            asked: when the room was asked; what it shows is of no earlier time. An observer that
                stood still meanwhile does not count that as the agent's silence.
            now: when it answered; both in seconds on any clock that does not go back.

        Returns:
            Identities of the living and of the lost.
        """
        before, since = self._seen, self._looked
        self._looked = asked
        self._seen = {
            identity: _see(beat, before.get(identity), since, now)
            for identity, beat in beats.items()
            if beat is not None
        }
        lost = {who for who, seen in self._seen.items() if asked >= seen.beaten + LOST_S}
        return beats.keys() - lost, lost

    @property
    def due(self) -> float | None:
        """When to look again at the latest: an agent that has missed a beat is lost by then.

        None: there is none that has missed one.
        """
        if (looked := self._looked) is None:
            return None
        missed = [seen.beaten for seen in self._seen.values() if looked >= seen.beaten + _MISSED_S]
        return min((at + LOST_S for at in missed if at + LOST_S > looked), default=None)


@dataclass(frozen=True, slots=True)
class _Seen:
    """An agent's beat."""

    beat: str
    beaten: float
    """When, on the observer's clock."""
    born: float
    """When the agent's age was 0, on the same clock, or a little later: beats are under way."""


def _see(beat: str, before: _Seen | None, looked: float | None, now: float) -> _Seen:
    """What is known of an agent by its beat, by what was known, and the look before this one."""
    if before is not None and before.beat == beat:
        return before
    age_s = age_in(beat)
    if before is None or looked is None or not age_s:
        return _Seen(beat, now, now - age_s)
    # The quickest beat was hardly under way: by it the age tells when one was made, which the looks
    # tell only roughly.
    born = min(before.born + _DRIFT * (now - looked), now - age_s)
    if now - age_s - born > _MISSED_S:
        born = now - age_s  # its clock stood still
    # Of one who is alive no beat is older than the next.
    return _Seen(beat, max(looked, now - BEAT_S, born + age_s), born)
