"""The sound of a recorded call, as its page holds it."""

import base64
import gzip
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from agent.recorder.recording import Recording, pcm_of
from rejoinder.replay.alignment import caller_lines

SOUND_HZ = 16000
"""Of both sides."""


def sound(recording: Recording) -> str:
    """Both sides, 16-bit mono one after the other, gzip and base64."""
    samples = int(np.ceil(recording.length_s * SOUND_HZ)) + 1
    sides = np.zeros((2, samples), np.int16)
    for begin, event in caller_lines(recording):
        if (pcm := pcm_of(event.facts)) is not None:
            _mix(sides[0], begin, pcm)
    rate_hz = int(recording.head["agent_hz"])
    stretches: dict[float, list[NDArray[np.int16]]] = defaultdict(list)
    for event in recording.of("agent"):
        if (pcm := pcm_of(event.facts)) is not None:
            stretches[float(event.facts["at"])].append(pcm)
    for at, pieces in stretches.items():
        _mix(sides[1], at, _at_rate(np.concatenate(pieces), rate_hz))
    return base64.b64encode(gzip.compress(sides.astype("<i2").tobytes(), 6)).decode()


def _mix(side: NDArray[np.int16], at: float, pcm: NDArray[np.int16]) -> None:
    begin = max(0, round(at * SOUND_HZ))
    end = min(len(side), begin + len(pcm))
    side[begin:end] = pcm[: max(0, end - begin)]


def _at_rate(pcm: NDArray[np.int16], rate_hz: int) -> NDArray[np.int16]:
    """For the ear alone: linear."""
    count = int(len(pcm) * SOUND_HZ / rate_hz)
    places = np.arange(count) * (rate_hz / SOUND_HZ)
    heard: NDArray[np.int16] = np.interp(places, np.arange(len(pcm)), pcm).astype(np.int16)
    return heard
