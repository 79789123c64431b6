"""The turn taker and the requests of a call that is recorded: what goes in and comes out is told.

They are the real ones; a call that is not recorded has the real ones alone.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP, Hop
from agent.hearing.echo import NOWHERE, Match
from agent.options.turns import TurnOptions
from agent.recorder.recorder import Recorder
from agent.turns.actions import Action, AskEnd, Attend
from agent.turns.asking import Abandon, Asking, Recognise, Request
from agent.turns.recogniser import Onset, Voice, Words
from agent.turns.schedule import Schedule
from agent.turns.tempo import TEMPO, Tempo
from agent.turns.turn_taker import TurnTaker

DECISIONS = (
    "attend", "forget", "ask_end", "heard", "guess", "began", "ended", "hold", "go_on", "stop",
)  # fmt: skip
"""Kinds of lines that tell what the turn taker wanted done."""
REQUESTS = ("asked", "abandoned")
"""The same of a recogniser that takes whole utterances."""
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class RecordedTaker(TurnTaker):
    """Tells a recorder its hops, words, opinions and decisions."""

    def __init__(
        self,
        recorder: Recorder,
        options: TurnOptions,
        *,
        speculate: bool = True,
        end_model: bool = False,
        match_played: Callable[[NDArray[np.int16]], Match] = lambda heard: NOWHERE,
        tempo: Tempo = TEMPO,
    ) -> None:
        """Begin afresh, as `TurnTaker` does."""

        def match(heard: NDArray[np.int16]) -> Match:
            found = match_played(heard)
            recorder.tell("echo", likeness=found.likeness, late_s=found.late_s)
            return found

        super().__init__(
            options, speculate=speculate, end_model=end_model, match_played=match, tempo=tempo
        )
        self._recorder = recorder
        recorder.tell("afresh")

    def step(self, hop: Hop, *, playing: bool, busy: bool) -> list[Action]:
        """Take in 10 ms."""
        self._recorder.hop(hop, playing=playing, busy=busy)
        return self._told(super().step(hop, playing=playing, busy=busy))

    def words(self, words: Words) -> list[Action]:
        """The recogniser knows words."""
        facts = {"text": words.text, "upto": words.upto, "final": words.final}
        self._recorder.tell("words", **facts, language=words.language)
        return self._told(super().words(words))

    def unheard(self, upto: float) -> None:
        """The recogniser has lost words."""
        self._recorder.tell("unheard", upto=upto)
        super().unheard(upto)

    def judged(self, pause: float, probability: float | None) -> None:
        """The end-of-turn model has answered."""
        self._recorder.tell("judged", pause=pause, probability=probability)
        super().judged(pause, probability)

    def _told(self, actions: list[Action]) -> list[Action]:
        for action in actions:
            self._recorder.tell(kind_of(action), **_facts(action))
        return actions


class RecordedAsking(Asking):
    """Tells a recorder the requests of a recogniser that takes whole utterances."""

    def __init__(self, recorder: Recorder, schedule: Schedule) -> None:
        """Ask as `schedule` says."""
        super().__init__(schedule)
        self._recorder = recorder
        self._begins = 0
        """Which hop the audio of the next request begins with."""
        self._cancels: bool | None = None

    def begin(self, onset: Onset) -> None:
        """An utterance begins with the newest hop."""
        self._begins = self._recorder.hops - 1 - len(onset.before)
        if self._schedule.cancels != self._cancels:
            self._cancels = self._schedule.cancels
            self._recorder.tell("asking", cancels=self._cancels)
        super().begin(onset)

    def hear(self, hop: Hop, voice: Voice) -> list[Request]:
        """Take in a hop of the utterance."""
        return self._told(super().hear(hop, voice))

    def abandon(self) -> list[Request]:
        """The utterance is over."""
        return self._told(super().abandon())

    def answered(
        self,
        number: int,
        text: str,
        *,
        language: str = "",
        took_s: float | None = None,
        alone: bool = True,
    ) -> tuple[str, float] | None:
        """The engine has answered."""
        facts = {"language": language, "took_s": took_s, "alone": alone}
        self._recorder.tell("answered", number=number, text=text, **facts)
        return super().answered(number, text, language=language, took_s=took_s, alone=alone)

    def failed(self, number: int) -> tuple[float, tuple[str, float] | None]:
        """All tries failed."""
        self._recorder.tell("failed", number=number)
        return super().failed(number)

    def _told(self, requests: list[Request]) -> list[Request]:
        for request in requests:
            match request:
                case Recognise(number, pcm, rolling):
                    begin, end = self._begins, self._begins + hops_of(pcm)
                    if end < self._recorder.hops:  # a piece of a long utterance
                        self._begins = end
                    self._recorder.tell(
                        "asked", number=number, begin=begin, end=end, rolling=rolling
                    )
                case Abandon(number):
                    self._recorder.tell("abandoned", number=number)
        return requests


def kind_of(action: Action | Request) -> str:
    """How a line names what is wanted done: `GoOn` is `go_on`."""
    match action:
        case Recognise():
            return "asked"
        case Abandon():
            return "abandoned"
    return _CAPITAL.sub("_", type(action).__name__).lower()


def hops_of(pcm: NDArray[np.int16]) -> int:
    """How many hops some audio is long."""
    return len(pcm) // HOP


def _facts(action: Action) -> dict[str, Any]:
    match action:
        case Attend(onset):
            return {"over_agent": onset.over_agent}
        case AskEnd(pause):
            return {"pause": pause}
    return asdict(action, dict_factory=_plain)


def _plain(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value.value if isinstance(value, Enum) else value for name, value in pairs}
