"""Which tracks the server lets telephones hear: those that are in their mix are taken from them.

A telephone's own service subscribes it to every track, and mixes them at one level.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from agent.tasks import fault

logger = logging.getLogger(__name__)

_AGAIN_S = 2.0
"""After so long a track is taken once more: a telephone's service that asks for it at the same
moment, as when a call is answered, may have been the last to ask."""
_PAUSES_S = (0.5, 1.0, 2.0, 4.0)
"""Between requests that fail; then it is given up until something else changes."""
_REQUEST_S = 3.0
_LAST_S = 3.0
"""Longest time that giving everything back may take, seconds."""

Update = Callable[[str, list[str], bool], Awaitable[None]]
"""Subscribes an identity to tracks by their sids (True), or unsubscribes it (False).

Raises whatever it likes."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something to ask the server for."""

    phone: str
    """Identity."""
    sids: tuple[str, ...]
    subscribe: bool


@dataclass(slots=True)
class _Track:
    """A track that a telephone is not to hear, or is to hear again."""

    taken: bool
    due: float | None
    """When to ask for that; None: not any more."""
    asked: int = 0
    """How often with success."""
    failed: int = 0
    """How often without, one after the other."""


class Ledger:
    """What was taken from which telephone, and what is to be asked for when. Pure."""

    def __init__(self) -> None:
        """Begin with nothing taken."""
        self._phones: dict[str, dict[str, _Track]] = {}

    def want(self, taken: Mapping[str, Iterable[str]], now: float) -> None:
        """These tracks are not to be heard by these telephones, by identity; all others are."""
        for phone in {*self._phones, *taken}:
            tracks = self._phones.setdefault(phone, {})
            wanted = set(taken.get(phone, ()))
            fresh = [sid for sid in wanted if sid not in tracks or not tracks[sid].taken]
            for sid in fresh:
                tracks[sid] = _Track(taken=True, due=now)
            for sid, track in tracks.items():
                if sid not in wanted and track.taken:
                    tracks[sid] = _Track(taken=False, due=now)
                elif fresh and track.failed:
                    track.due, track.failed = now, 0

    def gone(self, *, phones: Iterable[str] = (), sids: Iterable[str] = ()) -> None:
        """These telephones, or tracks, are no more in the room."""
        for phone in phones:
            self._phones.pop(phone, None)
        for tracks in self._phones.values():
            for sid in sids:
                tracks.pop(sid, None)

    def due(self, now: float) -> list[Change]:
        """What is to be asked for now."""
        found = []
        for phone, tracks in self._phones.items():
            for subscribe in (False, True):
                sids = [
                    sid
                    for sid, track in tracks.items()
                    if track.taken != subscribe and track.due is not None and track.due <= now
                ]
                if sids:
                    found.append(Change(phone, tuple(sids), subscribe))
        return found

    def next_due(self) -> float | None:
        """When there is something to ask for."""
        tracks = [track for tracks in self._phones.values() for track in tracks.values()]
        return min((track.due for track in tracks if track.due is not None), default=None)

    def done(self, change: Change, now: float) -> None:
        """The server has done it."""
        for sid, track in self._concerned(change):
            track.failed = 0
            track.asked += 1
            track.due = now + _AGAIN_S if track.asked == 1 else None
            if change.subscribe:
                del self._phones[change.phone][sid]

    def failed(self, change: Change, now: float) -> None:
        """The server has not."""
        for _, track in self._concerned(change):
            more = track.failed < len(_PAUSES_S)
            track.due = now + _PAUSES_S[track.failed] if more else None
            track.failed += 1

    def _concerned(self, change: Change) -> list[tuple[str, _Track]]:
        """The tracks of a change that nobody has changed his mind about meanwhile."""
        tracks = self._phones.get(change.phone, {})
        return [
            (sid, tracks[sid])
            for sid in change.sids
            if sid in tracks and tracks[sid].taken != change.subscribe
        ]


class Subscriptions:
    """Of one room. `run` must run, on the job's event loop; `aclose` when it has ended."""

    def __init__(self, update: Update, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Ask the server by `update`; time is measured on `clock`, seconds."""
        self._update = update
        self._clock = clock
        self._ledger = Ledger()
        self._changed = asyncio.Event()
        self.failures = 0
        """Requests that have failed."""

    def want(self, taken: Mapping[str, Iterable[str]]) -> None:
        """These tracks are not to be heard by these telephones, by identity; all others are."""
        self._ledger.want(taken, self._clock())
        self._changed.set()

    def gone(self, *, phones: Iterable[str] = (), sids: Iterable[str] = ()) -> None:
        """These telephones, or tracks, are no more in the room."""
        self._ledger.gone(phones=phones, sids=sids)

    async def run(self) -> None:
        """See to it, until cancelled."""
        while True:
            self._changed.clear()
            await self._ask_all()
            due = self._ledger.next_due()
            with suppress(TimeoutError):
                async with asyncio.timeout(due and max(0.0, due - self._clock())):
                    await self._changed.wait()

    async def aclose(self) -> None:
        """Give back all that was taken, within 3 s."""
        self._ledger.want({}, self._clock())
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_S):
                while (due := self._ledger.next_due()) is not None:
                    await asyncio.sleep(max(0.0, due - self._clock()))
                    await self._ask_all()

    async def _ask_all(self) -> None:
        for change in self._ledger.due(self._clock()):
            await self._ask(change)

    async def _ask(self, change: Change) -> None:
        try:
            async with asyncio.timeout(_REQUEST_S):
                await self._update(change.phone, list(change.sids), change.subscribe)
        except Exception as error:  # noqa: BLE001 - the telephone hears originals beside its mix
            self.failures += 1
            extra = {"subscribe": change.subscribe, "failures": self.failures, **fault(error)}
            logger.warning("a telephone's tracks were not changed", extra=extra)
            self._ledger.failed(change, self._clock())
        else:
            self._ledger.done(change, self._clock())
