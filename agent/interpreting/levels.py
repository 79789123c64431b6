"""How loud each person's own words are for a telephone that hears them translated. Pure."""

from collections import defaultdict
from collections.abc import Container

from agent.interpreting.languages import same

FULL = 1.0
LOW = 10 ** (-18 / 20)
"""18 dB below the translation: of a usual voice still above a line's comfort noise, so that one
hears who speaks and how, and too low to hide a word of the translation."""


class Levels:
    """Of one room.

    Who is translated for a listener is low, whoever is not is heard as they are: a telephone has no
    captions. That shows in what was heard of them last; before that, in what they say they speak.
    """

    def __init__(self) -> None:
        """Begin with nothing known of anybody."""
        self._heard_in: dict[str, str] = {}
        self._said: dict[str, dict[str, bool]] = defaultdict(dict)
        """Of each person: into which languages they were translated, and whether the last time."""

    def spoke(self, identity: str, language: str) -> None:
        """What somebody said was in this language; empty: nobody knows."""
        if language:
            self._heard_in[identity] = language

    def translated(self, identity: str, into: str, *, works: bool) -> None:
        """What somebody said was translated, or could not be."""
        self._said[identity][into] = works

    def keep(self, identities: Container[str]) -> None:
        """These are in the room: forget all others."""
        for known in (self._heard_in, self._said):
            for identity in [identity for identity in known if identity not in identities]:
                del known[identity]

    def of(self, identity: str, *, speaks: str, hears: str) -> float:
        """The amplitude of somebody who says they speak `speaks`, for who hears `hears`."""
        said = self._said.get(identity, {})
        worked = [works for into, works in said.items() if same(into, hears)]
        if False in worked:
            return FULL
        heard_in = self._heard_in.get(identity)
        if heard_in is None and worked:
            return LOW
        spoken = heard_in or speaks
        return FULL if not spoken or same(spoken, hears) else LOW
