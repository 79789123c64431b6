"""Who is served: the first caller, for as long as they are there or may come back.

Where the floor is free whoever is there may take the turn, and the talk goes on with them.

The end of a connection is not the end of a call: a page is loaded again, a telephone changes its
network, a second tab takes the identity over. Pure rules on a clock that is passed in;
`agent.call.membership` carries them out.
"""

from dataclasses import dataclass
from typing import Literal

GAP_S = 1.0
"""A reply goes on over a gap this long, seconds; then it is stopped, as nobody hears it."""

Departure = Literal["lost", "goodbye", "final"]
"""lost: the connection broke or another one took its place; goodbye: the client said that it
leaves, as a page does that is loaded again; final: nobody can come back under this identity."""


@dataclass(frozen=True, slots=True)
class Serve:
    """Listen to this person from now on, and greet them."""

    identity: str


@dataclass(frozen=True, slots=True)
class Resume:
    """The person who is served is back: go on listening."""

    identity: str


@dataclass(frozen=True, slots=True)
class TakeOn:
    """This person has taken the turn: go on with them, in the same talk."""

    identity: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Somebody else is served: tell this person."""

    identity: str


@dataclass(frozen=True, slots=True)
class Hush:
    """Nobody hears the reply: stop it."""


@dataclass(frozen=True, slots=True)
class Over:
    """The call is over."""


Served = Serve | Resume | TakeOn
Action = Served | Refuse | Hush | Over


class Presence:
    """The people of one room, in order of their coming."""

    def __init__(self, *, return_s: float, goodbye_s: float, free: bool = False) -> None:
        """Prepare for an empty room.

        Args:
            return_s: seconds that a caller whose connection was lost is waited for.
            goodbye_s: the same for one whose client said goodbye.
            free: whoever is there may take the turn; all of them have one talk.
        """
        self.free = free
        self._return_s = return_s
        self._goodbye_s = min(goodbye_s, return_s)
        self._expected: str | None = None
        self._served: str | None = None
        self._there: list[str] = []
        self._until: float | None = None
        self._hush_at: float | None = None

    @property
    def served(self) -> str | None:
        """Identity of the caller, also while they are away; None before the first one."""
        return self._served

    @property
    def due(self) -> float | None:
        """When `elapsed` has something to say, seconds on the caller's clock."""
        times = [t for t in (self._hush_at, self._until) if t is not None]
        return min(times) if times else None

    @property
    def expected(self) -> str | None:
        """Identity that an earlier job has served, if there was one."""
        return self._expected

    def expect(self, identity: str) -> None:
        """An earlier job of this call has served this person: they come first, not greeted again.

        Said before anybody has joined.
        """
        self._expected = identity

    def joined(self, identity: str) -> list[Action]:
        """Somebody has come."""
        if identity not in self._there:
            self._there.append(identity)
        if self._served is None:
            self._served = identity
            return [Resume(identity) if identity == self._expected else Serve(identity)]
        if identity == self._served:
            self._until = self._hush_at = None
            return [Resume(identity)]
        return [Refuse(identity)]

    def takes(self, identity: str) -> list[Action]:
        """Somebody who is there takes the turn, if that is allowed; who had it is told."""
        before = self._served
        if not self.free or identity not in self._there or identity == before:
            return []
        self._served = identity
        self._until = self._hush_at = None
        told = [Refuse(before)] if before in self._there and before is not None else []
        return [TakeOn(identity), *told]

    def left(self, identity: str, departure: Departure, *, now: float) -> list[Action]:
        """Somebody has gone; `now`: seconds on any clock, the same for all calls.

        They may never have `joined`: a telephone that rang off while it was still on its way.
        """
        if identity in self._there:
            self._there.remove(identity)
        if self._served is None and departure == "final":
            return [Over()]
        if identity != self._served:
            return []
        if departure == "final":
            return self._next()
        self._until = now + (self._return_s if departure == "lost" else self._goodbye_s)
        self._hush_at = min(now + GAP_S, self._until)
        return []

    def elapsed(self, *, now: float) -> list[Action]:
        """Time has passed."""
        actions: list[Action] = []
        if self._hush_at is not None and now >= self._hush_at:
            self._hush_at = None
            actions.append(Hush())
        if self._until is not None and now >= self._until:
            actions += self._next()
        return actions

    def _next(self) -> list[Action]:
        self._until = self._hush_at = None
        if not self._there:
            return [Over()]
        self._served = self._there[0]
        taken = TakeOn(self._served) if self.free else Serve(self._served)
        return [Hush(), taken]
