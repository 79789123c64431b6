"""What the lines of a call hold: docs/recording.md in types."""

from typing import Annotated

from pydantic import Field

from agent.recorder.line import Count, Facts, Line, Number, Seconds, Text

LOUD, FRESH, PLAYING, BUSY = 1, 2, 4, 8
"""Bits of a hop's flags."""

_Flags = Annotated[str, Field(pattern=r"^[0-9a-f]*$")]


class Hops(Line):
    """Hops of the caller's track."""

    first: Count
    level_db: list[Number]
    floor_db: list[Number]
    probability: list[Number]
    flags: _Flags
    pcm: str = ""


class Asking(Line):
    """How a recogniser of whole utterances is asked from now on."""

    cancels: bool


class Asked(Line):
    """A request to the recogniser."""

    number: Count
    begin: int
    end: Count
    rolling: bool


class Numbered(Line):
    """What became of a request."""

    number: Count


class Answered(Numbered):
    """Its result."""

    text: str
    language: str = ""
    took_s: Seconds | None
    alone: bool


class Words(Line):
    """What the turn taker is told."""

    text: str
    language: str = ""
    upto: Number
    final: bool


class Unheard(Line):
    """What it will not be told."""

    upto: Number


class AskEnd(Line):
    """The end-of-turn model is asked."""

    pause: Number


class Judged(AskEnd):
    """Its opinion."""

    probability: Number | None


class Echo(Line):
    """The track was compared with what was played."""

    likeness: Number
    late_s: Number


class Wait(Facts):
    """Why a turn was over."""

    wait_s: Number
    wording: str
    usual_pause_s: Number
    end_probability: Number | None


class Overlap(Facts):
    """What was known of a sound over the agent."""

    held_s: Number
    voiced_s: Number
    peak_probability: Number
    silence_s: Number
    text: str | None
    complete: bool


class Ended(Text):
    """The turn is over."""

    silence_s: Seconds
    why: Wait | None = None


class Stop(Line):
    """The agent stops for good."""

    why: Overlap | None = None


class GoOn(Stop):
    """It goes on."""

    sound: str


class Stage(Facts):
    """One stage of a turn."""

    stage: str
    from_ms: Number
    to_ms: Number


class Turn(Line):
    """Where the time of an answered turn went."""

    turn: Count
    interrupted: bool
    stages: list[Stage]
    total_ms: Number


CALL: dict[str, type[Line]] = {
    "hops": Hops,
    "afresh": Line,
    "asking": Asking,
    "asked": Asked,
    "answered": Answered,
    "failed": Numbered,
    "abandoned": Numbered,
    "words": Words,
    "unheard": Unheard,
    "ask_end": AskEnd,
    "judged": Judged,
    "echo": Echo,
    "attend": Line,
    "forget": Line,
    "began": Line,
    "heard": Text,
    "guess": Text,
    "ended": Ended,
    "hold": Line,
    "go_on": GoOn,
    "stop": Stop,
    "caption": Text,
    "turn": Turn,
    "typed": Text,
    "key": Line,
    "tool": Line,
}
"""Kinds that a call has besides."""
