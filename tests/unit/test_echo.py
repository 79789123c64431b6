"""The agent's own voice, back from a loudspeaker, is told from everybody else's."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.turns.echo import is_echo, likeness
from agent.turns.echo_watch import EchoWatch
from tests.fakes.speech import say

PLAYED_HZ = 24000
HEARD_HZ = 16000
WINDOW_S = 0.12
REPLY = "Certainly, that is easy to explain. You may interrupt me whenever you like."
CALLER = "Wait, I have another question about it."

Pcm = NDArray[np.float32]


def in_a_room(voice: Pcm, rate_hz: int) -> Pcm:
    """Through a loudspeaker, ten reflections and a microphone with a little noise, 20 dB down."""
    random = np.random.default_rng(5)
    room = np.zeros(round(0.1 * rate_hz))
    room[0] = 1.0
    for n in range(1, 11):
        at = round(float(random.uniform(0.002, 0.1)) * rate_hz) - 1
        room[at] += 0.5 * np.exp(-n / 4) * (-1) ** n
    echo = np.convolve(voice, room)[: len(voice)] * 0.1
    return (echo + random.standard_normal(len(echo)) * 1e-3).astype(np.float32)


def s16(pcm: Pcm) -> NDArray[np.int16]:
    return (np.clip(pcm, -1, 1) * 32767).astype(np.int16)


def window(pcm: NDArray[np.int16], at_s: float) -> NDArray[np.int16]:
    return pcm[round(at_s * HEARD_HZ) : round((at_s + WINDOW_S) * HEARD_HZ)]


@pytest.fixture(scope="module")
def played() -> NDArray[np.int16]:
    return s16(say(REPLY, rate_hz=PLAYED_HZ))


@pytest.fixture(scope="module")
def echo() -> Pcm:
    return in_a_room(say(REPLY, rate_hz=HEARD_HZ), HEARD_HZ)


def until(played: NDArray[np.int16], now_s: float) -> NDArray[np.int16]:
    return played[max(0, round((now_s - 1.2) * PLAYED_HZ)) : round(now_s * PLAYED_HZ)]


LOUD_PLACES_S = (0.3, 0.8, 1.1, 2.0, 2.6)
LATE_S = (0.1, 0.25, 0.5)


@pytest.mark.parametrize("late_s", LATE_S)
def test_an_echo_is_known_however_late_it_comes(
    played: NDArray[np.int16], echo: Pcm, late_s: float
) -> None:
    for at_s in LOUD_PLACES_S:
        now_s = at_s + WINDOW_S + late_s
        assert is_echo(window(s16(echo), at_s), until(played, now_s), PLAYED_HZ), at_s


def test_another_voice_is_no_echo_with_or_without_one_below_it(
    played: NDArray[np.int16], echo: Pcm
) -> None:
    caller = say(CALLER, rate_hz=HEARD_HZ)
    both = caller.copy()
    both[: len(echo)] += echo[: len(both)]
    for at_s in np.arange(0.2, 1.8, 0.1):
        now_s = float(at_s) + WINDOW_S + 0.2
        for heard in (s16(caller), s16(both)):
            own, other = window(s16(caller), float(at_s)), window(s16(echo), float(at_s))
            if np.abs(own).max() < 3 * np.abs(other).max():
                continue  # the caller pauses
            assert not is_echo(window(heard, float(at_s)), until(played, now_s), PLAYED_HZ)


def test_noises_and_silence_are_no_echo(played: NDArray[np.int16]) -> None:
    random = np.random.default_rng(2)
    size = round(WINDOW_S * HEARD_HZ)
    cough = random.standard_normal(size) * np.exp(-np.arange(size) / 600) * 0.3
    for heard in (cough, np.zeros(size), random.standard_normal(size) * 0.05):
        assert not is_echo(s16(heard.astype(np.float32)), until(played, 1.5), PLAYED_HZ)


def test_without_anything_played_there_is_no_echo(echo: Pcm) -> None:
    heard = window(s16(echo), 0.5)
    for nothing in (np.zeros(0, np.int16), np.zeros(PLAYED_HZ, np.int16), np.ones(3, np.int16)):
        assert likeness(heard, nothing, PLAYED_HZ) == 0.0


HOP = np.ones(160, np.int16)


class TestWatch:
    def test_it_is_first_asked_when_there_is_enough_to_compare(self) -> None:
        asked: list[int] = []
        watch = EchoWatch(lambda heard: bool(asked.append(len(heard))))
        for n in range(1, 60):
            watch.heard([HOP] * (n + 2), n / 100, held_s=n / 100)
        assert asked
        assert set(asked) == {1920}
        assert len(asked) <= 10, "every 50 ms for half a second"

    def test_nothing_is_expected_until_an_echo_was_heard(self) -> None:
        watch = EchoWatch(lambda heard: True)
        assert not watch.expected([HOP] * 50, 1.0)
        assert watch.heard([HOP] * 50, 2.0, held_s=0.2)
        assert watch.expected([HOP] * 50, 3.0)

    def test_a_caller_over_the_echo_is_heard_within_a_tenth_of_a_second(self) -> None:
        echo = True
        watch = EchoWatch(lambda heard: echo)
        assert watch.heard([HOP] * 50, 1.0, held_s=0.2)
        assert watch.expected([HOP] * 50, 1.06)
        echo = False
        answers = [watch.expected([HOP] * 50, 1.06 + n / 100) for n in range(1, 30)]
        assert answers.index(False) <= 12
        assert not any(answers[answers.index(False) :])

    def test_one_look_between_two_words_changes_nothing(self) -> None:
        looks = iter([True, True, False, True, True])
        watch = EchoWatch(lambda heard: next(looks))
        assert watch.heard([HOP] * 50, 1.0, held_s=0.2)
        assert all(watch.expected([HOP] * 50, 1.0 + 0.055 * n) for n in range(1, 5))
