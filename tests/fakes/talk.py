"""A scripted caller for the turn taker, on the clock of the caller's audio.

    talk = Talk()
    talk.says("What is the weather like today?", 1.5)
    talk.is_silent(3.0)
    assert talk.ended == ["What is the weather like today?"]

Every sample of a word carries the word's number, so the scripted recogniser knows exactly the
words whose audio it was given. Whole talks, with an agent that answers: `tests.fakes.whole_talk`.
"""

from dataclasses import dataclass, field

import numpy as np

from agent.hearing.ear import HOP, HOP_S, Hop
from agent.options.turns import TurnOptions
from agent.turns.actions import (
    Action,
    AskEnd,
    Attend,
    Ended,
    Forget,
    Heard,
    Stop,
)
from agent.turns.asking import Abandon, Asking, Recognise, Request
from agent.turns.recogniser import Voice, Words
from agent.turns.schedule import Eagerness, Schedule
from agent.turns.stream_words import StreamedWords, Told
from agent.turns.turn_taker import TurnTaker

VOICE_DB, FALLEN_DB, SILENCE_DB = -20.0, -50.0, -60.0
WINDOW_MS = 32
KNOWN_SHARE = 0.7
"""Part of a word's audio by which the recogniser knows it."""
_SURE, _NO_SPEECH = 0.95, 0.02
_COUGH = (
    (-27, 0.04), (-25, 0.80), (-32, 0.78), (-37, 0.53), (-43, 0.42), (-54, 0.35),
    (-62, 0.30), (-30, 0.36), (-29, 0.22), (-37, 0.15), (-42, 0.09), (-46, 0.05),
)  # fmt: skip
"""Level and probability of speech in each window, by the real ear: of 800 coughs through Opus one
of those most like a voice."""


@dataclass
class Talk:
    """A caller, a recogniser that answers after `delay_s`, and an agent that may be speaking."""

    options: TurnOptions = field(default_factory=TurnOptions)
    eagerness: Eagerness = "eager"
    schedule: Schedule | None = None
    delay_s: float = 0.2
    failing: bool = False
    language: str = ""
    """What the recogniser says the caller speaks; empty: it does not."""
    streams: bool = False
    """Whether the recogniser listens all the time, and tells each word `delay_s` after its end."""
    end_probability: float | None = None
    """What the end-of-turn model says of every pause; None: there is no model."""
    playing: bool = False
    busy: bool = False
    log: list[tuple[float, Action | Request]] = field(default_factory=list)
    hops: int = 0
    probability: float = 0.0
    words: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    """Hops of each word."""
    answers: dict[int, tuple[float, str]] = field(default_factory=dict)
    hearing: int = 0
    """Word that the stream hears."""
    segment: list[int] = field(default_factory=list)
    """Words of the stream's segment by number, with `streams`."""
    results: list[tuple[float, int | None]] = field(default_factory=list)
    """When the stream tells a word, or that its segment is over."""

    def __post_init__(self) -> None:
        self.taker = TurnTaker(
            self.options,
            speculate=self.eagerness != "patient",
            end_model=self.end_probability is not None,
        )
        self.asking = Asking(self.schedule or Schedule(self.eagerness))
        self.stream = StreamedWords(flushes=True)

    @property
    def now(self) -> float:
        return self.taker.now

    def says(self, text: str, for_s: float) -> None:
        """Words of equal length; the voice falls at the end of each."""
        spoken = text.split()
        for word in spoken:
            self.words.append(word)
            length = round(for_s / len(spoken) / HOP_S)
            self.lengths.append(length)
            for n in range(length):
                fallen = n >= length - 5
                level_db = FALLEN_DB if fallen else VOICE_DB
                self.hop(level_db, loud=True, probability=_SURE, word=len(self.words))

    def draws_out(self, text: str, for_s: float) -> None:
        """One sound that is known as `text` from its first third on."""
        self.words.append(text)
        self.lengths.append(round(for_s / 3 / HOP_S))
        for _ in range(round(for_s / HOP_S)):
            self.hop(VOICE_DB, loud=True, probability=_SURE, word=len(self.words))

    def mumbles(self, for_s: float, *, probability: float = _SURE) -> None:
        """Voice without words, and how sure the detector is of it."""
        for _ in range(round(for_s / HOP_S)):
            self.hop(VOICE_DB, loud=True, probability=probability)

    def is_silent(self, for_s: float) -> None:
        for _ in range(round(for_s / HOP_S)):
            self.hop(SILENCE_DB)

    def makes_a_noise(self, for_s: float) -> None:
        """Loud, but no voice."""
        for _ in range(round(for_s / HOP_S)):
            self.hop(VOICE_DB, loud=True)

    def coughs(self) -> None:
        """A noise of two parts that the detector takes for a voice at first."""
        for n in range(len(_COUGH) * WINDOW_MS // 10):
            level_db, probability = _COUGH[n * 10 // WINDOW_MS]
            self.hop(level_db, loud=level_db > -45, probability=probability)

    def actions(self, *kinds: type[Action]) -> list[Action | Request]:
        return [action for _, action in self.log if isinstance(action, kinds)]

    def at(self, kind: type[Action]) -> float:
        """When the first action of a kind came."""
        return next(at for at, action in self.log if isinstance(action, kind))

    @property
    def told(self) -> list[Action | Request]:
        """What the call is told; without requests and captions."""
        quiet = Attend | Forget | Recognise | Abandon | AskEnd | Heard
        return [action for _, action in self.log if not isinstance(action, quiet)]

    @property
    def outline(self) -> list[str]:
        return [type(action).__name__ for action in self.told]

    @property
    def ended(self) -> list[str]:
        return [action.text for action in self.told if isinstance(action, Ended)]

    @property
    def requests(self) -> list[Recognise]:
        return [action for _, action in self.log if isinstance(action, Recognise)]

    def hop(
        self,
        level_db: float,
        *,
        loud: bool = False,
        probability: float = _NO_SPEECH,
        word: int = 0,
    ) -> None:
        self.hops += 1
        fresh = self.hops * 10 // WINDOW_MS > (self.hops - 1) * 10 // WINDOW_MS
        if fresh:
            self.probability = probability
        pcm = np.full(HOP, word, np.int16)
        hop = Hop(pcm, level_db, loud, SILENCE_DB, self.probability, fresh)
        self.do(self.taker.step(hop, playing=self.playing, busy=self.busy))
        voice = self.taker.voice
        if self.streams:
            self._streams(voice, word)
            return
        if voice is not None:
            self.ask(self.asking.hear(hop, voice))
        for number in [n for n, (due, _) in self.answers.items() if due <= self.now]:
            if number not in self.answers:
                continue  # abandoned by the answer before it
            _, text = self.answers.pop(number)
            if self.failing:
                self.fails(number)
            else:
                self.is_answered(number, text)

    def _streams(self, voice: Voice | None, word: int) -> None:
        """The stream hears a hop of an utterance, or silence."""
        heard = word if voice is not None else 0
        if self.hearing and heard != self.hearing:
            self.results.append((self.now + self.delay_s - HOP_S, self.hearing))
        self.hearing = heard
        if voice is not None:
            self.stream.went_on(voice)
            if self.stream.flush_due(self.now):
                self.results.append((self.now + self.delay_s, None))
        while self.results and self.results[0][0] <= self.now:
            _, number = self.results.pop(0)
            self.stream.answered()
            text = " ".join(
                self.words[n - 1] for n in [*self.segment, *([number] if number else [])]
            )
            self.segment = [*self.segment, number] if number else []
            if text:
                written = text if number is None else text.rstrip(".?！。？")
                self.stream.told(Told(written, final=number is None), self.now)
        self._news()

    def _news(self) -> None:
        known = self.stream.news(self.now)
        if known is not None:
            told = Words(known.text, known.upto, known.final, language=self.language)
            self.do(self.taker.words(told))

    def is_answered(self, number: int, text: str) -> None:
        """The recogniser answers a request."""
        self._knows(self.asking.answered(number, text, language=self.language))

    def fails(self, number: int) -> None:
        """All tries of a request fail."""
        lost_upto, known = self.asking.failed(number)
        self.taker.unheard(lost_upto)
        self._knows(known)

    def _knows(self, known: tuple[str, float] | None) -> None:
        if known is not None:
            self.do(self.taker.words(Words(*known, language=self.language)))

    def ask(self, requests: list[Request]) -> None:
        for request in requests:
            self.log.append((self.now, request))
            match request:
                case Recognise(number, pcm):
                    self.answers[number] = (self.now + self.delay_s, self._heard_in(pcm))
                case Abandon(number):
                    del self.answers[number]

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            self.log.append((self.now, action))
            match action:
                case Attend(onset) if self.streams:
                    self.stream.begin(begins=self.now - HOP_S, shift_s=0.0, now=self.now)
                case Forget() if self.streams:
                    if self.stream.end():
                        self.results.append((self.now + self.delay_s, None))
                case Attend(onset):
                    self.asking.begin(onset)
                case Forget():
                    self.ask(self.asking.abandon())
                case AskEnd(pause):
                    self.taker.judged(pause, self.end_probability)
                case Stop():
                    self.playing = self.busy = False

    def _heard_in(self, pcm: np.typing.NDArray[np.int16]) -> str:
        numbers, samples = np.unique(pcm, return_counts=True)
        known = [
            self.words[number - 1]
            for number, count in zip(numbers, samples, strict=True)
            if number and count / HOP >= KNOWN_SHARE * self.lengths[number - 1]
        ]
        return " ".join(known)
