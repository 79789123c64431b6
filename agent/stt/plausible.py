"""Tells speech from what Whisper makes up when there is none, by the model's own signs of it.

Whisper was trained on subtitles: given noise or silence it tends to write what subtitles say
there (`agent.wording.hallucinations`). A caller says such things too, so they count unless the
model itself was in doubt. It tells so in this process, and over HTTP in OpenAI's `verbose_json`.
"""

from typing import Protocol

import numpy as np

from agent.audio.pcm import Samples
from agent.wording.hallucinations import is_stock_phrase
from agent.wording.transcripts import spoken

_BLANK_PEAK = 0.001
"""-60 dBFS: nothing louder than that in the whole utterance is no speech."""

LOOP_RATIO = 2.4
"""Text that gzip shrinks more than this repeats itself. OpenAI's own limit."""

NO_SPEECH = 0.6
"""Probability of "no speech" that counts when the text is unsure too. OpenAI's own limit."""
_UNSURE_LOGPROB = -0.7
"""Clear short words of tiny.en lie above -0.5, what it writes about silence near -1."""
_NONSENSE_LOGPROB = -1.5

_STOCK_NO_SPEECH = 0.5
_STOCK_LOGPROB = -0.9
"""A stock phrase counts below the one and above the other. A spoken "Thank you." has tiny.en
near 0.1 and -0.1, also at a signal-to-noise ratio of 10 dB."""


class Segment(Protocol):
    """What is needed of faster-whisper's `Segment`, and of one that a server tells."""

    @property
    def text(self) -> str:
        """Words, with a leading space."""
        ...

    @property
    def no_speech_prob(self) -> float:
        """Probability that its 30 s window holds no speech."""
        ...

    @property
    def avg_logprob(self) -> float:
        """Mean natural logarithm of the tokens' probabilities."""
        ...

    @property
    def compression_ratio(self) -> float:
        """Length of the text over its length compressed by gzip."""
        ...


def is_blank(samples: Samples) -> bool:
    """Whether an utterance is too quiet to hold speech."""
    return len(samples) == 0 or float(np.abs(samples).max()) < _BLANK_PEAK


def is_plausible(segment: Segment) -> bool:
    """Whether a segment of a transcript was likely spoken."""
    if segment.compression_ratio > LOOP_RATIO or segment.avg_logprob < _NONSENSE_LOGPROB:
        return False
    if segment.no_speech_prob > NO_SPEECH and segment.avg_logprob < _UNSURE_LOGPROB:
        return False
    doubtful = segment.no_speech_prob > _STOCK_NO_SPEECH or segment.avg_logprob < _STOCK_LOGPROB
    return not (doubtful and (is_stock_phrase(segment.text) or not spoken(segment.text)))
