"""How often one client may ask for a token."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

WINDOW_S = 60.0
MAX_CLIENTS = 10_000
"""Clients remembered at once; beyond it the one that was quiet longest is forgotten."""


class RateLimit:
    """A token bucket per client: bursts up to the limit, then evenly over the minute."""

    def __init__(self, per_minute: int, *, now: Callable[[], float] = monotonic) -> None:
        """Allow `per_minute` requests per client; `now` gives seconds."""
        self._limit = per_minute
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Count one request of a client.

        Returns:
            0.0 when it may pass, else the seconds until the next one may.
        """
        now = self._now()
        left, seen = self._buckets.pop(client, (float(self._limit), now))
        per_s = self._limit / WINDOW_S
        left = min(self._limit, left + (now - seen) * per_s)
        wait_s = 0.0 if left >= 1 else (1 - left) / per_s
        self._buckets[client] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return wait_s
