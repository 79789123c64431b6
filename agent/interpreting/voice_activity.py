"""Where somebody's voice is, for captions: no turn is taken here, so nothing waits. Pure."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, Hop, is_sure, least_voice_db
from agent.turns.recogniser import Onset, Voice

END_S = 0.8
"""Silence that ends an utterance: all of its words are known long before."""
_LEAD_HOPS = 50
"""Half a second before the first voice: quiet consonants come first."""
_ONSET_HOPS = 4
"""Voice within the newest `_LATELY` hops from which on a sound may be an utterance: 40 ms."""
_LATELY = 12
_SPEECH = 0.5
"""Probability that counts as speech."""


@dataclass(slots=True)
class _Utterance:
    last: float
    voiced_s: float = 0.0
    sure: bool = False
    peak_db: float = -np.inf


class VoiceActivity:
    """One per track. Positions are seconds of its audio since this began."""

    def __init__(self) -> None:
        """Begin in silence."""
        self.now = 0.0
        """Position of the newest hop's end."""
        self._before: deque[NDArray[np.int16]] = deque(maxlen=_LEAD_HOPS)
        self._lately: deque[bool] = deque(maxlen=_LATELY)
        self._utterance: _Utterance | None = None

    @property
    def speaks(self) -> bool:
        """Whether an utterance is in progress."""
        return self._utterance is not None

    @property
    def silence_s(self) -> float:
        """Since the last voice of the utterance in progress, seconds."""
        return self.now - self._utterance.last if self._utterance is not None else self.now

    @property
    def is_speech(self) -> bool:
        """Whether the utterance in progress is surely one: Silero was sure of a part of it."""
        return self._utterance is not None and self._utterance.sure

    def hear(self, hop: Hop) -> Onset | None:
        """Take in the next 10 ms; an onset says that an utterance begins with it."""
        self.now += HOP_S
        voiced = hop.probability >= _SPEECH and hop.loud
        utterance = self._utterance
        if utterance is None:
            self._lately.append(voiced)
            if sum(self._lately) < _ONSET_HOPS:
                self._before.append(hop.pcm)
                return None
            self._utterance = utterance = _Utterance(last=self.now)
            onset = Onset(tuple(self._before), hop.floor_db, over_agent=False)
        else:
            onset = None
        utterance.peak_db = max(utterance.peak_db, hop.level_db)
        if hop.probability >= _SPEECH and hop.level_db > least_voice_db(
            utterance.peak_db, hop.floor_db
        ):
            utterance.last = self.now
            utterance.voiced_s += HOP_S
            utterance.sure = utterance.sure or is_sure(hop.probability)
        self._before.append(hop.pcm)
        return onset

    def voice(self) -> Voice | None:
        """Where the voice of the utterance in progress is; None: there is none."""
        utterance = self._utterance
        if utterance is None:
            return None
        return Voice(self.now, utterance.last, over_agent=False, sure=utterance.sure)

    def end(self) -> None:
        """The utterance is over."""
        self._utterance = None
        self._lately.clear()
