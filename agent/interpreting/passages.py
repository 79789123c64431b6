"""What somebody says, as passages: sound, and exactly the words in it. Pure.

A recogniser tells the words of an utterance from its first one on. In a pause, and at its end, it
knows all that was said: there its sound can be cut, and text and sound are of the same words.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, Hop
from agent.interpreting.consent import Passage
from agent.turns.recogniser import Onset

_EDGE_HOPS = 20
"""Sound kept before the first voice and after the last, 0.2 s: quiet consonants, and a breath
between two passages that are put together."""
_VOICED = 0.5
"""Least share of voice in what is clearly speech: a read sentence has 0.8, a hesitant one 0.6."""


class Passages:
    """Of one track; `agent.interpreting.speaker.Witness`."""

    def __init__(self, told: Callable[[Passage], None]) -> None:
        """Tell each passage: at pauses what was said of an utterance so far, then the whole."""
        self._told = told
        self._hops: list[NDArray[np.int16]] = []
        self._voiced: list[int] = []
        """Which of them are voice."""
        self._lead = 0

    def begins(self, onset: Onset) -> None:
        """An utterance begins; the next hop is its first."""
        lead = onset.before[-_EDGE_HOPS:]
        self._hops, self._voiced, self._lead = [*lead], [], len(lead)

    def hears(self, hop: Hop, *, voiced: bool) -> None:
        """Take in its next 10 ms."""
        if voiced:
            self._voiced.append(len(self._hops))
        self._hops.append(hop.pcm)

    def knows(self, text: str, language: str, *, now: float, speech: bool, whole: bool) -> None:
        """All that was said so far is this text; empty: not known.

        `now` is the position in the track's audio, seconds; `speech` whether it is surely some.
        """
        if self._voiced and (text or whole):
            last = self._voiced[-1]
            end = min(len(self._hops), last + 1 + _EDGE_HOPS)
            share = len(self._voiced) / (last + 1 - self._lead)
            begin_s = now - (len(self._hops) - self._lead) * HOP_S
            self._told(
                Passage(
                    np.concatenate(self._hops[:end]),
                    text,
                    language,
                    begin_s=begin_s,
                    end_s=begin_s + (last + 1 - self._lead) * HOP_S,
                    whole=whole,
                    clear=speech and bool(text) and share >= _VOICED,
                )
            )
        if whole:
            self._hops, self._voiced = [], []
