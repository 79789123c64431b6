"""Utterances as passages: sound, and exactly the words that are in it."""

import asyncio
import itertools

import numpy as np
import pytest
from livekit import rtc

from agent.hearing.ear import HOP, HOP_S, RATE_HZ, Hop
from agent.interpreting.consent import Passage
from agent.interpreting.passages import Passages
from agent.interpreting.speaker import Speaker
from agent.turns.recogniser import Hearer, Onset, Voice, Words


class Script:
    """A recogniser that tells what a test wants told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.hearer: Hearer

    def start(self, hearer: Hearer, tasks: asyncio.TaskGroup) -> None:
        self.hearer = hearer

    def begin(self, onset: Onset) -> None: ...

    def hear(self, hop: Hop, voice: Voice | None) -> None:
        self.now = voice.now if voice is not None else self.now

    def abandon(self) -> None: ...


class Talk:
    """A speaker of noise, of which no two hops are the same: any sound of theirs can be found."""

    def __init__(self) -> None:
        self.script = Script()
        self.passages: list[Passage] = []
        self._loud, self.sure = False, True
        self._noise = np.random.default_rng(7)
        self.said: list[np.ndarray] = []
        self.speaker = Speaker(
            self.script,
            lambda window: (0.95 if self.sure else 0.6) if self._loud else 0.02,
            language="en",
            told=lambda clause: None,
            numbers=itertools.count(1).__next__,
        )
        self.quiet(1.0)

    async def begin(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self.speaker.start(tasks)
        self.speaker.witnessed_by(Passages(self.passages.append))

    def speak(self, seconds: float, text: str = "") -> None:
        """Say something; the recogniser knows it as soon as it is over."""
        self._loud = True
        self._push(seconds, 3000)
        self._loud = False
        if text:
            upto = self.script.now
            self._push(0.15, 10)
            self.script.hearer.words(Words(text, upto))

    def quiet(self, seconds: float) -> None:
        self._loud = False
        self._push(seconds, 10)

    def _push(self, seconds: float, level: float) -> None:
        for _ in range(round(seconds / HOP_S)):
            pcm = (self._noise.standard_normal(HOP) * level).astype(np.int16)
            self.said.append(pcm)
            self.speaker.hear(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, HOP))

    def sound_of(self, passage: Passage) -> tuple[float, float]:
        """Where in all that was said the sound of a passage is, seconds; it is there whole."""
        whole = np.concatenate(self.said)
        size = len(passage.pcm)
        for at in range(0, len(whole) - size + 1, HOP):
            if np.array_equal(whole[at : at + size], passage.pcm):
                return at / RATE_HZ, (at + size) / RATE_HZ
        raise AssertionError("no such sound was said")


@pytest.fixture
async def talk() -> Talk:
    talk = Talk()
    await talk.begin()
    return talk


async def test_a_pause_and_the_end_give_the_words_of_exactly_their_sound(talk: Talk) -> None:
    talk.speak(2.0, "one two")
    talk.quiet(0.25)
    talk.speak(1.0, "one two three")
    talk.quiet(1.0)
    upto_pause, *_, whole = talk.passages
    assert (upto_pause.text, upto_pause.whole) == ("one two", False)
    assert (whole.text, whole.whole, whole.clear) == ("one two three", True, True)
    # Voice from 1.0 to 3.0 and from 3.4 to 4.4 s, and a fifth of a second around it.
    begin, end = talk.sound_of(upto_pause)
    assert begin == pytest.approx(0.8, abs=0.11)
    assert end == pytest.approx(3.2, abs=0.11)
    begin, end = talk.sound_of(whole)
    assert begin == pytest.approx(0.8, abs=0.11)
    assert end == pytest.approx(4.6, abs=0.11)


async def test_utterances_are_apart_and_know_when_they_were(talk: Talk) -> None:
    talk.speak(1.0, "one")
    talk.quiet(2.0)
    talk.speak(1.0, "two")
    talk.quiet(1.0)
    one, two = (passage for passage in talk.passages if passage.whole)
    assert (one.text, two.text) == ("one", "two")
    assert two.begin_s - one.end_s == pytest.approx(2.15, abs=0.1)
    assert talk.sound_of(two)[0] > talk.sound_of(one)[1]


async def test_while_somebody_speaks_nothing_is_told(talk: Talk) -> None:
    talk.speak(1.0)
    talk.script.hearer.words(Words("one", talk.script.now))
    talk.speak(1.0)
    assert talk.passages == []


async def test_lost_words_make_an_unclear_passage(talk: Talk) -> None:
    talk.speak(1.0)
    talk.script.hearer.unheard(talk.script.now, RuntimeError())
    talk.quiet(1.0)
    [passage] = talk.passages
    assert (passage.text, passage.whole, passage.clear) == ("", True, False)


async def test_what_may_be_no_speech_is_unclear(talk: Talk) -> None:
    talk.sure = False
    talk.speak(1.0, "one")
    talk.quiet(1.0)
    assert [p.clear for p in talk.passages if p.whole] == [False]


async def test_mostly_silence_is_unclear(talk: Talk) -> None:
    talk.speak(0.3)
    talk.quiet(0.6)
    talk.speak(0.3)
    talk.quiet(0.6)
    talk.speak(0.3, "well well well")
    talk.quiet(1.0)
    assert [p.clear for p in talk.passages if p.whole] == [False]


async def test_an_utterance_in_progress_is_not_told_when_it_begins_to_be_witnessed() -> None:
    talk = Talk()
    await talk.begin()
    talk.speaker.witnessed_by(None)
    talk.speak(0.5)
    talk.speaker.witnessed_by(Passages(talk.passages.append))
    talk.speak(0.5, "one")
    talk.quiet(1.0)
    assert talk.passages == []
    talk.speak(0.5, "two")
    talk.quiet(1.0)
    assert [p.text for p in talk.passages if p.whole] == ["two"]


async def test_who_witnesses_no_more_is_told_nothing_more(talk: Talk) -> None:
    talk.speak(0.5)
    talk.speaker.witnessed_by(None)
    talk.speak(0.5, "one")
    talk.quiet(1.0)
    assert talk.passages == []
