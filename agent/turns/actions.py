"""What the turn taker wants done; `agent.turns.listener` does it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.turns.recogniser import Onset


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
class Ended:
    """The turn is over."""

    text: str
    """Empty: there were no words."""
    silence_s: float
    """Since the last voice."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Stop the play-out where it is; it may go on."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """Go on with the play-out: nobody wants the floor."""

    sound: Literal["noise", "backchannel", "echo"]
    """What it was: a backchannel is a sign of listening, an echo the agent's own voice."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The reply is over: cancel it and all work on it."""


Action = Attend | Forget | AskEnd | Heard | Guess | Began | Ended | Hold | GoOn | Stop
