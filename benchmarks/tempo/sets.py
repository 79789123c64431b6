"""The two sets of scenes, disjoint in voices and in sentences: fitted on, and reported on."""

import functools
from typing import Literal

from benchmarks.tempo.scenes import Scene, scenes
from benchmarks.texts import FITTED, UNSEEN

Name = Literal["fitted", "unseen"]
NAMES: tuple[Name, ...] = ("fitted", "unseen")


@functools.cache
def scenes_of(name: Name) -> tuple[Scene, ...]:
    """All scenes of a set whose voices are here. Speaks what was not spoken yet; blocks."""
    if name == "fitted":
        return tuple(scenes(FITTED, longer=True, conditions=("clean", "noise -60 dBFS")))
    return tuple(scenes(UNSEEN, longer=False, conditions=("clean", "noise -60 dBFS", "telephone")))
