"""A real voice, loud and faint, before the real ear and turn taker."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from livekit import rtc
from numpy.typing import NDArray

from agent.hearing.ear import HOP, HOP_S, RATE_HZ, Ear, Probability, load_detector
from agent.options.turns import TurnOptions
from agent.turns.actions import Attend, Ended, Stop
from agent.turns.asking import Abandon, Asking, Recognise
from agent.turns.recogniser import Words
from agent.turns.schedule import Schedule
from agent.turns.turn_taker import TurnTaker
from testbed.speech import say

pytestmark = pytest.mark.timeout(60)

SENTENCE = "Could you tell me when the next train to Boston leaves, please?"
BEFORE_S, AFTER_S, ANSWER_S = 1.0, 1.6, 0.25


@dataclass
class Heard:
    """Seconds; `stopped` and `ended` since the voice began."""

    turns: int
    longest_s: float
    """Of the audio of a request."""
    ended: float
    stopped: float | None


@pytest.fixture(scope="module")
def detector() -> Callable[[], Probability]:
    return load_detector()


@functools.cache
def speech() -> NDArray[np.float32]:
    """At an RMS of 1 where there is voice."""
    spoken = say(SENTENCE, rate_hz=RATE_HZ)
    energies = (spoken[: len(spoken) // HOP * HOP].reshape(-1, HOP) ** 2).mean(axis=1)
    loud = energies > energies.max() / 1000
    return np.asarray(spoken / np.sqrt(energies[loud].mean()), np.float32)


def hears(ear: Ear, level_db: float, floor_db: float, *, over_agent: bool = False) -> Heard:
    before, after = round(BEFORE_S * RATE_HZ), round(AFTER_S * RATE_HZ)
    samples = np.pad(speech() * 10 ** (level_db / 20), (before, after))
    samples += np.random.default_rng(1).standard_normal(len(samples)) * 10 ** (floor_db / 20)
    pcm = np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)
    taker, asking = TurnTaker(TurnOptions()), Asking(Schedule())
    playing, stopped = over_agent, None
    ends: list[float] = []
    lengths: list[float] = []
    answers: dict[int, float] = {}
    for start in range(0, len(pcm) - HOP + 1, HOP):
        part = pcm[start : start + HOP]
        for hop in ear.push(rtc.AudioFrame(part.tobytes(), RATE_HZ, 1, HOP)):
            actions = taker.step(hop, playing=playing, busy=playing)
            for number in [number for number, due in answers.items() if due <= taker.now]:
                del answers[number]
                known = asking.answered(number, "It is whole.")
                actions += taker.words(Words(*known)) if known is not None else []
            for action in actions:
                match action:
                    case Attend(onset):
                        asking.begin(onset)
                    case Stop():
                        playing, stopped = False, taker.now - BEFORE_S
                    case Ended():
                        ends.append(taker.now - BEFORE_S)
                    case _:
                        pass
            voice = taker.voice
            for request in asking.hear(hop, voice) if voice else asking.abandon():
                match request:
                    case Recognise(number, audio):
                        answers[number] = taker.now + ANSWER_S
                        lengths.append(len(audio) / RATE_HZ)
                    case Abandon(number):
                        answers.pop(number, None)
    return Heard(len(ends), max(lengths, default=0.0), ends[-1] if ends else 0.0, stopped)


@pytest.mark.parametrize(
    ("level_db", "floor_db"),
    [(-40, -75), (-46, -75), (-52, -75), (-55, -75), (-46, -65), (-40, -60), (-30, -55)],
)
def test_a_faint_sentence_is_one_turn_that_ends_when_a_loud_one_does(
    detector: Callable[[], Probability], level_db: float, floor_db: float
) -> None:
    loud = hears(Ear(detector()), -20, -75)
    faint = hears(Ear(detector()), level_db, floor_db)
    assert (loud.turns, faint.turns) == (1, 1)
    assert faint.ended == pytest.approx(loud.ended, abs=5 * HOP_S)
    assert faint.longest_s == pytest.approx(loud.longest_s, abs=0.2), "first and last words"


def test_a_faint_voice_takes_the_floor_as_a_loud_one_does(
    detector: Callable[[], Probability],
) -> None:
    loud = hears(Ear(detector()), -20, -75, over_agent=True)
    faint = hears(Ear(detector()), -48, -75, over_agent=True)
    assert loud.stopped is not None
    assert faint.stopped is not None
    assert faint.stopped <= loud.stopped + 0.2
