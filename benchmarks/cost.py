"""How long a recogniser takes: longer for longer uploads, and for each when it works on several.

The stand-in's and the offline bench's: the same arithmetic in real and in audio time.
"""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """What an upload costs."""

    base_s: float
    """Seconds for any upload."""
    per_s: float = 0.0
    """More for each second of it."""
    company: float = 0.0
    """What each request beside it adds to the time it takes: 0 when there is room for all, 1 when
    they share one machine and none is faster for it."""
    serial: bool = False
    """One at a time, in the order in which they came."""

    def alone_s(self, upload_s: float) -> float:
        """Seconds for an upload without company."""
        return self.base_s + self.per_s * upload_s

    def rate(self, place: int, count: int) -> float:
        """Share of its own speed at which the nth of so many requests is worked on."""
        if self.serial:
            return float(place == 0)
        return 1 / (1 + self.company * (count - 1))


CONSTANT = Cost(base_s=0.25)
"""Of the tables of docs/latency.md up to November 2026: asking more often costs nothing."""
REAL = Cost(base_s=0.2, per_s=0.02, company=0.5)
"""2.5 s alone take as long as before. Two at a time take half as long again, as with Whisper
tiny.en on two cores (0.18 to 0.21 s alone, docs/decisions/0006)."""
SERIAL = Cost(base_s=0.2, per_s=0.02, serial=True)
"""A Gradio page of one worker, whisper.cpp's server."""


class Machine:
    """Works on requests on the loop's clock."""

    def __init__(self, cost: Cost) -> None:
        self._cost = cost
        self._left: dict[object, float] = {}
        self._seen = 0.0
        self._changed = asyncio.Event()

    async def work(self, upload_s: float) -> None:
        """Take as long as an upload does; whoever is cancelled leaves the others more room."""
        self._pass_time()
        request = object()
        self._left[request] = self._cost.alone_s(upload_s)
        self._tell_others()
        try:
            while self._left[request] > 1e-6:
                requests = list(self._left)
                rate = self._cost.rate(requests.index(request), len(requests))
                changed, enough_s = self._changed, self._left[request] / rate if rate else None
                try:
                    async with asyncio.timeout(enough_s):
                        await changed.wait()
                except TimeoutError:
                    pass
                self._pass_time()
        finally:
            self._pass_time()
            del self._left[request]
            self._tell_others()

    def _pass_time(self) -> None:
        now = asyncio.get_running_loop().time()
        for place, request in enumerate(self._left):
            rate = self._cost.rate(place, len(self._left))
            self._left[request] -= (now - self._seen) * rate
        self._seen = now

    def _tell_others(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
