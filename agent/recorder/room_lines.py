"""What the lines of a captioned or interpreted room hold: docs/recording.md in types."""

from agent.recorder.line import Count, Joined, Line, Seconds, Sound, Text


class Wishes(Joined):
    """Which languages somebody speaks and wants."""

    speaks: str
    hears: str


class Track(Joined):
    """A track of a room is there: somebody's, or one of the agent's voices."""

    track: Count
    language: str = ""
    without: Count = 0


class OneTrack(Line):
    """It is over."""

    track: Count


class Clause(OneTrack):
    """A piece of what somebody said."""

    number: Count
    begin: Seconds
    end: Seconds
    text: str
    language: str
    corrects: bool


class Translation(OneTrack):
    """Clauses in another language."""

    numbers: list[Count]
    target: str
    text: str
    works: bool
    corrects: bool


class Shown(OneTrack):
    """The room was sent a clause or a translation."""

    number: Count
    target: str


class LeftOut(OneTrack):
    """What a voice did not say."""

    of: Count
    numbers: list[Count]
    why: str


class Notice(Text):
    """What people were shown."""

    level: str
    people: list[Count]


ROOM: dict[str, type[Line]] = {
    "announced": Joined,
    "languages": Wishes,
    "track": Track,
    "track_over": OneTrack,
    "sound": Sound,
    "clause": Clause,
    "translation": Translation,
    "shown": Shown,
    "left_out": LeftOut,
    "notice": Notice,
}
"""Kinds that a room has besides."""
