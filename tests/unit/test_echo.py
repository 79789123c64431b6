"""The agent's own voice, back from a loudspeaker, is told from everybody else's."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.hearing.echo import Match, match
from agent.hearing.echo_watch import EchoWatch, Origin
from agent.turns.actions import Began, Ended, GoOn, Hold, Stop
from testbed.loudspeaker import PLAYED_HZ, Table, room, s16
from testbed.speech import say

pytestmark = pytest.mark.timeout(60)

HEARD_HZ = 16000
WINDOW_S = 0.12
ALIKE = 0.45
REPLY = "Certainly, that is easy to explain. You may interrupt me whenever you like."
REPLIES = (
    REPLY,
    "The handbook says that a turn is over when you have been silent for a while.",
    "Tomorrow morning there is a train at eight twenty from platform four.",
)
CALLER = "Wait, I have another question about it."

Pcm = NDArray[np.float32]


def window(pcm: NDArray[np.int16], at_s: float) -> NDArray[np.int16]:
    return pcm[round(at_s * HEARD_HZ) : round((at_s + WINDOW_S) * HEARD_HZ)]


@pytest.fixture(scope="module")
def played() -> NDArray[np.int16]:
    return s16(say(REPLY, rate_hz=PLAYED_HZ))


@pytest.fixture(scope="module")
def echo() -> Pcm:
    """Through a room, with a little noise."""
    voice = say(REPLY, rate_hz=HEARD_HZ)
    back = np.convolve(voice, room(HEARD_HZ))[: len(voice)]
    noise = np.random.default_rng(5).standard_normal(len(back)) * 1e-3
    return (back + noise).astype(np.float32)


def until(played: NDArray[np.int16], now_s: float) -> NDArray[np.int16]:
    return played[max(0, round((now_s - 1.2) * PLAYED_HZ)) : round(now_s * PLAYED_HZ)]


LOUD_PLACES_S = (0.3, 0.8, 1.1, 2.0, 2.6)
LATE_S = (0.1, 0.25, 0.5)


@pytest.mark.parametrize("late_s", LATE_S)
def test_an_echo_is_found_however_late_it_comes(
    played: NDArray[np.int16], echo: Pcm, late_s: float
) -> None:
    for at_s in LOUD_PLACES_S:
        now_s = at_s + WINDOW_S + late_s
        found = match(window(s16(echo), at_s), until(played, now_s), PLAYED_HZ)
        assert found.likeness > ALIKE, at_s
        assert found.late_s == pytest.approx(late_s, abs=0.002), at_s


def test_noises_and_silence_are_like_nothing(played: NDArray[np.int16]) -> None:
    random = np.random.default_rng(2)
    size = round(WINDOW_S * HEARD_HZ)
    cough = random.standard_normal(size) * np.exp(-np.arange(size) / 600) * 0.3
    for heard in (cough, np.zeros(size), random.standard_normal(size) * 0.05):
        assert match(s16(heard), until(played, 1.5), PLAYED_HZ).likeness < ALIKE


def test_nothing_is_found_where_nothing_was_played(echo: Pcm) -> None:
    heard = window(s16(echo), 0.5)
    for nothing in (np.zeros(0, np.int16), np.zeros(PLAYED_HZ, np.int16), np.ones(3, np.int16)):
        assert match(heard, nothing, PLAYED_HZ).likeness == 0.0


class TestLoudspeaker:
    """The real ear and turn taker in a room; the caller speaks with the agent's own voice."""

    @pytest.mark.parametrize("late_s", [0.15, 0.25, 0.4])
    @pytest.mark.parametrize("reply", REPLIES)
    def test_the_first_echo_holds_the_reply_for_a_moment_and_hardly_one_after_it(
        self, reply: str, late_s: float
    ) -> None:
        table = Table(say(reply, rate_hz=PLAYED_HZ), late_s)
        table.lasts(len(table.played) / PLAYED_HZ + 2.0)
        assert table.echoes, "it was not known"
        assert not {"Stop", "Began", "Ended"} & set(table.outline)
        first, *later = table.holds_s
        assert first < late_s + 0.2
        assert sum(later) < 0.3

    def places(self, *, late_s: float | None) -> Iterator[tuple[Table, float]]:
        """A caller over each place of each reply."""
        caller = say(CALLER, rate_hz=HEARD_HZ)
        onset_s = int(np.argmax(np.abs(caller) > 0.02)) / HEARD_HZ
        for reply in REPLIES:
            voice = say(reply, rate_hz=PLAYED_HZ)
            for at_s in np.arange(0.8, len(voice) / PLAYED_HZ - 0.6, 0.3):
                table = Table(voice, late_s)
                table.lasts(float(at_s) + 2.0, caller=caller, after_s=float(at_s) - onset_s)
                yield table, float(at_s)

    def test_a_caller_with_the_agents_own_voice_is_no_echo(self) -> None:
        suspects = 0
        for table, at_s in self.places(late_s=None):
            suspects += any(found.likeness >= ALIKE for found in table.looks)
            told = [action for _, action in table.log if isinstance(action, Hold | GoOn | Stop)]
            assert told == [Hold(), Stop()], at_s
        assert suspects, "too easy"

    def test_a_caller_over_an_echo_stops_it(self) -> None:
        for table, at_s in self.places(late_s=0.25):
            assert table.outline[-1] == "Stop"
            assert at_s < table.at(Stop) < at_s + 1.6
            assert table.at(Hold) < at_s + 0.8

    @pytest.mark.parametrize("late_s", [0.25, 0.4])
    def test_an_echo_after_the_first_word_does_not_take_it_back(self, late_s: float) -> None:
        """ "Wait," is over before the held reply's echo is."""
        for table, at_s in self.places(late_s=late_s):
            assert table.at(Hold) < at_s + 0.3
            assert table.at(Stop) < at_s + 1.4

    def test_the_end_of_an_echo_after_the_reply_is_no_turn(self) -> None:
        table = Table(say(REPLY, rate_hz=PLAYED_HZ), 0.4)
        table.lasts(len(table.played) / PLAYED_HZ + 3.0)
        assert table.log
        assert not any(isinstance(action, Began | Ended) for _, action in table.log)


HOP = np.ones(160, np.int16)
DELAY_S = 0.2


class Looks:
    """What was played stands still while it is held: an echo comes ever less late after it."""

    def __init__(self, likeness: float = 0.7, whole: float = 0.9, delay_s: float = DELAY_S) -> None:
        self.delay_s = delay_s
        self.likeness, self.whole = likeness, whole
        self.held_s: float | None = None
        self.sharpens_after_s = 9.0
        self.sizes: list[int] = []
        self.watch = EchoWatch(self.look)

    def look(self, heard: NDArray[np.int16]) -> Match:
        self.sizes.append(len(heard))
        if self.sizes[-1] > round(WINDOW_S * HEARD_HZ):
            return Match(self.whole, 0.0)
        if (self.held_s or 0.0) > self.sharpens_after_s:
            self.likeness = 0.85
        return Match(self.likeness, self.delay_s - (self.held_s or 0.0))

    def hold(self, *, sound_s: float, begin: float = 1.0, for_s: float = 0.6) -> list[Origin]:
        """A sound that ends `sound_s` after the reply was held; what is said of it each hop."""
        said: list[Origin] = []
        for n in range(1, round(for_s * 100)):
            self.held_s = n / 100
            quiet_s = max(0.0, self.held_s - sound_s)
            audio = [HOP] * (60 + n)
            told = self.watch.heard(audio, begin + n / 100, held_s=self.held_s, quiet_s=quiet_s)
            said.append(told)
            if told is Origin.ECHO:
                break
        self.held_s = None
        return said


class TestWatch:
    def test_it_is_first_asked_when_there_is_enough_to_compare(self) -> None:
        looks = Looks(likeness=0.1)
        said = looks.hold(sound_s=0.6)
        assert set(said) == {Origin.CALLER}
        assert set(looks.sizes) == {1920}
        assert len(looks.sizes) <= 10, "every 50 ms for half a second"

    def test_a_sound_that_ends_when_an_echo_would_is_one(self) -> None:
        looks = Looks()
        said = looks.hold(sound_s=DELAY_S)
        assert list(dict.fromkeys(said)) == [Origin.CALLER, Origin.UNSURE, Origin.ECHO]
        assert len(said) / 100 == pytest.approx(DELAY_S + 0.14, abs=0.02)

    def test_a_sound_that_goes_on_is_the_callers(self) -> None:
        looks = Looks()
        said = looks.hold(sound_s=1.0)
        assert Origin.ECHO not in said
        assert said.index(Origin.CALLER, said.index(Origin.UNSURE)) / 100 < DELAY_S + 0.13

    def test_a_sound_that_only_begins_like_an_echo_is_the_callers(self) -> None:
        looks = Looks(whole=0.2)
        said = looks.hold(sound_s=DELAY_S)
        assert Origin.UNSURE in said
        assert Origin.ECHO not in said

    @pytest.mark.parametrize("delay_s", [0.1, 0.5, 0.9])
    def test_what_is_nearly_the_same_is_known_at_the_first_look(self, delay_s: float) -> None:
        looks = Looks(likeness=0.85, delay_s=delay_s)
        said = looks.hold(sound_s=0.6)
        assert said[-1] is Origin.ECHO
        assert len(said) <= 6

    def test_a_suspect_is_looked_at_again(self) -> None:
        looks = Looks(likeness=0.45, delay_s=0.5)
        looks.sharpens_after_s = 0.15
        said = looks.hold(sound_s=0.6)
        assert said[-1] is Origin.ECHO
        assert len(said) <= 21

    def test_a_second_echo_of_nearly_the_same_delay_is_known_at_the_first_look(self) -> None:
        looks = Looks()
        looks.hold(sound_s=DELAY_S)
        assert len(looks.hold(sound_s=DELAY_S, begin=3.0)) <= 6

    def test_nothing_is_expected_until_an_echo_was_heard(self) -> None:
        looks = Looks()
        assert not looks.watch.expected([HOP] * 50, 0.5)
        looks.hold(sound_s=DELAY_S)
        assert looks.watch.expected([HOP] * 50, 3.0)

    def test_a_caller_over_the_echo_is_heard_within_a_tenth_of_a_second(self) -> None:
        looks = Looks()
        looks.hold(sound_s=DELAY_S)
        assert looks.watch.expected([HOP] * 50, 3.0)
        looks.likeness = 0.3
        answers = [looks.watch.expected([HOP] * 50, 3.0 + n / 100) for n in range(1, 30)]
        assert answers.index(False) <= 12
        assert not any(answers[answers.index(False) :])

    def test_one_look_between_two_words_changes_nothing(self) -> None:
        looks = Looks()
        looks.hold(sound_s=DELAY_S)
        for n, likeness in enumerate((0.7, 0.7, 0.3, 0.7, 0.7)):
            looks.likeness = likeness
            assert looks.watch.expected([HOP] * 50, 3.0 + 0.055 * n)
