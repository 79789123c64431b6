"""What turns the caller's voice into words, as the turn taker and the barge-in see it.

Engines are of two kinds, and which one it is is not known here: `agent.turns.batch` asks one that
takes whole utterances, as often as its schedule allows; `agent.turns.streaming` feeds one that
listens all the time. Either is told where the voice is, and tells how far the words are known.

Positions are seconds of the caller's audio since the listener began, counted in hops of 10 ms.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import Hop

SURE_S = 0.02
"""Words known up to this much before the last voice are all the words: of 48 utterances cut
at the last voice Whisper tiny.en made as many mistakes as of whole ones (5.6 % of the words), of
those that lacked 40 ms more (6.3 %)."""


@dataclass(frozen=True, slots=True)
class Onset:
    """A sound that may be the beginning of an utterance."""

    before: tuple[NDArray[np.int16], ...]
    """Hops before it that belong to it: quiet consonants come first. 16 kHz mono."""
    floor_db: float
    """Level of the background."""
    over_agent: bool
    """The agent is heard, or is to answer soon."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Where the voice of the utterance in progress is, after the newest hop."""

    now: float
    """Position of the hop's end."""
    last: float | None
    """Position up to which there was voice; None: there was none yet."""
    over_agent: bool
    """The agent waits, silent, to know what the sound is."""
    sure: bool = False
    """Whether it is surely somebody who speaks to the agent: there are words in it."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is known of the utterance in progress. It replaces what was told before."""

    text: str
    """All its words from the first one on."""
    upto: float
    """Position up to which it has all that was said."""
    final: bool = True
    """Whether no word of it will change while nothing more is said."""
    language: str = ""
    """Language tag; empty: the engine does not tell."""
    asked: float = 0.0
    """When the engine was given the last of the audio that this was made of, seconds of the
    listener's clock."""
    answered: float = 0.0
    """When the engine told it, seconds of the same clock."""


class Hearer(Protocol):
    """Who is told the words. Only of the utterance in progress, on the event loop."""

    def words(self, words: Words) -> None:
        """There are more, or others."""

    def unheard(self, upto: float, error: Exception) -> None:
        """What was said up to this position is lost, beyond the words that were told."""


class Recogniser(Protocol):
    """One per call. Nothing here blocks."""

    def start(self, hearer: Hearer, tasks: asyncio.TaskGroup) -> None:
        """Begin afresh, and tell `hearer` from now on; requests and streams live in `tasks`.

        An error that `hearer` raises ends the group. So does the end of the call: a recogniser
        ends its work at the server when its tasks are cancelled.
        """

    def begin(self, onset: Onset) -> None:
        """An utterance may begin: words are wanted from here on. The next hop is its first."""

    def hear(self, hop: Hop, voice: Voice | None) -> None:
        """Take in the next 10 ms; `voice` is None where nobody speaks."""

    def abandon(self) -> None:
        """The utterance is over, or was none: no word of it is wanted any more."""
