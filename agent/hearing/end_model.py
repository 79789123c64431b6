"""The acoustic end-of-turn model that comes with livekit-agents, on this machine.

`turn-detector-v1-mini` hears the last 1.2 s and says how much they sound like the end of a
turn: melody and lengthening, no words. It runs in livekit-local-inference, never at LiveKit's
gateway. Terms: it may be used with LiveKit Agents only (docs/licences.md).
"""

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

EndModel = Callable[[NDArray[np.int16], str], float | None]
"""16 kHz mono and a language tag in; probability that the turn is over out, 0.5 where the model
itself is undecided. None: it does not know the language. Blocks for some 30 ms; thread-safe."""


def load_end_model() -> EndModel:
    """Load the weights, about 110 MB; blocking, a fifth of a second."""
    from livekit.agents.inference.eot.languages import LOCAL_LANGUAGES
    from livekit.local_inference import EOT, EOT_MAX_SAMPLES

    model = EOT()
    lock = threading.Lock()

    def probability(pcm: NDArray[np.int16], language: str) -> float | None:
        threshold = LOCAL_LANGUAGES.get(language.partition("-")[0].lower())
        if threshold is None or not len(pcm):
            return None
        with lock:
            raw = float(model.predict(np.ascontiguousarray(pcm[-EOT_MAX_SAMPLES:])))
        return centred(raw, threshold)

    return probability


def centred(raw: float, threshold: float) -> float:
    """A probability on a scale on which a language's threshold is 0.5.

    >>> centred(0.36, 0.36), centred(0.0, 0.36), centred(1.0, 0.36)
    (0.5, 0.0, 1.0)
    """
    if raw < threshold:
        return 0.5 * raw / threshold
    return 0.5 + 0.5 * (raw - threshold) / (1 - threshold)
