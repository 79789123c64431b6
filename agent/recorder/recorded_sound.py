"""The sound of one track of a recorded room, on the recording's time axis."""

import bisect

import numpy as np
from numpy.typing import NDArray

from agent.recorder.recording import Event, Recording, pcm_of

_ROUNDING_S = 0.0003
"""Times in a file are rounded: stretches this near to each other have no gap between them."""


class RecordedSound:
    """Of one track; where nothing was kept there is silence."""

    def __init__(self, recording: Recording, track: int) -> None:
        """Look it up in the recording of a room.

        Raises:
            RecordingError: a line of it is broken.
        """
        events = [event for event in recording.of("sound", "agent") if _track(event) == track]
        voice = any(event.kind == "agent" for event in events)
        self.rate_hz = int(recording.head["agent_hz" if voice else "caller_hz"])
        """Samples per second."""
        self._begins: list[int] = []
        self._pieces: list[NDArray[np.int16]] = []
        end = -self.rate_hz
        for event in sorted(events, key=lambda event: float(event.facts["at"])):
            pcm = pcm_of(event.facts)
            if pcm is None:
                continue
            begin = round(float(event.facts["at"]) * self.rate_hz)
            if abs(begin - end) <= _ROUNDING_S * self.rate_hz:
                begin = end
            self._begins.append(begin)
            self._pieces.append(pcm)
            end = begin + len(pcm)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._pieces)

    def between(self, begin_s: float, end_s: float) -> NDArray[np.int16]:
        """From one time to another, seconds since the recording began: mono at `rate_hz`."""
        begin, end = round(begin_s * self.rate_hz), round(end_s * self.rate_hz)
        found = np.zeros(max(0, end - begin), np.int16)
        first = max(0, bisect.bisect_right(self._begins, begin) - 1)
        for at, pcm in zip(self._begins[first:], self._pieces[first:], strict=True):
            if at >= end:
                break
            inside = pcm[max(0, begin - at) : end - at]
            to = max(0, at - begin)
            found[to : to + len(inside)] = inside
        return found


def _track(event: Event) -> int:
    return int(event.facts.get("track", 0))
