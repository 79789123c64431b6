"""What the lines of a recording hold: docs/recording.md in types. Unknown kinds and fields pass."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

KIND = "rejoinder-recording"
VERSION = 1
LOUD, FRESH, PLAYING, BUSY = 1, 2, 4, 8
"""Bits of a hop's flags."""

Seconds = Annotated[float, Field(ge=0, le=7 * 86400)]
Number = Annotated[float, Field(ge=-1e9, le=1e9)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
_Flags = Annotated[str, Field(pattern=r"^[0-9a-f]*$")]


class _Facts(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class Line(_Facts):
    """Any line."""

    kind: str
    t: Seconds
    hop: Count = 0


class Head(Line):
    """The first line."""

    version: int
    hop_s: Annotated[float, Field(gt=0, le=1)]
    caller_hz: Annotated[int, Field(ge=1000, le=192_000)]
    agent_hz: Annotated[int, Field(ge=1000, le=192_000)]
    sound: bool
    began: str = ""
    eagerness: str = "eager"
    end_model: bool = False
    recogniser: str = "batch"
    stt: str = ""
    llm: str = ""
    tts: str = ""
    turn: dict[str, Any] = {}
    tempo: dict[str, Number] = {}


class Hops(Line):
    """Hops of the caller's track."""

    first: Count
    level_db: list[Number]
    floor_db: list[Number]
    probability: list[Number]
    flags: _Flags
    pcm: str = ""


class Agent(Line):
    """What the agent's track played."""

    at: Seconds
    level_db: list[Number]
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


class Text(Line):
    """Words of one of both sides."""

    text: str


class Wait(_Facts):
    """Why a turn was over."""

    wait_s: Number
    wording: str
    usual_pause_s: Number
    end_probability: Number | None


class Overlap(_Facts):
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


class Said(Text):
    """A reply is over."""

    role: str
    interrupted: bool


class Stage(_Facts):
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


class Money(_Facts):
    """A sum in one currency."""

    currency: str
    amount: Number
    thrown_away: Number


class Paid(_Facts):
    """One engine that was asked."""

    engine: str
    model: str
    unpriced: Count


class Cost(Line):
    """What the call has cost."""

    sums: list[Money]
    engines: list[Paid]


KINDS: dict[str, type[Line]] = {
    KIND: Head,
    "hops": Hops,
    "agent": Agent,
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
    "speaking": Line,
    "caption": Text,
    "said": Said,
    "turn": Turn,
    "joined": Line,
    "left": Line,
    "gone": Line,
    "typed": Text,
    "key": Line,
    "tool": Line,
    "cost": Cost,
    "lost": Line,
    "full": Line,
    "end": Line,
}
"""The kinds of this version."""


def fault_of(line: dict[str, Any]) -> str | None:
    """What is wrong with a line, without what it says; None: nothing is."""
    kind = line.get("kind")
    model = KINDS.get(kind, Line) if isinstance(kind, str) else Line
    try:
        model.model_validate(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"a line of {model.__name__.lower()} has a wrong {where}"
    return None
