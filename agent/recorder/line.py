"""What lines hold that both calls and rooms have, and any line. Unknown fields pass."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

KIND = "rejoinder-recording"
VERSION = 1

Seconds = Annotated[float, Field(ge=0, le=7 * 86400)]
Number = Annotated[float, Field(ge=-1e9, le=1e9)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Facts(BaseModel):
    """A line, or a part of one."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class Line(Facts):
    """Any line."""

    kind: str
    t: Seconds
    hop: Count = 0


class Text(Line):
    """Words of somebody."""

    text: str


class Head(Line):
    """The first line."""

    version: int
    hop_s: Annotated[float, Field(gt=0, le=1)]
    caller_hz: Annotated[int, Field(ge=1000, le=192_000)]
    agent_hz: Annotated[int, Field(ge=1000, le=192_000)]
    sound: bool
    job: str = "call"
    began: str = ""
    eagerness: str = "eager"
    end_model: bool = False
    recogniser: str = "batch"
    stt: str = ""
    llm: str = ""
    tts: str = ""
    translate: str = ""
    turn: dict[str, Any] = {}
    tempo: dict[str, Number] = {}


class Sound(Line):
    """What a track sounded like."""

    track: Count = 0
    at: Seconds
    samples: Count = 0
    level_db: list[Number]
    pcm: str = ""


class Speaking(Line):
    """The agent's words begin to sound; of which clauses, in a room."""

    track: Count = 0
    of: Count = 0
    numbers: list[Count] = []
    text: str = ""
    speed: Number = 1.0
    shortened: bool = False
    corrected: bool = False


class Said(Text):
    """They are over."""

    track: Count = 0
    role: str
    interrupted: bool


class Money(Facts):
    """A sum in one currency."""

    currency: str
    amount: Number
    thrown_away: Number


class Paid(Facts):
    """One engine that was asked."""

    engine: str
    model: str
    unpriced: Count


class Cost(Line):
    """What the call or the room has cost."""

    sums: list[Money]
    engines: list[Paid]


class Joined(Line):
    """Somebody came or went."""

    person: Count = 0


SHARED: dict[str, type[Line]] = {
    KIND: Head,
    "joined": Joined,
    "left": Joined,
    "gone": Line,
    "agent": Sound,
    "speaking": Speaking,
    "said": Said,
    "cost": Cost,
    "lost": Line,
    "full": Line,
    "end": Line,
}
"""Kinds that both have."""
