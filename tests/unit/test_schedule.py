"""When a recognition is asked for, on scripted levels and times."""

import pytest

from agent.hearing.ear import HOP_S
from agent.turns.schedule import Eagerness, Schedule

LOUD_DB, FALLEN_DB = -20.0, -30.0
EAGERNESS: tuple[Eagerness, ...] = ("eager", "pauses", "patient")


class Voice:
    """Speaks steadily and falls for the last 50 ms of every 200."""

    def __init__(self, schedule: Schedule, *, over_agent: bool = False) -> None:
        self.schedule = schedule
        self.now = 0.0
        self.asked: list[float] = []
        schedule.begin(0.0, over_agent=over_agent)

    def speaks(
        self,
        for_s: float,
        *,
        falls: bool = True,
        over_agent: bool = False,
        answer_takes_s: float = 0.1,
        fallen_db: float = FALLEN_DB,
    ) -> None:
        in_flight_until = -1.0
        for _ in range(round(for_s / HOP_S)):
            self.now += HOP_S
            fallen = falls and round(self.now / HOP_S) % 20 >= 15
            self.schedule.heard(fallen_db if fallen else LOUD_DB)
            due = self.schedule.rolling_due(
                self.now,
                voiced=True,
                in_flight=int(self.now < in_flight_until),
                over_agent=over_agent,
            )
            if due:
                self.schedule.began(self.now)
                self.schedule.answered(answer_takes_s, alone=True)
                self.asked.append(self.now)
                in_flight_until = self.now + answer_takes_s

    @property
    def intervals(self) -> list[float]:
        return [later - one for one, later in zip(self.asked, self.asked[1:], strict=False)]


def test_nothing_is_asked_before_an_utterance_can_have_ended() -> None:
    voice = Voice(Schedule())
    voice.speaks(3.0)
    assert 0.5 <= voice.asked[0] <= 1.5


def test_words_over_the_agent_are_asked_for_sooner_and_once() -> None:
    alone, over_agent = Voice(Schedule()), Voice(Schedule())
    alone.speaks(3.0)
    over_agent.speaks(3.0, over_agent=True)
    assert over_agent.asked[0] < alone.asked[0]
    assert len(over_agent.asked) == 1


def test_a_word_over_the_agent_that_does_not_fall_is_asked_about_all_the_same() -> None:
    slow = Voice(Schedule())
    slow.speaks(1.0, falls=False, over_agent=True)
    assert slow.asked == pytest.approx([0.37])


@pytest.mark.parametrize(("asked_at", "more"), [(0.25, [0.37]), (0.32, [])])
def test_what_was_asked_about_in_a_consonant_is_asked_about_with_its_vowel(
    asked_at: float, more: list[float]
) -> None:
    okay = Voice(Schedule())
    okay.schedule.began(asked_at)
    okay.speaks(1.0, falls=False, over_agent=True)
    assert okay.asked == pytest.approx(more)


def test_a_steady_voice_is_not_about_to_end() -> None:
    voice = Voice(Schedule())
    voice.speaks(3.0, falls=False)
    assert not voice.asked


def test_requests_come_at_dips_a_few_a_second_and_then_less_often() -> None:
    voice = Voice(Schedule())
    voice.speaks(30.0)
    assert all(0.15 <= interval <= 0.6 for interval in voice.intervals[:3])
    assert all(1.9 <= interval <= 3.5 for interval in voice.intervals[-3:])
    assert len(voice.asked) < 30


def test_after_words_that_cannot_be_the_last_another_one_is_waited_for() -> None:
    schedule = Schedule()
    voice = Voice(schedule)
    voice.speaks(1.9, falls=False)
    schedule.heard(FALLEN_DB)
    schedule.heard(FALLEN_DB)
    schedule.heard(FALLEN_DB)
    for open_s, due in ((0.2, False), (0.6, True), (None, True)):
        asked = schedule.rolling_due(2.0, voiced=True, in_flight=0, over_agent=False, open_s=open_s)
        assert asked is due


def test_after_a_pause_the_end_is_near_again() -> None:
    schedule = Schedule()
    voice = Voice(schedule)
    voice.speaks(6.0)
    asked, went_on = len(voice.asked), voice.now + 0.5
    schedule.resumed(went_on)
    voice.now = went_on
    voice.speaks(2.0)
    first = voice.asked[asked] - went_on
    assert first == pytest.approx(1.05, abs=0.1)


def test_after_a_pause_only_a_fall_as_deep_as_the_others_may_be_the_end() -> None:
    voice = Voice(Schedule())
    voice.speaks(3.0, fallen_db=LOUD_DB - 30)
    before = len(voice.asked)
    voice.speaks(1.0, fallen_db=LOUD_DB - 10)
    assert len(voice.asked) > before, "who has not paused may end at any fall"
    voice.schedule.resumed(voice.now)
    before = len(voice.asked)
    voice.speaks(2.0, fallen_db=LOUD_DB - 10)
    assert len(voice.asked) == before
    voice.speaks(1.0, fallen_db=LOUD_DB - 30)
    assert len(voice.asked) > before


def test_who_took_the_floor_with_a_word_is_asked_about_sooner_after_it() -> None:
    firsts = []
    for over_agent in (True, False):
        voice = Voice(Schedule(), over_agent=over_agent)
        voice.schedule.resumed(0.0)
        voice.speaks(2.0)
        firsts.append(voice.asked[0])
    assert firsts[0] < firsts[1]


def test_a_turn_that_took_the_floor_or_paused_is_asked_about_less_often() -> None:
    plain, took_floor, paused = (
        Voice(Schedule()), Voice(Schedule(), over_agent=True), Voice(Schedule())
    )  # fmt: skip
    paused.schedule.resumed(0.0)
    for voice in (plain, took_floor, paused):
        voice.speaks(3.0)
    assert min(plain.intervals) < 0.25
    assert min(took_floor.intervals) >= 0.3
    assert min(paused.intervals) >= 0.3
    assert took_floor.asked[0] > plain.asked[0]


def test_a_slow_recogniser_is_asked_less_often() -> None:
    fast, slow = Voice(Schedule()), Voice(Schedule())
    fast.speaks(6.0, answer_takes_s=0.1)
    slow.speaks(6.0, answer_takes_s=1.5)
    assert len(slow.asked) < len(fast.asked)


def test_a_new_turn_begins_anew() -> None:
    schedule = Schedule()
    voice = Voice(schedule)
    voice.speaks(10.0)
    asked = len(voice.asked)
    schedule.begin(voice.now)
    began = voice.now
    voice.speaks(2.0)
    assert voice.asked[asked] - began == pytest.approx(voice.asked[0], abs=0.2)


def test_a_piece_of_a_long_turn_does_not() -> None:
    schedule = Schedule()
    voice = Voice(schedule)
    for _ in range(3):
        voice.speaks(24.0)
        schedule.next_piece(voice.now)
    assert len(voice.asked) <= voice.now / 2
    schedule.begin(voice.now)
    before = len(voice.asked)
    voice.speaks(3.0)
    fresh = Voice(Schedule())
    fresh.speaks(3.0)
    assert len(voice.asked) - before == pytest.approx(len(fresh.asked), abs=1)


def test_few_requests_at_a_time_and_only_while_there_is_voice() -> None:
    schedule = Schedule()
    schedule.begin(0.0)
    for n in range(200):
        schedule.heard(LOUD_DB if n < 190 else FALLEN_DB)
    assert schedule.rolling_due(2.0, voiced=True, in_flight=0, over_agent=False)
    assert not schedule.rolling_due(2.0, voiced=True, in_flight=3, over_agent=False)
    assert not schedule.rolling_due(2.0, voiced=False, in_flight=0, over_agent=False)


def silence_needed_s(
    eagerness: Eagerness,
    *,
    missing_s: float,
    after_s: float = 2.0,
    over_agent: bool = False,
    resumed_s: float | None = None,
) -> float:
    schedule = Schedule(eagerness)
    schedule.begin(0.0)
    if resumed_s is not None:
        schedule.resumed(resumed_s)
    return next(
        silence_s
        for silence_s in (n * HOP_S for n in range(100))
        if schedule.exact_due(
            after_s + silence_s, silence_s, missing_s=missing_s, over_agent=over_agent
        )
    )


def test_the_more_eager_the_shorter_a_silence_is_worth_a_request() -> None:
    eager, pauses, patient = (silence_needed_s(eagerness, missing_s=1.0) for eagerness in EAGERNESS)
    assert 0.03 <= eager < pauses < patient
    assert pauses <= 0.2, "shorter than the pauses inside sentences"
    assert 0.3 <= patient <= 0.5, "longer than most of them"


def test_a_request_in_flight_that_lacks_little_may_do() -> None:
    assert silence_needed_s("eager", missing_s=0.05) > silence_needed_s("eager", missing_s=1.0)


def test_a_silence_at_the_first_word_is_not_at_once_an_end() -> None:
    first = silence_needed_s("eager", missing_s=0.3, after_s=0.3)
    early = silence_needed_s("eager", missing_s=0.3, after_s=0.8)
    assert first > early > silence_needed_s("eager", missing_s=0.3)
    hurried = silence_needed_s("eager", missing_s=0.3, after_s=0.3, over_agent=True)
    assert hurried < first, "the agent waits, silent, to know what it was"


def test_a_silence_soon_after_a_pause_is_not_at_once_an_end() -> None:
    soon = silence_needed_s("eager", missing_s=0.3, after_s=4.0, resumed_s=3.5)
    later = silence_needed_s("eager", missing_s=0.3, after_s=4.0, resumed_s=2.0)
    assert soon > later


@pytest.mark.parametrize(
    ("eagerness", "rolling"), [("eager", True), ("pauses", False), ("patient", False)]
)
def test_only_the_eager_one_asks_while_the_voice_goes_on(
    eagerness: Eagerness, rolling: bool
) -> None:
    voice = Voice(Schedule(eagerness))
    voice.speaks(5.0)
    assert bool(voice.asked) is rolling
