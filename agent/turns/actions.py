"""What the turn taker wants done; `agent.turns.listener` does it."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.turns.barge_in import Overlap
from agent.turns.recogniser import Onset
from agent.turns.words import Wording


@dataclass(frozen=True, slots=True)
class Attend:
    """A sound may be the beginning of an utterance: its words are wanted."""

    onset: Onset


@dataclass(frozen=True, slots=True)
class Forget:
    """The utterance is over, or was none: its words are wanted no more."""


@dataclass(frozen=True, slots=True)
class AskEnd:
    """Ask the end-of-turn model whether this is the end of a turn."""

    pause: float
    """When the voice stopped, seconds of the caller's audio: goes back with the answer."""
    pcm: NDArray[np.int16]
    """The newest `END_MODEL_S` of the caller's audio, 16 kHz mono."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Words so far, for captions."""

    text: str


@dataclass(frozen=True, slots=True)
class Guess:
    """Probably all the words of the turn: begin the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Began:
    """The caller has the floor."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a silence had to be for the end of a turn, and why."""

    wait_s: float
    wording: Wording
    """What the words say about the end."""
    usual_pause_s: float
    """A long pause by this caller's standards, seconds; 0: none is known."""
    end_probability: float | None
    """The end-of-turn model's opinion; None: there is none."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The turn is over."""

    text: str
    """Empty: there were no words."""
    silence_s: float
    """Since the last voice."""
    why: Wait | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Hold:
    """Stop the play-out where it is; it may go on."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """Go on with the play-out: nobody wants the floor."""

    sound: Literal["noise", "backchannel", "echo"]
    """What it was: a backchannel is a sign of listening, an echo the agent's own voice."""
    why: Overlap | None = field(default=None, compare=False)
    """What was known of it; None: that it is an echo."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The reply is over: cancel it and all work on it."""

    why: Overlap | None = field(default=None, compare=False)
    """What was known of the sound over it; None: the reply had not begun to sound."""


Action = Attend | Forget | AskEnd | Heard | Guess | Began | Ended | Hold | GoOn | Stop
