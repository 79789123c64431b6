"""Several engines for one stage, first choice first: which of them is asked.

One that fails rests: the next ones are asked in its place until a small request in the background,
what `rejoinder check` sends, shows that it works again. All calls of a worker know of it, so a dead
engine costs one call its time-out once.

livekit-agents' FallbackAdapters are not used. They learn anew in each call; a probe of theirs is
the caller's whole request sent a second time, at each turn, as long as an engine is down; the one
for recognisers wants streams; the one for voices takes half a sentence for the whole
(docs/decisions/0009).
"""

import asyncio
import logging
import mmap
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError

from agent.remote.hedging import Pace
from agent.tasks import begin, fault

logger = logging.getLogger(__name__)

_LONGEST_REST_S = 60.0
"""Longest time between two probes, seconds."""
_OF_THE_REQUEST = (400, 413, 415, 422)
"""Statuses that may be of one request alone: they tell nothing of the next one. A stream is refused
with them for what is set, and so is the next."""
_GRACE_S = 0.5
"""Added to an engine's own time-out before it is given up from outside, seconds."""


class NothingSaid(APIConnectionError):
    """An answer that ended as it should, and was empty."""


def longest_s(limits: APIConnectOptions) -> float:
    """How long an engine may take for its first answer, all tries together, seconds."""
    tries = limits.max_retry + 1
    return tries * limits.timeout + limits.max_retry * limits.retry_interval + _GRACE_S


class Health:
    """Whether an engine works, as far as this worker knows."""

    BYTES = 24
    """Size of the memory it is kept in: whether it rests, how often it has failed or was probed
    since it last answered in a call, when it may be probed."""

    def __init__(
        self,
        memory: mmap.mmap | None = None,
        *,
        first_probe_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep it in `memory`, which others may share (`agent.remote.learned`).

        It may be probed so long after it failed, and then at twice the distance each time.
        `clock` is the same for all processes of a machine, seconds.
        """
        self._first_probe_s = first_probe_s
        self._cells = memoryview(memory or bytearray(self.BYTES)).cast("d")
        self._clock = clock

    @property
    def rests(self) -> bool:
        """Whether it has failed and nobody has seen it work since."""
        return self._cells[0] > 0

    @property
    def probed_in_s(self) -> float:
        """How long until a probe is due, seconds."""
        return max(0.0, self._cells[2] - self._clock())

    def failed(self) -> None:
        """It did not answer. Requests that were under way at that moment tell nothing more."""
        if not self.rests:
            self._rest_longer()
            self._cells[0] = 1

    def claim_probe(self) -> bool:
        """Whether the caller is to probe now; for the others the next one is due later."""
        if not self.rests or self.probed_in_s > 0:
            return False
        self._rest_longer()
        return True

    def probed(self) -> None:
        """It has answered a probe: it may be asked again."""
        self._cells[0] = 0

    def answered(self) -> None:
        """It has answered in a call."""
        self._cells[0] = self._cells[1] = 0

    def _rest_longer(self) -> None:
        rest_s = self._first_probe_s * 2 ** min(self._cells[1], 16)
        self._cells[2] = self._clock() + min(rest_s, _LONGEST_REST_S)
        self._cells[1] += 1


class Closable(Protocol):
    """What every engine is."""

    async def aclose(self) -> None:
        """Close its connections."""


E = TypeVar("E", bound=Closable)


@dataclass(eq=False, slots=True)
class Member(Generic[E]):
    """One engine of a list."""

    label: str
    """What people call it."""
    engine: E
    limits: APIConnectOptions
    """How long it is waited for, and how often asked; in place of the session's."""
    health: Health = field(default_factory=Health)
    probe: Callable[[], Awaitable[object]] | None = None
    """Asks it for something small, apart from calls; raises if it does not work again."""
    pace: Pace | None = None
    """The times of its answers, if slow requests may be repeated to it."""


class LineUp(Generic[E]):
    """The engines of one stage, in one call or process. Belongs to one event loop."""

    def __init__(self, members: Sequence[Member[E]]) -> None:
        """Ask `members` in this order."""
        self.members = tuple(members)
        self._serving: Member[E] | None = None
        self._watchers: list[Callable[[Member[E]], None]] = []
        self._probes: dict[Member[E], asyncio.Task[None]] = {}
        self._closed = False

    @property
    def serving(self) -> Member[E]:
        """Who answered last; before that, who is asked first."""
        return self._serving or self.waiting()[0]

    def order(self) -> list[Member[E]]:
        """Whom to ask, one after the other: those that rest only when the others have failed."""
        for member in self.members:
            if member.health.rests:
                self._look_after(member)
        return self.waiting()

    def waiting(self) -> list[Member[E]]:
        """The same, without any consequence."""
        return sorted(self.members, key=lambda member: member.health.rests)

    def watch(self, told: Callable[[Member[E]], None]) -> None:
        """Tell of each change of who answers."""
        self._watchers.append(told)

    def answered(self, member: Member[E]) -> None:
        """An engine has done what it was asked for."""
        member.health.answered()
        before, self._serving = self._serving or self.members[0], member
        if member is not before:
            logger.warning("another engine answers", extra={"engine": member.label})
            for told in self._watchers:
                told(member)

    def failed(self, member: Member[E], error: BaseException, *, of_a_stream: bool = False) -> None:
        """An engine has not; the next request goes to another one, unless it was the request's.

        `of_a_stream`: it was a stream, which is no request that may be wrong by itself.
        """
        logger.warning("an engine failed", extra={"engine": member.label, **fault(error)})
        status = error.status_code if isinstance(error, APIStatusError) else 0
        of_the_request = status in _OF_THE_REQUEST or isinstance(error, NothingSaid)
        if (of_a_stream or not of_the_request) and not self._closed:
            member.health.failed()
            self._look_after(member)

    def _look_after(self, member: Member[E]) -> None:
        running = self._probes.get(member)
        if self._closed or member.probe is None or (running is not None and not running.done()):
            return
        self._probes[member] = begin(self._until_it_works(member), name="engine probe")

    async def _until_it_works(self, member: Member[E]) -> None:
        assert member.probe is not None
        while member.health.rests:
            await asyncio.sleep(member.health.probed_in_s)
            if not member.health.claim_probe():
                continue
            try:
                async with asyncio.timeout(longest_s(member.limits)):
                    await member.probe()
            except Exception as error:  # noqa: BLE001 - whatever it is, it does not work yet
                logger.info("an engine still fails", extra={"engine": member.label, **fault(error)})
            else:
                member.health.probed()
                logger.warning("an engine works again", extra={"engine": member.label})

    async def aclose(self) -> None:
        """Probe no more, and close all engines. May be called more than once.

        Raises:
            Exception: as an engine did; the others are closed all the same.
        """
        self._closed = True
        for probe in self._probes.values():
            probe.cancel()
        await asyncio.gather(*self._probes.values(), return_exceptions=True)
        self._probes.clear()
        closing = (member.engine.aclose() for member in self.members)
        for outcome in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


class ServingPace(Pace):
    """The pace of whichever engine is asked next."""

    def __init__(self, line_up: LineUp[E]) -> None:
        """Of `line_up`."""
        super().__init__()
        self._line_up = line_up

    def took(self, seconds: float) -> None:
        """The engine that answered last took so long."""
        pace = self._line_up.serving.pace
        if pace is not None:
            pace.took(seconds)

    @property
    def late_s(self) -> float | None:
        """What only one answer in twenty takes longer than; None: it is not asked twice."""
        pace = self._line_up.waiting()[0].pace
        return pace.late_s if pace is not None else None
