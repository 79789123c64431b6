"""Tells whether an agent in a room is alive, from outside.

livekit-server keeps a participant whose process was killed for about 20 s. The agent's beat
(`agent.survival.heartbeat`) is a counter in its metadata; whoever looks at the room now and then
sees it stand still. Pure rules on a clock that is passed in.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

BEAT_S = 1.0
"""How often an agent's beat is another one, seconds."""
LOST_S = 2.6
"""A beat that stands still for longer is that of a dead agent: two were missed. With the time to
start another one the caller hears somebody within 5 s."""


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
        self._seen: dict[str, tuple[str, float]] = {}

    def look(self, beats: Mapping[str, str | None], *, now: float) -> tuple[set[str], set[str]]:
        """Take in what the room shows.

        Args:
            beats: by identity of each agent, its beat; None: it has none, and is alive for as
                long as it is there.
            now: seconds on any clock that does not go back.

        Returns:
            Identities of the living and of the lost.
        """
        seen = {}
        for identity, beat in beats.items():
            if beat is not None:
                before = self._seen.get(identity)
                seen[identity] = before if before is not None and before[0] == beat else (beat, now)
        self._seen = seen
        lost = {identity for identity, (_, since) in seen.items() if now - since >= LOST_S}
        return beats.keys() - lost, lost
