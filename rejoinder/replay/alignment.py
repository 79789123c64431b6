"""When the caller's track was heard: its frames come irregularly."""

from collections.abc import Iterator

from agent.recorder.recording import Event, Recording

STEP_S = 0.01
_JITTER_S = 0.12
"""Frames of a track come this irregularly, seconds, and belong together."""


def caller_lines(recording: Recording) -> Iterator[tuple[float, Event]]:
    """Lines of hops, each with the time it begins: without gaps where there are none."""
    end = -1.0
    for event in recording.of("hops"):
        length_s = len(event.facts["flags"]) * STEP_S
        begin = max(0.0, event.t - length_s)
        if abs(begin - end) < _JITTER_S:
            begin = end
        end = begin + length_s
        yield begin, event
