"""Counts the requests of one call to its engines. Nothing here waits, and nothing here fails.

Each engine of a list has a meter of its own (`metered.py` of each stage is what stands between an
engine and who asks it), so that a request that was repeated, hedged or given to the next engine is
counted where it went. A request that an engine refused, or that never reached it, is counted as
failed and costs nothing; one that was cancelled or given up has been sent, and thrown away.

livekit-agents' usage collectors are not used: a recognition that is cancelled, a stream that is
closed before its last chunk and a stream of a recogniser that tells no usage are nothing to them,
and those are what guesses are made of.
"""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from livekit.agents import APITimeoutError

from agent.costs.amounts import Amounts
from agent.costs.prices import Stage
from agent.costs.purpose import PURPOSE

_SENT = (asyncio.CancelledError, TimeoutError, APITimeoutError, GeneratorExit)
"""Ends of requests that the engine may well have worked on."""


class Known(Protocol):
    """What an engine says of itself."""

    @property
    def model(self) -> str:
        """The model that it asks."""

    @property
    def provider(self) -> str:
        """Its server, or who runs it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which engine of a call it is."""

    stage: Stage
    position: int
    """In its stage's list; the first choice is 1."""
    engine: str
    """As in the stage's table."""
    name: str
    """As the person named it, `openai:near`."""
    hosted: bool
    """Somebody else runs it, for many."""


@dataclass(slots=True)
class Lengths:
    """Characters of prompts and of answers: what tokens are estimated by that were not told."""

    prompt: int = 0
    completion: int = 0

    def add(self, other: "Lengths") -> None:
        """Count `other` too."""
        self.prompt += other.prompt
        self.completion += other.completion


class Request:
    """One request, kept up to date by who makes it; as a context it ends with its block."""

    def __init__(self) -> None:
        """Begin; the context of the task says what it is for (`agent.costs.purpose`)."""
        self.used = Amounts(requests=1)
        self.letters: Lengths | None = None
        """Of a model; None: it has no tokens."""
        self.tokens_told = False
        self.answered = False
        """Something of the answer has come."""
        self.failed = False
        self.over = False
        self._purpose = PURPOSE.get()

    @property
    def kept(self) -> bool | None:
        """Whether it was of use; None: that is not known yet."""
        return False if self.over and not self.answered else self._purpose.kept

    def ended(self, error: BaseException | None = None) -> None:
        """It is over, by itself or with an error; only the first time counts."""
        if not self.over:
            self.over = True
            self.failed = error is not None and not self.answered and not isinstance(error, _SENT)

    def __enter__(self) -> "Request":
        """Make it in the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """It is over."""
        self.ended(error)


@dataclass(slots=True)
class Usage:
    """What requests have used that have met the same fate."""

    amounts: Amounts = field(default_factory=Amounts)
    failed: int = 0
    each_s: list[float] = field(default_factory=list)
    """Seconds of each recognition: services bill them one by one."""
    told: Lengths = field(default_factory=Lengths)
    """Of requests whose tokens the engine has told."""
    untold: Lengths = field(default_factory=Lengths)
    untold_requests: int = 0

    def take(self, request: Request) -> None:
        """Count a request."""
        if request.failed:
            self.failed += 1
            return
        self.amounts.add(request.used)
        if request.used.seconds:
            self.each_s.append(request.used.seconds)
        if request.letters is not None:
            (self.told if request.tokens_told else self.untold).add(request.letters)
            self.untold_requests += not request.tokens_told

    def add(self, other: "Usage") -> None:
        """Count what `other` has."""
        self.amounts.add(other.amounts)
        self.failed += other.failed
        self.each_s = self.each_s + other.each_s
        self.told.add(other.told)
        self.untold.add(other.untold)
        self.untold_requests += other.untold_requests


class EngineMeter:
    """The requests to one engine in one call."""

    def __init__(self, place: Place, engine: Known) -> None:
        """Of `engine`, which is at `place`."""
        self.place = place
        self.engine = engine
        self._kept, self._thrown = Usage(), Usage()
        self._open: list[Request] = []
        """Not over, or of which it is not known whether they are of use."""

    @property
    def waiting(self) -> int:
        """Requests that are kept one by one: under way, or not known to be of use."""
        return len(self._open)

    def begin(self) -> Request:
        """A request is made now."""
        request = Request()
        self._open.append(request)
        return request

    def usage(self, *, final: bool) -> tuple[Usage, Usage]:
        """What was of use so far, and what was thrown away.

        What is not known to be either counts as of use, at the end of a call (`final`) as thrown
        away.
        """
        self._settle()
        kept, thrown = Usage(), Usage()
        kept.add(self._kept)
        thrown.add(self._thrown)
        for request in self._open:
            useful = request.kept
            (kept if useful or (useful is None and not final) else thrown).take(request)
        return kept, thrown

    def restart(self) -> None:
        """Forget what was counted."""
        self._kept, self._thrown, self._open = Usage(), Usage(), []

    def _settle(self) -> None:
        waiting = []
        for request in self._open:
            useful = request.kept
            if request.over and useful is not None:
                (self._kept if useful else self._thrown).take(request)
            else:
                waiting.append(request)
        self._open = waiting


class Meter:
    """The requests of one call to all its engines."""

    def __init__(self) -> None:
        """Begin with none."""
        self.engines: list[EngineMeter] = []

    def of(self, place: Place, engine: Known) -> EngineMeter:
        """Count requests to an engine."""
        meter = EngineMeter(place, engine)
        self.engines.append(meter)
        return meter

    def usage(self, *, final: bool) -> list[tuple[EngineMeter, Usage, Usage]]:
        """Of the engines that were asked: what was of use, and what was thrown away."""
        found = ((engine, *engine.usage(final=final)) for engine in self.engines)
        return [
            (engine, kept, thrown)
            for engine, kept, thrown in found
            if kept.amounts.requests + thrown.amounts.requests + kept.failed + thrown.failed
        ]

    def restart(self) -> None:
        """A call begins: forget what was counted before it."""
        for engine in self.engines:
            engine.restart()
