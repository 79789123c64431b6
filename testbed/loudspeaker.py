"""A telephone on a table: what the agent plays comes back, late, quieter and from a room.

    table = Table(played=say(REPLY, rate_hz=PLAYED_HZ), late_s=0.25)
    table.lasts(4.0, caller=say(CALLER, rate_hz=RATE_HZ), after_s=2.0)
    table.outline == ["Hold", "GoOn", "Hold", "Stop"]

The agent's side is the real ear and the real turn taker; the recogniser knows the caller's first
word 0.4 s after it began, and none of an echo. What they hold makes no echo, as in a call. In a
room: `caller.microphone.hears = Loudspeaker(caller.hearing)`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from agent.hearing.ear import HOP, HOP_S, RATE_HZ, Ear, load_detector
from agent.hearing.echo import Match, match
from agent.options.turns import TurnOptions
from agent.turns.actions import Action, Attend, Forget, GoOn, Hold, Stop
from agent.turns.recogniser import Words
from agent.turns.turn_taker import TurnTaker
from rejoinder.scripted_caller.hearing import LOUD_DBFS, Hearing, level_dbfs
from rejoinder.scripted_caller.microphone import RATE_HZ as MICROPHONE_HZ

PLAYED_HZ = 24000
_PLAYED_HOP = round(PLAYED_HZ * HOP_S)
_LATELY = round(1.2 * PLAYED_HZ)
ECHO_DB = -20.0
"""Of a telephone on a table, in what it hears relative to what it plays."""
_QUEUED, _MOST_QUEUED = 2880, 19200
"""What a telephone holds back so as not to run dry, and where it drops the rest: 48 kHz."""
_NOISE = 5e-4
_REFLECTIONS = 10
_WORD = "Wait,"
_AUDIBLE = 0.02
_ROOM_S = 0.1

Pcm = NDArray[np.float32]


def s16(pcm: Pcm | NDArray[np.float64]) -> NDArray[np.int16]:
    return np.asarray(np.clip(pcm, -1, 1) * 32767).astype(np.int16)


def room(rate_hz: int, *, gain_db: float = ECHO_DB) -> NDArray[np.float64]:
    """The impulse response of a loudspeaker, ten reflections and a microphone."""
    random = np.random.default_rng(5)
    response = np.zeros(round(_ROOM_S * rate_hz))
    response[0] = 1.0
    for n in range(1, _REFLECTIONS + 1):
        at = round(float(random.uniform(0.002, _ROOM_S)) * rate_hz) - 1
        response[at] += 0.5 * np.exp(-n / 4) * (-1) ** n
    return response * 10 ** (gain_db / 20)


@dataclass
class Table:
    """One call; `lasts` goes through it once."""

    played: Pcm
    """The agent's reply at 24 kHz."""
    late_s: float | None
    """Delay of the echo; None: headphones."""
    response: NDArray[np.float64] = field(default_factory=lambda: room(RATE_HZ))
    """Of the echo's way, at 16 kHz."""
    line: Callable[[Pcm], Pcm] = lambda pcm: pcm
    """What all that the agent hears goes through, hop by hop; float32, 16 kHz."""
    known_after_s: float = 0.4
    """When the recogniser knows the caller's first word, after it began."""
    log: list[tuple[float, Action]] = field(default_factory=list)
    looks: list[Match] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lately = np.zeros(0, np.int16)

    @property
    def outline(self) -> list[str]:
        quiet = Attend | Forget
        return [type(action).__name__ for _, action in self.log if not isinstance(action, quiet)]

    @property
    def echoes(self) -> int:
        """How often a sound was taken for an echo."""
        return sum(action == GoOn("echo") for _, action in self.log)

    @property
    def holds_s(self) -> list[float]:
        """How long the reply was held, each time; the last hold may have lasted for good."""
        times = [at for at, action in self.log if isinstance(action, Hold | GoOn | Stop)]
        return [after - before for before, after in zip(times[::2], times[1::2], strict=False)]

    def at(self, kind: type[Action]) -> float:
        """When the last action of a kind came."""
        return next(at for at, action in reversed(self.log) if isinstance(action, kind))

    def lasts(self, for_s: float, *, caller: Pcm | None = None, after_s: float = 0.0) -> None:
        """Play the reply; the caller, 16 kHz, speaks after a time. Ends with the first stop."""
        hops, known_s = round(for_s / HOP_S), np.inf
        heard = np.random.default_rng(1).standard_normal(hops * HOP) * _NOISE
        if caller is not None:
            begin = round(after_s * RATE_HZ)
            heard[begin : begin + len(caller)] += caller[: len(heard) - begin]
            known_s = (
                after_s + int(np.argmax(np.abs(caller) > _AUDIBLE)) / RATE_HZ + self.known_after_s
            )
        ear = Ear(load_detector()())
        # The rest of a turn is of no interest.
        taker = TurnTaker(TurnOptions(), match_played=self._match)
        at, held = 0, False
        for number in range(hops):
            sounding = at < len(self.played)
            if sounding and not held:
                piece = self.played[at : at + _PLAYED_HOP]
                at += _PLAYED_HOP
                self._lately = np.concatenate([self._lately, s16(piece)])[-_LATELY:]
                if self.late_s is not None:
                    echo = np.convolve(_at_16_khz(piece), self.response)
                    begin = number * HOP + round(self.late_s * RATE_HZ)
                    echo = echo[: max(0, len(heard) - begin)]
                    heard[begin : begin + len(echo)] += echo
            pcm = s16(self.line(heard[number * HOP : (number + 1) * HOP].astype(np.float32)))
            for hop in ear.push(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, HOP)):
                actions = taker.step(hop, playing=sounding, busy=sounding)
                if taker.listening and taker.now >= known_s:
                    actions += taker.words(Words(_WORD, upto=taker.now, final=False))
                for action in actions:
                    self.log.append((taker.now, action))
                    held = isinstance(action, Hold) or (held and not isinstance(action, GoOn))
                    if isinstance(action, Stop):
                        return

    def _match(self, heard: NDArray[np.int16]) -> Match:
        self.looks.append(match(heard, self._lately, PLAYED_HZ))
        return self.looks[-1]


class Loudspeaker:
    """What a caller hears comes back to its microphone 60 ms later, after a stall up to 0.4 s."""

    def __init__(self, hearing: Hearing, *, gain_db: float = ECHO_DB) -> None:
        self._hearing = hearing
        self._gain = np.float32(10 ** (gain_db / 20))
        self._taken = hearing.samples
        self._queue: Pcm = np.zeros(0, np.float32)
        self._playing = False
        self.sounded_s = 0.0
        """How much sound came back."""
        self.holes = 0
        """How often it ran dry or dropped what was too old: the machine was too busy."""

    def __call__(self, samples: int) -> Pcm:
        self._queue = np.concatenate([self._queue, self._hearing.newest(self._taken)])
        self._taken = self._hearing.samples
        if len(self._queue) > _MOST_QUEUED:
            self._queue = self._queue[-_QUEUED:]
            self.holes += 1
        enough = len(self._queue) >= (samples if self._playing else _QUEUED)
        self.holes += self._playing and not enough
        self._playing = enough
        if not enough:
            return np.zeros(samples, np.float32)
        now, self._queue = self._queue[:samples], self._queue[samples:]
        if level_dbfs(now) > LOUD_DBFS:
            self.sounded_s += samples / MICROPHONE_HZ
        return now * self._gain


def _at_16_khz(piece: Pcm) -> NDArray[np.float64]:
    wanted = np.arange(round(len(piece) * RATE_HZ / PLAYED_HZ)) * (PLAYED_HZ / RATE_HZ)
    return np.interp(wanted, np.arange(len(piece)), piece)
