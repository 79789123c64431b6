"""What the recogniser, the end-of-turn model and the echo finder said in a recorded call. Pure."""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from agent.hearing.ear import HOP_S
from agent.hearing.echo import NOWHERE, Match
from agent.recorder.known_words import Answer, KnownWords, without_first
from agent.recorder.recording import Event, Recording

_MATCH_HOPS = 5
"""Comparisons with the agent's voice are this far apart: 50 ms."""
_PAUSE_S = 0.05
"""Pauses that begin this near to each other are the same."""


@dataclass(slots=True)
class Asked:
    """A recorded request and what became of it."""

    hop: int
    """When."""
    begin: int
    end: int
    """Where its audio begins and ends."""
    answer: Event | None = None
    """`answered` or `failed`."""
    order: int = 0
    """Of the answer among all events."""
    abandoned: int | None = None
    """Hop at which it was."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """What came from a recogniser that streams."""

    facts: dict[str, Any]
    order: int
    """Among all events."""
    attended: int
    """Hop at which the utterance began that it is of."""


class StreamedTexts:
    """The words of an utterance that began, or ended, at another moment than the recorded one.

    What a stream had told before the utterance began is none of its words; what it told of an
    utterance that was recorded as another one goes on before the words of the next.
    """

    def __init__(self) -> None:
        """Nothing was told yet."""
        self._attended = -1
        self._newest: dict[int, str] = {}
        """Newest text of each recorded utterance, by the hop at which it began."""
        self._known: dict[int, str] = {}
        """What was told of them before this one began."""

    def begin(self, hop: int) -> None:
        """An utterance begins."""
        self._attended = hop
        self._known = dict(self._newest)

    def text(self, streamed: Streamed) -> str:
        """The words that the utterance has now."""
        self._newest[streamed.attended] = str(streamed.facts["text"])
        texts = []
        for attended, text in sorted(self._newest.items()):
            known = self._known.get(attended)
            if known is not None:
                text = without_first(text, known) if attended == streamed.attended else ""
            texts.append(text)
        return " ".join(filter(None, texts))


class RecordedAnswers:
    """What the recogniser, the end-of-turn model and the echo finder said in a recorded call."""

    def __init__(self, recording: Recording) -> None:
        """Look them up in `recording`."""
        self.asked: dict[int, Asked] = {}
        self.streamed: dict[int, list[Streamed]] = defaultdict(list)
        self._judged: list[tuple[float, int, int, Event]] = []
        self._echoes: dict[int, list[Match]] = defaultdict(list)
        self._cancels: list[tuple[int, bool]] = []
        pending: dict[int, Asked] = {}
        asked_end: dict[float, int] = {}
        begin = attended = 0
        for order, event in enumerate(recording.events):
            facts = event.facts
            match event.kind:
                case "afresh":
                    begin = event.hop
                    pending.clear()
                    asked_end.clear()
                case "asking":
                    self._cancels.append((event.hop, bool(facts["cancels"])))
                case "asked":
                    asked = Asked(event.hop, int(facts["begin"]), int(facts["end"]))
                    self.asked[event.hop] = pending[int(facts["number"])] = asked
                case "abandoned" if (number := int(facts["number"])) in pending:
                    pending[number].abandoned = event.hop
                case "answered" | "failed" if (number := int(facts["number"])) in pending:
                    pending[number].answer, pending[number].order = event, order
                case "ask_end":
                    asked_end[float(facts["pause"])] = event.hop
                case "judged":
                    pause = float(facts["pause"])
                    delay = event.hop - asked_end.get(pause, event.hop)
                    self._judged.append((begin * HOP_S + pause, delay, order, event))
                case "echo":
                    match_ = Match(float(facts["likeness"]), float(facts["late_s"]))
                    self._echoes[event.hop].append(match_)
                case "words" | "unheard" if recording.streams:
                    self.streamed[event.hop].append(Streamed(facts, order, attended))
                case "attend":
                    attended = event.hop
        self._judged.sort(key=lambda judged: judged[:3])
        self._echo_hops = sorted(self._echoes)
        self._known = KnownWords(
            [taken.hop for taken in recording.hops],
            [
                Answer(
                    begin=asked.begin,
                    end=asked.end,
                    delay=answer.hop - asked.hop,
                    took_s=answer.facts["took_s"],
                    text=str(answer.facts["text"]),
                    language=str(answer.facts.get("language", "")),
                )
                for asked in self.asked.values()
                if (answer := asked.answer) is not None and answer.kind == "answered"
            ],
        )

    def cancels(self, hop: int) -> bool:
        """Whether the engine ended the work on requests that nobody waited for, as was known."""
        known = [cancels for at, cancels in self._cancels if at <= hop]
        return known[-1] if known else True

    def like(self, begin: int, end: int) -> Answer | None:
        """The answer to a request that was not recorded."""
        return self._known.of(begin, end)

    def judged(self, pause_s: float) -> tuple[int, int, Event] | None:
        """Delay, order and answer of the end-of-turn model about a pause; seconds of the track."""
        at = bisect_left(self._judged, (pause_s - _PAUSE_S,))
        near = self._judged[at : at + 8]
        if not near:
            return None
        found = min(near, key=lambda judged: abs(judged[0] - pause_s))
        return found[1:] if abs(found[0] - pause_s) <= _PAUSE_S else None

    def match(self, hop: int, nth: int) -> Match:
        """What the track was compared to within this hop, or just before or after."""
        here = self._echoes.get(hop, ())
        if nth < len(here):
            return here[nth]
        at = bisect_left(self._echo_hops, hop)
        near = self._echo_hops[max(0, at - 1) : at + 1]
        best = min(near, key=lambda other: abs(other - hop), default=None)
        if best is None or abs(best - hop) > _MATCH_HOPS:
            return NOWHERE
        return self._echoes[best][-1]
