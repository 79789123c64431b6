"""What the real ear hears of a scene: Silero and levels, computed once and kept."""

from pathlib import Path

import numpy as np
from livekit import rtc

from agent.hearing.ear import HOP, RATE_HZ, Ear, Hop, load_detector
from benchmarks.tempo.scenes import Scene

CACHE = Path.home() / ".cache" / "rejoinder" / "tempo"
_FRAME = 160
_VERSION = 1
"""Of what is kept."""


def hops(scene: Scene) -> list[Hop]:
    """Every 10 ms of a scene."""
    kept = CACHE / f"hops-{scene.key}-{_VERSION}.npy"
    if not kept.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        ear = Ear(load_detector()())
        rows = []
        for at in range(0, len(scene.pcm) // _FRAME * _FRAME, _FRAME):
            data = scene.pcm[at : at + _FRAME].tobytes()
            for hop in ear.push(rtc.AudioFrame(data, RATE_HZ, 1, _FRAME)):
                rows.append((hop.level_db, hop.loud, hop.floor_db, hop.probability, hop.fresh))
        np.save(kept, np.array(rows, np.float64))
    rows = np.load(kept)
    return [
        Hop(
            scene.pcm[n * HOP : (n + 1) * HOP], float(level), bool(loud), float(floor),
            float(probability), bool(fresh),
        )
        for n, (level, loud, floor, probability, fresh) in enumerate(rows)
    ]  # fmt: skip
