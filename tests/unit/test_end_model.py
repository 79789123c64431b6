"""The end-of-turn model: what it is asked, what its answer changes, and the real one."""

import numpy as np
import pytest

from agent.hearing.end_model import EndModel, centred, load_end_model
from agent.turns.actions import AskEnd, Ended
from testbed.speech import say
from tests.fakes.talk import Talk

QUESTION = "What is the weather like today?"
RATE_HZ = 16000


def waited_s(words: str, end_probability: float | None) -> float:
    talk = Talk(end_probability=end_probability)
    talk.says(words, 1.5)
    talk.is_silent(3.0)
    return talk.at(Ended) - 1.5


def test_a_voice_that_sounds_finished_is_answered_sooner_and_one_that_does_not_later() -> None:
    words = "Tell me about the weather"
    sure, unsure, not_at_all = (waited_s(words, p) for p in (1.0, 0.5, 0.0))
    assert sure < unsure < not_at_all
    assert unsure == pytest.approx(waited_s(words, None), abs=0.01)


def test_words_that_cannot_be_the_last_are_waited_for_unless_the_voice_is_sure() -> None:
    words = "I would like to"
    sure, unsure, alone = (waited_s(words, p) for p in (1.0, 0.5, None))
    assert sure < unsure == alone


def test_it_is_asked_once_a_pause_about_the_newest_voice() -> None:
    talk = Talk(end_probability=0.5)
    talk.says("Could you tell me please", 2.0)
    talk.is_silent(0.3)
    talk.says("how old you are?", 1.0)
    talk.is_silent(3.0)
    asked = [action for action in talk.actions(AskEnd) if isinstance(action, AskEnd)]
    assert [round(one.pause, 2) for one in asked] == pytest.approx([2.0, 3.3], abs=0.03)
    assert all(len(one.pcm) == 1.2 * RATE_HZ for one in asked)


def test_an_opinion_about_a_pause_that_is_over_counts_for_nothing() -> None:
    talk = Talk(end_probability=0.5)
    talk.says("Could you tell me please", 2.0)
    talk.is_silent(0.3)
    (asked,) = talk.actions(AskEnd)
    assert isinstance(asked, AskEnd)
    talk.says(QUESTION, 1.5)
    talk.taker.judged(asked.pause, 1.0)
    talk.is_silent(0.19)
    talk.is_silent(3.0)
    assert talk.at(Ended) == pytest.approx(3.8 + waited_s(QUESTION, 0.5), abs=0.03)


def test_a_threshold_becomes_one_half() -> None:
    assert [centred(p, 0.36) for p in (0.0, 0.18, 0.36, 1.0)] == [0.0, 0.25, 0.5, 1.0]


@pytest.fixture(scope="module")
def model() -> EndModel:
    return load_end_model()


def test_the_real_one_hears_the_end_of_a_sentence(model: EndModel) -> None:
    def heard(text: str) -> float:
        pcm = np.concatenate([say(text, rate_hz=RATE_HZ), np.zeros(RATE_HZ // 5, np.float32)])
        probability = model((pcm * 32767).astype(np.int16), "en-US")
        assert probability is not None
        assert 0 <= probability <= 1
        return probability

    assert heard("How do I start the demo?") > heard("I would like to book a table for")


def test_a_language_that_it_does_not_know_is_left_to_the_words(model: EndModel) -> None:
    pcm = np.zeros(RATE_HZ, np.int16)
    assert model(pcm, "sw") is None
    assert model(pcm, "") is None
    assert model(pcm, "zh-CN") is not None
    assert model(np.zeros(0, np.int16), "en") is None
