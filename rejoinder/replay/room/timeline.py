"""A recorded room as a picture: who said what when, when it was shown, and when it was heard."""

import numpy as np
from numpy.typing import NDArray

from agent.recorder.recorded_room import Clause, RecordedRoom, Saying, room_of
from agent.recorder.recording import Event, Recording
from rejoinder.replay.room.clock import clock, lag
from rejoinder.replay.room.drawing import Drawing
from rejoinder.replay.room.lanes import (
    BAR,
    GUTTER,
    LEVEL,
    ROW_S,
    RULER,
    SECOND,
    WIDTH,
    Lane,
    Row,
    lanes_of,
    levels,
    rows_of,
)
from rejoinder.replay.room.style import COLOURS, STYLE

_COLUMN_S = 0.05
"""A level is drawn for so much time, seconds."""
_TICK_S = 5
_NOTE_APART = 150.0
"""Pixels that the words of a note take."""


def timeline(recording: Recording) -> str:
    """An SVG file that needs nothing else: rows of 20 s, a lane for each track.

    Raises:
        RecordingError: it is the recording of a call.
    """
    return _Timeline(recording).draw()


class _Timeline:
    def __init__(self, recording: Recording) -> None:
        self._room: RecordedRoom = room_of(recording)
        self._began = str(recording.head.get("began", ""))
        self._lanes = lanes_of(self._room)
        self._lane = {lane.track.number: lane for lane in self._lanes}
        self._levels = {n: levels(recording, n) for n in self._lane}
        self._rows = rows_of(self._room, self._lanes)
        self._first: dict[int, Clause] = {}
        """What each saying says first."""
        for clause in self._room.clauses:
            for saying in clause.sayings:
                self._first.setdefault(id(saying), clause)
        self._drawing = Drawing()

    def draw(self) -> str:
        for row in self._rows:
            self._ruler(row)
            if not row.speaks:
                continue
            for lane in self._lanes:
                self._ground(row, lane)
            # Links lie below what they link.
            for clause in self._room.clauses:
                self._links(row, clause)
            for clause in self._room.clauses:
                self._clause(row, clause)
            for saying in self._room.sayings:
                self._saying(row, saying)
            self._left_out(row)
        height = self._foot(self._rows[-1]) + 12
        return self._drawing.document(
            WIDTH, height, name=f"A recorded room, {self._began}", style=STYLE
        )

    def _foot(self, row: Row) -> float:
        return row.top + (self._lanes[-1].bottom if self._lanes and row.speaks else RULER)

    # The ground.

    def _ruler(self, row: Row) -> None:
        for t in range(int(row.begin), int(row.end) + 1):
            labelled = t % _TICK_S == 0
            foot = self._foot(row) if labelled else row.top + RULER
            head = row.top + RULER - (8 if labelled else 3)
            self._drawing.path(f"M{row.x(t):.1f} {head:.1f}V{foot:.1f}", "tick")
            if labelled and t < row.end:
                self._drawing.text(row.x(t) + 3, row.top + 11, clock(t, decimals=0), "small")
        written = GUTTER + 30.0
        for event in self._room.others:
            if row.has(event.t) and (words := _note(event)):
                x = row.x(event.t)
                title = f"{clock(event.t)} {words}"
                self._drawing.dot(x, row.top + RULER, 2.5, "note", title=title)
                if written <= x <= WIDTH - _NOTE_APART:
                    self._drawing.text(x + 4, row.top + 11, words, "small", within=_NOTE_APART - 8)
                    written = x + _NOTE_APART

    def _ground(self, row: Row, lane: Lane) -> None:
        track = lane.track
        name = f"Person {track.person}" if track.person else f"Voice {track.language}"
        self._drawing.text(8, row.top + lane.bar + 4, name, f"name p{_colour(track.person)}")
        if track.without:
            self._drawing.text(8, row.top + lane.bar + 16, f"without {track.without}", "small")
        for language in lane.strips:
            y = row.top + lane.strip(language) + 3
            self._drawing.text(8, y, f"shown {language}".strip(), "small")
        foot = row.top + lane.bar
        area = _area(self._levels[track.number], row, foot)
        if area:
            self._drawing.path(area, "level")
        self._drawing.path(f"M{GUTTER} {foot:.1f}H{WIDTH - 12}", "line")

    # What was said.

    def _clause(self, row: Row, clause: Clause) -> None:
        lane = self._lane.get(clause.track)
        if lane is None:
            return
        colour = f"p{_colour(clause.person)}"
        if clause.begin < row.end and clause.end > row.begin:
            number = f"{clause.number} " if row.has(clause.begin) else ""
            self._bar(
                row, lane, clause.begin, clause.end, f"clause {colour}", number + clause.text,
                title=f"{clock(clause.begin)} to {clock(clause.end)}, {clause.language}: "
                + clause.text,
            )  # fmt: skip
        captions = [("", clause.shown, clause.text)]
        captions += [(t.target, t.shown, t.text) for t in clause.translations]
        for language, shown, text in captions:
            if shown is None or clause.end >= row.end or shown < row.begin:
                continue
            y = row.top + lane.strip(language)
            x0, x1 = row.x(clause.end), row.x(shown)
            self._drawing.path(f"M{x0:.1f} {y:.1f}H{x1:.1f}", f"wait {colour}")
            if row.has(shown):
                later = f"{shown - clause.end:.2f}"
                title = f"shown {clock(shown)}, {lag(shown - clause.end)}: {text}"
                self._drawing.dot(row.x(shown), y, 3, f"dot {colour}", title=title)
                self._drawing.text(row.x(shown) + 5, y + 3, later, "small")

    def _saying(self, row: Row, saying: Saying) -> None:
        lane = self._lane.get(saying.track)
        end = saying.end if saying.end is not None else saying.begin + 0.2
        if lane is None or saying.begin >= row.end or end <= row.begin:
            return
        first = self._first.get(id(saying))
        later = lag(saying.begin - first.end) if first is not None else ""
        fast = f" {saying.speed:g}×" if saying.speed != 1.0 else ""
        short = " shortened" if saying.shortened else ""
        head = f"{later}{fast}{short} · " if row.has(saying.begin) else ""
        person = first.person if first is not None else 0
        self._bar(
            row, lane, saying.begin, end, f"saying p{_colour(person)}", head + saying.text,
            title=f"{clock(saying.begin)} to {clock(end)} {later}{fast}{short}: {saying.text}",
        )  # fmt: skip

    def _bar(
        self, row: Row, lane: Lane, begin: float, end: float, look: str, text: str, *, title: str
    ) -> None:
        x, y = row.x(begin), row.top + lane.bar + 1
        width = row.x(end) - x
        self._drawing.box(x, y, width, BAR - 3, look, title=title)
        self._drawing.text(x + 3, y + 11, text, "words", within=width - 4)

    def _links(self, row: Row, clause: Clause) -> None:
        """From the end of a clause to the beginning of each saying that says it."""
        lane = self._lane.get(clause.track)
        for saying in clause.sayings:
            voice = self._lane.get(saying.track)
            if voice is None or lane is None or clause.end >= row.end or saying.begin < row.begin:
                continue
            x0, x1 = row.x(clause.end), row.x(saying.begin)
            y0, y1 = row.top + lane.bar + BAR - 2, row.top + voice.bar + 1
            if clause.end < row.begin:
                y0 = y1
            bend = (y1 - y0) / 2
            self._drawing.path(
                f"M{x0:.1f} {y0:.1f}C{x0:.1f} {y0 + bend:.1f} {x1:.1f} {y1 - bend:.1f} "
                f"{x1:.1f} {y1:.1f}",
                f"link p{_colour(clause.person)}",
            )

    def _left_out(self, row: Row) -> None:
        for left in self._room.left_out:
            lane = self._lane.get(left.track)
            if lane is not None and row.has(left.t):
                numbers = ", ".join(f"{left.of}.{number}" for number in left.numbers)
                title = f"{clock(left.t)} not said: {numbers} ({left.why})"
                self._drawing.dot(
                    row.x(left.t), row.top + lane.bar + BAR / 2, 4, "lost", title=title
                )


def _colour(person: int) -> int:
    return (person - 1) % COLOURS + 1 if person else 0


def _area(values: NDArray[np.float32], row: Row, foot: float) -> str:
    """The level of a row, from its foot up; what is silent is left out."""
    size = round(_COLUMN_S / 0.01)
    begin = round(row.begin / 0.01)
    part = values[begin : begin + round(ROW_S / 0.01)]
    part = np.pad(part, (0, -len(part) % size))
    heights = part.reshape(-1, size).max(axis=1) * (LEVEL - 2)
    places = []
    for n in np.flatnonzero(heights >= 0.5):
        x = GUTTER + n * _COLUMN_S * SECOND
        places.append(f"M{x:.1f} {foot:.1f}v-{heights[n]:.1f}")
    return "".join(places)


def _note(event: Event) -> str:
    facts = event.facts
    who = f"person {facts.get('person', 0)}"
    match event.kind:
        case "joined":
            return f"{who} {'is back' if facts.get('back') else 'comes'}"
        case "left":
            return f"{who} leaves"
        case "announced":
            return f"{who} is told of the recording"
        case "languages":
            return f"{who} speaks {facts['speaks'] or '?'}, hears {facts['hears'] or '-'}"
        case "notice":
            return f"notice: {facts['text']}"
        case "full":
            return "the file is full: the rest is missing"
        case "lost":
            return "lines are missing: the disk was too slow"
    return ""
