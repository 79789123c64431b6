"""What a recogniser without a model can know of speech: how much of it there is.

For stand-ins that a person speaks to: for each third of a second of sound one word more of a text
that was set, again from its beginning when it is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.float32]
USUAL_TEXT = "Hello there tell me something nice about this today please"
_WINDOW_S = 0.02
_LOUD = 0.01
"""RMS above which a window holds sound; full scale is 1."""
_WORD_WINDOWS = 17
_BEGUN_WINDOWS = 6
"""A word is there when it has so many windows."""


@dataclass(frozen=True, slots=True)
class SoundWords:
    """Turns sound into words of a text."""

    text: str = USUAL_TEXT

    def spans(self, pcm: Pcm, rate_hz: int) -> list[tuple[str, float, float]]:
        """Words of float32 mono samples in [-1, 1]: (word, start s, end s).

        A word ends with its last sound so far: what has begun after it and is no word yet is a part
        of it, so that only silence looks like silence.
        """
        window = int(rate_hz * _WINDOW_S)
        count = len(pcm) // window
        power = np.mean(np.square(pcm[: count * window].reshape(count, window)), axis=1)
        loud = np.flatnonzero(power > _LOUD**2)
        words = self.text.split() or ["Hello"]
        found: list[tuple[str, float, float]] = []
        for number, first in enumerate(range(0, len(loud), _WORD_WINDOWS)):
            own = loud[first : first + _WORD_WINDOWS]
            if len(own) >= _BEGUN_WINDOWS:
                start, end = own[0] * _WINDOW_S, (own[-1] + 1) * _WINDOW_S
                found.append((words[number % len(words)], float(start), float(end)))
            elif found:
                word, start, _ = found[-1]
                found[-1] = (word, start, float((own[-1] + 1) * _WINDOW_S))
        return found

    def ends(self, pcm: Pcm, rate_hz: int) -> list[tuple[str, float]]:
        """The same as (word, end s)."""
        return [(word, end) for word, _, end in self.spans(pcm, rate_hz)]

    def sentence(self, pcm: Pcm, rate_hz: int) -> str:
        """The same as a sentence; nothing for silence."""
        return sentence([word for word, _, _ in self.spans(pcm, rate_hz)])


def sentence(words: Sequence[str]) -> str:
    """Words with a full stop."""
    return f"{' '.join(words)}." if words else ""
