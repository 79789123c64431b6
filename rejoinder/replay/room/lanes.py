"""Where things are in the picture of a recorded room: rows of time, a lane for each track."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S
from agent.recorder.recorded_room import RecordedRoom, Track
from agent.recorder.recording import Recording

WIDTH, GUTTER = 1200, 92
ROW_S = 20.0
"""Time in a row, seconds."""
SECOND = (WIDTH - GUTTER - 12) / ROW_S
"""Pixels of a second."""
RULER, LEVEL, BAR, STRIP, MARGIN, ROW_GAP = 20, 16, 17, 12, 7, 14
"""Heights: of the ruler, a lane's level, its bars, a strip of dots; space below a lane, a row."""
_QUIETEST_DB = -60.0


@dataclass(frozen=True, slots=True)
class Lane:
    """Of one track, the same in each row. Heights are pixels below the row's top."""

    track: Track
    top: float
    strips: tuple[str, ...]
    """Of somebody's track: the languages whose captions have a strip; empty: as it was said."""

    @property
    def bar(self) -> float:
        """Where its bars are."""
        return self.top + LEVEL

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.bar + BAR + STRIP * len(self.strips)

    def strip(self, language: str) -> float:
        """The middle of a language's strip."""
        return self.bar + BAR + STRIP * (self.strips.index(language) + 0.5)


@dataclass(frozen=True, slots=True)
class Row:
    """A stretch of the time axis."""

    begin: float
    """Seconds."""
    top: float
    speaks: bool
    """Whether something was said or shown in it: else it has a ruler alone."""

    @property
    def end(self) -> float:
        """Seconds."""
        return self.begin + ROW_S

    def x(self, t: float) -> float:
        """Where a moment is; moments outside are at the edges."""
        return GUTTER + (min(max(t, self.begin), self.end) - self.begin) * SECOND

    def has(self, t: float) -> bool:
        """Whether a moment is in it."""
        return self.begin <= t < self.end


def lanes_of(room: RecordedRoom) -> list[Lane]:
    """People's lanes, and below them those of the voices that had something to say."""
    found: list[Lane] = []
    top = float(RULER)
    had = {said.track for said in room.sayings} | {left.track for left in room.left_out}
    for track in room.people + [voice for voice in room.voices if voice.number in had]:
        lane = Lane(track, top, ("", *room.targets) if track.person else ())
        top = lane.bottom + MARGIN
        found.append(lane)
    return found


def rows_of(room: RecordedRoom, lanes: list[Lane]) -> list[Row]:
    """The rows in which something was said or happened, below each other."""
    height = lanes[-1].bottom if lanes else RULER
    speaks = {int(t // ROW_S) for t in _spoken(room)}
    happens = {int(event.t // ROW_S) for event in room.others if event.kind != "cost"}
    rows: list[Row] = []
    top = 0.0
    for number in sorted(speaks | happens | {0}):
        rows.append(Row(number * ROW_S, top, number in speaks))
        top += (height if number in speaks else RULER) + ROW_GAP
    return rows


def _spoken(room: RecordedRoom) -> Iterator[float]:
    """When something was said, shown, or left out."""
    for clause in room.clauses:
        shown = [clause.shown, *(translation.shown for translation in clause.translations)]
        yield from (clause.begin, clause.end, *(t for t in shown if t is not None))
    for saying in room.sayings:
        yield from (saying.begin, saying.begin if saying.end is None else saying.end)
    for left in room.left_out:
        yield left.t


def levels(recording: Recording, track: int) -> NDArray[np.float32]:
    """How loud a track was in each 10 ms, from 0, silence, to 1, full scale."""
    found = np.zeros(int(np.ceil(recording.length_s / HOP_S)) + 1, np.float32)
    for event in recording.of("sound", "agent"):
        if event.facts.get("track") != track:
            continue
        values = np.clip(1 - np.asarray(event.facts["level_db"], np.float32) / _QUIETEST_DB, 0, 1)
        begin = min(round(float(event.facts["at"]) / HOP_S), len(found))
        found[begin : begin + len(values)] = values[: len(found) - begin]
    return found
