"""A recogniser that streams, with one for whole utterances standing by.

When no stream can be had, the utterance in progress is given to the other one whole, and so are the
next ones until a stream works again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import Hop
from agent.turns.recogniser import Hearer, Onset, Recogniser, Voice, Words


class StandByRecogniser:
    """Words of one call's utterances; `agent.turns.recogniser.Recogniser`."""

    def __init__(
        self, streaming: Recogniser, whole: Recogniser, *, streams_work: Callable[[], bool]
    ) -> None:
        """Hear with `streaming` while `streams_work`, else with `whole`."""
        self._streaming = streaming
        self._whole = whole
        self._streams_work = streams_work
        self._hearer: Hearer

    def start(self, hearer: Hearer, tasks: asyncio.TaskGroup) -> None:
        """Begin afresh, and tell `hearer`; both work in `tasks`."""
        self._hearer = hearer
        self._hearing = self._streaming
        self._onset: Onset | None = None
        self._heard: list[NDArray[np.int16]] = []
        """The utterance so far, while it is heard by a stream."""
        self._streaming.start(_Ear(self, self._streaming), tasks)
        self._whole.start(_Ear(self, self._whole), tasks)

    def begin(self, onset: Onset) -> None:
        """Words are wanted from here on."""
        self._onset, self._heard = onset, []
        self._hearing = self._streaming if self._streams_work() else self._whole
        self._hearing.begin(onset)

    def hear(self, hop: Hop, voice: Voice | None) -> None:
        """Take in the next 10 ms."""
        if self._hearing is self._streaming and voice is not None:
            if self._streams_work():
                self._heard.append(hop.pcm)
            else:
                self._go_on_whole()
        if self._hearing is self._whole:
            self._whole.hear(hop, voice)
            voice = None  # a stream that is opened meanwhile is kept going
        self._streaming.hear(hop, voice)

    def abandon(self) -> None:
        """No word of the utterance is wanted any more."""
        self._onset, self._heard = None, []
        self._hearing.abandon()

    def told(self, by: Recogniser, words: Words) -> None:
        """One of the two knows more."""
        if by is self._hearing:
            self._hearer.words(words)

    def unheard(self, by: Recogniser, upto: float, error: Exception) -> None:
        """One of the two has lost what was said."""
        if by is self._streaming and self._hearing is by and self._onset is not None:
            self._go_on_whole()
        elif by is self._hearing:
            self._hearer.unheard(upto, error)

    def _go_on_whole(self) -> None:
        onset = self._onset
        assert onset is not None
        self._streaming.abandon()
        self._hearing = self._whole
        self._whole.begin(replace(onset, before=(*onset.before, *self._heard)))
        self._heard = []


class _Ear:
    """Who one of the two tells."""

    def __init__(self, owner: StandByRecogniser, of: Recogniser) -> None:
        self._owner = owner
        self._of = of

    def words(self, words: Words) -> None:
        self._owner.told(self._of, words)

    def unheard(self, upto: float, error: Exception) -> None:
        self._owner.unheard(self._of, upto, error)
