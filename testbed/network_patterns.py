"""What a bad network does to packets, as tables: the same packets are hit in every run.

    LOSS_3.of(number)  # None: lost; else how late this packet is, seconds

A pattern goes through its table packet by packet and begins again at its end. The tables are made
with a seed, so a share of loss is exact in each round and no two patterns hit the same places.
"""

from dataclasses import dataclass

import numpy as np

_ROUND = 600
"""Packets of a table: twelve seconds of Opus in frames of 20 ms."""


@dataclass(frozen=True)
class Pattern:
    """One direction of a network path."""

    name: str
    late_s: tuple[float | None, ...] = (0.0,)
    """Packet by packet: how late it comes, seconds; None: it never does."""
    in_order: bool = True
    """Whether one that is late keeps back those behind it, as a queue does."""

    def of(self, number: int) -> float | None:
        """What happens to packet `number` of a flow, counted from 0."""
        return self.late_s[number % len(self.late_s)]


def loss(name: str, share: float, *, seed: int = 1) -> Pattern:
    """Single packets, a share of each round."""
    lost = np.random.default_rng(seed).choice(_ROUND, round(share * _ROUND), replace=False)
    return Pattern(name, tuple(None if n in set(lost.tolist()) else 0.0 for n in range(_ROUND)))


def bursts(name: str, *, long: int, every: int) -> Pattern:
    """`long` packets in a row, of each `every`."""
    return Pattern(name, tuple(None if n % every >= every - long else 0.0 for n in range(every)))


def jitter(name: str, least_ms: float, most_ms: float, *, seed: int = 2) -> Pattern:
    """Every packet waits anew, in one queue."""
    waits = np.random.default_rng(seed).uniform(least_ms, most_ms, _ROUND) / 1e3
    return Pattern(name, tuple(waits.tolist()))


def reordering(name: str, *, late_ms: float, every: int) -> Pattern:
    """One of each `every` packets is overtaken by those behind it."""
    late = tuple(late_ms / 1e3 if n % every == every - 1 else 0.0 for n in range(every))
    return Pattern(name, late, in_order=False)


def both(name: str, first: Pattern, second: Pattern) -> Pattern:
    """Lost where one of them loses it, late by both."""
    pairs = [(first.of(n), second.of(n)) for n in range(_ROUND)]
    late = tuple(None if a is None or b is None else a + b for a, b in pairs)
    return Pattern(name, late, in_order=first.in_order and second.in_order)


CLEAN = Pattern("clean")
LOSS_1 = loss("loss of 1 %", 0.01)
LOSS_3 = loss("loss of 3 %", 0.03)
LOSS_10 = loss("loss of 10 %", 0.10)
BURSTS = bursts("bursts of loss", long=5, every=100)
"""100 ms in every two seconds."""
JITTER = jitter("jitter of 30 to 150 ms", 30, 150)
REORDERING = reordering("reordering", late_ms=70, every=8)
MILD = both("loss of 3 %, jitter of 50 ms", LOSS_3, jitter("", 0, 50))
WORN = both("loss of 1 %, jitter of 62 ms", LOSS_1, jitter("", 0, 62))
"""A telephone's way: `testbed.telephone.Line` takes one packet in thirty for too late."""
