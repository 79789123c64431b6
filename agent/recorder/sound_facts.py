"""What a line holds of a stretch of sound. Worked out on the writer's thread."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, level_of


def sound_facts(
    at: float, frames: Sequence[NDArray[np.int16]], *, rate_hz: int, sound: bool
) -> dict[str, Any]:
    """A stretch without a gap that began at `at`: a level each 10 ms, and itself with `sound`."""
    pcm, size = np.concatenate(frames), round(rate_hz * HOP_S)
    whole = pcm[: len(pcm) // size * size].reshape(-1, size)
    facts: dict[str, Any] = {
        "at": round(at, 4),
        "samples": len(pcm),
        "level_db": [round(level_of(hop), 1) for hop in whole],
    }
    if sound:
        facts["pcm"] = pcm
    return facts
