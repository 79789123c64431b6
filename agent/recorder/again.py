"""A recorded call decided again: the real turn taker over its hops and answers. Pure.

With the settings that it was recorded with, the decisions are the recorded ones. With others it is
what would have been, as far as anybody can know:

- The caller and the agent are as they were: nobody answers an answer that came sooner.
- A request at a moment that was not recorded is answered with the words of the nearest recorded
  answer whose voice ends no later, after that answer's delay; if there is none, not at all.
- The end-of-turn model says what it said about the same pause; what the agent said is compared
  with the caller's track only where it was.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S
from agent.hearing.echo import Match
from agent.options.turns import TurnOptions
from agent.recorder.recorded_answers import RecordedAnswers, Streamed, StreamedTexts
from agent.recorder.recording import Recording, RecordingError
from agent.recorder.tap import DECISIONS, REQUESTS, hops_of, kind_of
from agent.turns.actions import Action, AskEnd, Attend, Forget
from agent.turns.asking import Abandon, Asking, Recognise, Request
from agent.turns.recogniser import Words
from agent.turns.schedule import Eagerness, Schedule
from agent.turns.tempo import TEMPO, Tempo
from agent.turns.turn_taker import TurnTaker


@dataclass(frozen=True, slots=True)
class Decision:
    """What was wanted done after a hop."""

    hop: int
    action: Action | Request


@dataclass(slots=True)
class Decided:
    """All that was decided in a call."""

    decisions: list[Decision] = field(default_factory=list)
    guessed_answers: int = 0
    """Requests whose words are those of another, recorded one."""
    unanswered: int = 0
    """Requests before the first recorded answer of their voice."""


def decide(
    recording: Recording,
    options: TurnOptions | None = None,
    *,
    eagerness: Eagerness | None = None,
    tempo: Tempo | None = None,
) -> Decided:
    """Decide a recorded call again.

    Args:
        recording: with words and without gaps.
        options: other settings than the recorded ones.
        eagerness: the same of the recogniser.
        tempo: another pace than the recorded one.

    Raises:
        RecordingError: the recording lacks words or hops, or is of a room.
    """
    if recording.of_room:
        raise RecordingError("it is the recording of a room: there are no turns to decide again")
    if recording.redacted:
        raise RecordingError("a redacted recording has no words to decide by")
    chosen = options or recorded_options(recording)
    eager: Eagerness = eagerness or recording.head.get("eagerness", "eager")
    pace = tempo or recorded_tempo(recording)
    decided = Decided()
    answers = RecordedAnswers(recording)
    begins = [event.hop for event in recording.of("afresh")] or [0]
    for begin, end in zip(begins, [*begins[1:], len(recording.hops)], strict=True):
        if end > begin:
            _Run(recording, answers, decided, begin, options=chosen, tempo=pace, eager=eager).go(
                end
            )
    return decided


def recorded_options(recording: Recording) -> TurnOptions:
    """The settings that the call was held with.

    Raises:
        RecordingError: this version does not know one of them.
    """
    try:
        return TurnOptions.model_validate(recording.head.get("turn", {}))
    except ValueError as error:
        raise RecordingError(f"its settings are none of this version: {error}") from None


def recorded_tempo(recording: Recording) -> Tempo:
    """The pace that the call was held at; this version's, if it has other numbers."""
    try:
        return Tempo(**recording.head.get("tempo", {}))
    except TypeError:
        return TEMPO


def reproduces(recording: Recording, decided: Decided) -> bool:
    """Whether the same was decided as in the recorded call, hop by hop."""
    kinds = DECISIONS if recording.streams else (*DECISIONS, *REQUESTS)
    recorded = [(event.hop, event.kind, event.facts.get("text")) for event in recording.of(*kinds)]
    again = [
        (decision.hop, kind_of(decision.action), getattr(decision.action, "text", None))
        for decision in decided.decisions
    ]
    return recorded == again


_LAST = 1 << 60
"""Order of what was not recorded: after all that was, of the same hop."""


class _Run:
    """From one fresh start of the listener to the next."""

    def __init__(
        self,
        recording: Recording,
        answers: RecordedAnswers,
        decided: Decided,
        begin: int,
        *,
        options: TurnOptions,
        tempo: Tempo,
        eager: Eagerness,
    ) -> None:
        self._recording, self._answers, self._decided = recording, answers, decided
        self._begin = self._hop = begin
        self._taker = TurnTaker(
            options,
            speculate=eager != "patient",
            end_model=bool(recording.head.get("end_model")),
            match_played=self._match,
            tempo=tempo,
        )
        self._schedule = Schedule(eager, tempo=tempo)
        self._asking = Asking(self._schedule)
        self._begins = 0
        self._stream = StreamedTexts()
        self._language = ""
        self._in_flight: dict[int, bool] = {}
        """Request → whether it is rolling."""
        self._matches = 0
        self._due: dict[int, list[tuple[int, Callable[[], None]]]] = defaultdict(list)

    def go(self, end: int) -> None:
        taker = self._taker
        for taken in self._recording.hops[self._begin : end]:
            self._hop += 1
            self._matches = 0
            self._do(taker.step(taken.hop, playing=taken.playing, busy=taken.busy))
            voice = taker.voice
            if voice is not None and not self._recording.streams:
                self._ask(self._asking.hear(taken.hop, voice))
            for streamed in self._answers.streamed.get(self._hop, ()):
                self._due[self._hop].append((streamed.order, partial(self._streamed, streamed)))
            for _, answer in sorted(self._due.pop(self._hop, ()), key=lambda due: due[0]):
                answer()

    def _match(self, heard: NDArray[np.int16]) -> Match:
        self._matches += 1
        return self._answers.match(self._hop, self._matches - 1)

    def _do(self, actions: Sequence[Action]) -> None:
        for action in actions:
            self._decided.decisions.append(Decision(self._hop, action))
            match action:
                case Attend(onset):
                    self._stream.begin(self._hop)
                    self._begins = self._hop - 1 - len(onset.before)
                    self._schedule.cancels = self._answers.cancels(self._hop)
                    self._asking.begin(onset)
                case Forget():
                    self._ask(self._asking.abandon())
                case AskEnd(pause):
                    self._judge(pause)

    def _judge(self, pause: float) -> None:
        found = self._answers.judged(self._begin * HOP_S + pause)
        if found is not None:
            delay, order, event = found
            probability = event.facts["probability"]
            self._due[self._hop + delay].append(
                (order, partial(self._taker.judged, pause, probability))
            )

    def _ask(self, requests: Sequence[Request]) -> None:
        for request in requests:
            self._decided.decisions.append(Decision(self._hop, request))
            match request:
                case Recognise(number, pcm, rolling):
                    alone = not self._in_flight
                    self._in_flight[number] = rolling
                    self._send(number, hops_of(pcm), alone=alone)
                case Abandon(number):
                    self._in_flight.pop(number, None)

    def _send(self, number: int, hops: int, *, alone: bool) -> None:
        begin, end = self._begins, self._begins + hops
        if end < self._hop:  # a piece of a long utterance
            self._begins = end
        asked = self._answers.asked.get(self._hop)
        known = asked is not None and (asked.begin, asked.end) == (begin, end)
        if asked is not None and known and asked.answer is not None:
            self._due[asked.answer.hop].append(
                (asked.order, partial(self._answered, number, asked.answer.facts))
            )
            return
        like = self._answers.like(begin, end)
        if like is None:
            self._decided.unanswered += 1
            return
        hop = self._hop + max(1, like.delay)
        if asked is not None and known:
            if asked.abandoned is None:
                return  # the call was over before it was answered
            hop = max(hop, asked.abandoned + 1)
        else:
            self._decided.guessed_answers += 1
        facts = {
            "text": like.text, "language": like.language, "took_s": like.took_s, "alone": alone
        }  # fmt: skip
        self._due[hop].append((_LAST, partial(self._answered, number, facts)))

    def _answered(self, number: int, facts: dict[str, Any]) -> None:
        rolling = self._in_flight.pop(number, None)
        if rolling is None:
            return
        if "text" in facts:
            self._language = str(facts.get("language", ""))
            known = self._asking.answered(
                number,
                str(facts["text"]),
                language=self._language,
                took_s=facts["took_s"],
                alone=bool(facts["alone"]),
            )
        else:
            lost_upto, known = self._asking.failed(number)
            if not rolling:
                self._taker.unheard(lost_upto)
        self._tell(known)

    def _tell(self, known: tuple[str, float] | None) -> None:
        if known is not None:
            self._do(self._taker.words(Words(*known, language=self._language)))

    def _streamed(self, streamed: Streamed) -> None:
        facts = streamed.facts
        if "text" not in facts:
            self._taker.unheard(float(facts["upto"]))
            return
        words = Words(
            self._stream.text(streamed),
            float(facts["upto"]),
            final=bool(facts["final"]),
            language=str(facts.get("language", "")),
        )
        self._do(self._taker.words(words))
