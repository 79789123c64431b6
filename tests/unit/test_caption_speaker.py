"""One speaker's voice as clauses, on the clock of their audio: which words are told, and when."""

import asyncio
import itertools

import numpy as np
import pytest
from livekit import rtc

from agent.hearing.ear import HOP, HOP_S, RATE_HZ, Hop
from agent.interpreting.speaker import PATIENCE_S, Clause, Speaker
from agent.interpreting.voice_activity import END_S
from agent.turns.recogniser import Hearer, Onset, Voice, Words

NOISE = np.random.default_rng(3).standard_normal(RATE_HZ)


class Script:
    """A recogniser that tells what a test wants told; it knows the words of `late_s` ago."""

    def __init__(self, late_s: float = 0.25) -> None:
        self.late_s = late_s
        self.onsets = self.ends = 0
        self.now = 0.0
        self.hearer: Hearer

    def start(self, hearer: Hearer, tasks: asyncio.TaskGroup) -> None:
        self.hearer = hearer

    def begin(self, onset: Onset) -> None:
        self.onsets += 1

    def hear(self, hop: Hop, voice: Voice | None) -> None:
        self.now = voice.now if voice is not None else 0.0

    def abandon(self) -> None:
        self.ends += 1

    def tell(self, text: str, *, late_s: float | None = None, language: str = "") -> None:
        late_s = self.late_s if late_s is None else late_s
        self.hearer.words(Words(text, self.now - late_s, language=language))


class Talk:
    """A speaker, what they said, and what was told of it."""

    def __init__(self, language: str = "en") -> None:
        self.script = Script()
        self.told: list[Clause] = []
        self.unheard = 0
        self._loud, self.sure = False, True
        self.speaker = Speaker(
            self.script,
            lambda window: (0.95 if self.sure else 0.6) if self._loud else 0.02,
            language=language,
            told=self.told.append,
            numbers=itertools.count(1).__next__,
            patience_s=PATIENCE_S,
            unheard=self._count,
        )
        self.quiet(1.0)

    async def begin(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self.speaker.start(tasks)

    def _count(self) -> None:
        self.unheard += 1

    def speak(self, seconds: float) -> None:
        self._loud = True
        self._push(seconds, 3000)

    def quiet(self, seconds: float) -> None:
        self._loud = False
        self._push(seconds, 10)

    def _push(self, seconds: float, level: float) -> None:
        for _ in range(round(seconds / HOP_S)):
            pcm = (NOISE[:HOP] * level).clip(-32000, 32000).astype(np.int16)
            self.speaker.hear(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, HOP))

    @property
    def final(self) -> list[tuple[int, str]]:
        return [(c.number, c.text) for c in self.told if c.final and not c.corrects]

    @property
    def corrected(self) -> list[tuple[int, str]]:
        return [(c.number, c.text) for c in self.told if c.corrects]


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    asyncio.run(talk.begin())
    return talk


def test_a_clause_is_told_while_the_sentence_goes_on(talk: Talk) -> None:
    talk.speak(2.0)
    talk.script.tell("I went to the station, but")
    assert talk.final == []
    talk.speak(0.3)
    talk.script.tell("I went to the station, but the train")
    assert talk.final == [(1, "I went to the station,")]
    assert talk.told[-1] == Clause(2, "but the train", "en", final=False)


def test_while_the_voice_goes_on_one_answer_is_not_enough(talk: Talk) -> None:
    talk.speak(2.0)
    talk.script.tell("I went to the station, but", late_s=0.0)
    assert talk.final == []


def test_the_last_clause_is_told_in_the_first_pause_that_ends_it(talk: Talk) -> None:
    talk.speak(1.5)
    talk.quiet(0.1)
    talk.script.tell("We are going home.", late_s=0.0)
    assert talk.final == []
    talk.quiet(0.2)
    assert talk.final == [(1, "We are going home.")]


def test_what_may_go_on_is_told_when_the_utterance_is_over(talk: Talk) -> None:
    talk.speak(1.5)
    talk.quiet(0.1)
    talk.script.tell("We are going to the", late_s=0.0)
    talk.quiet(END_S - 0.2)
    assert talk.final == []
    talk.quiet(0.2)
    assert talk.final == [(1, "We are going to the")]
    assert talk.script.ends == 1


def test_words_that_come_late_are_waited_for(talk: Talk) -> None:
    talk.speak(1.5)
    talk.quiet(9.0)
    assert talk.script.ends == 0
    talk.script.tell("We are going home.", late_s=0.0)
    assert talk.final == [(1, "We are going home.")]
    assert (talk.script.ends, talk.unheard) == (1, 0)


def test_what_is_said_while_words_are_awaited_is_of_the_same_utterance(talk: Talk) -> None:
    for _ in range(2):
        talk.speak(1.5)
        talk.quiet(4.0)
    talk.script.tell("We are going home. You are not.", late_s=0.0)
    assert [text for _, text in talk.final] == ["We are going home.", "You are not."]
    assert (talk.script.onsets, talk.unheard) == (1, 0)


def test_words_that_a_recogniser_lost_are_owned_up_to(talk: Talk) -> None:
    talk.speak(1.5)
    talk.script.tell("We are", late_s=1.0)
    talk.quiet(1.0)
    talk.script.hearer.unheard(talk.script.now, RuntimeError())
    talk.quiet(0.1)
    assert talk.final == [(1, "We are")]
    assert (talk.script.ends, talk.unheard) == (1, 1)


def test_an_engine_that_never_answers_holds_nothing_up_for_ever(talk: Talk) -> None:
    talk.speak(1.5)
    talk.quiet(PATIENCE_S + 2.0)
    assert (talk.final, talk.script.ends, talk.unheard) == ([], 1, 1)
    talk.speak(1.5)
    assert talk.script.onsets == 2


def test_what_changes_afterwards_is_corrected_once(talk: Talk) -> None:
    talk.speak(3.0)
    talk.script.tell("I went to the C side, but it was")
    talk.script.tell("I went to the C side, but it was cold")
    assert talk.final == [(1, "I went to the C side,")]
    talk.speak(1.0)
    talk.quiet(0.1)
    talk.script.tell("I went to the seaside, but it was cold.", late_s=0.0)
    talk.quiet(1.0)
    assert talk.final == [(1, "I went to the C side,"), (2, "but it was cold.")]
    assert talk.corrected == [(1, "I went to the seaside,")]


def test_what_a_recogniser_makes_of_a_noise_is_told_to_nobody(talk: Talk) -> None:
    talk.sure = False
    talk.speak(0.5)
    talk.quiet(0.2)
    talk.script.tell("Thank you for watching.", late_s=0.0)
    talk.quiet(2.0)
    assert (talk.told, talk.script.ends) == ([], 1)


def test_a_muted_track_ends_the_utterance(talk: Talk) -> None:
    talk.speak(1.5)
    talk.script.tell("We are going to the")
    assert talk.speaker.silence(10)
    talk.script.tell("We are going to the lake", late_s=0.1)
    assert not talk.speaker.silence(round((END_S + 0.1) / HOP_S))
    assert talk.final == [(1, "We are going to the lake")]
    assert not talk.speaker.silence(100), "in silence it costs nothing"


def test_the_language_is_the_recognisers_where_it_tells_one(talk: Talk) -> None:
    talk.speak(1.0)
    talk.quiet(0.3)
    talk.script.tell("明天我们去北京。", late_s=0.0, language="zh")
    assert [(c.text, c.language) for c in talk.told if c.final] == [("明天我们去北京。", "zh")]


def test_numbers_go_on_from_one_utterance_to_the_next(talk: Talk) -> None:
    for text in ("One.", "Two."):
        talk.speak(1.0)
        talk.quiet(0.1)
        talk.script.tell(text, late_s=0.0)
        talk.quiet(1.0)
    assert talk.final == [(1, "One."), (2, "Two.")]
