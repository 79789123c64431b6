"""When a recognition is asked for, on scripted levels and times: what a person would notice."""

from dataclasses import fields, replace

import pytest

from agent.hearing.ear import HOP_S
from agent.turns.schedule import Eagerness, Schedule
from agent.turns.tempo import TEMPO, Tempo

LOUD_DB, BETWEEN_WORDS_DB, ENDING_DB, BACKGROUND_DB = -20.0, -30.0, -50.0, -65.0
EAGERNESS: tuple[Eagerness, ...] = ("eager", "pauses", "patient")


class Voice:
    """Speaks steadily; every 0.2 s its level falls for 50 ms."""

    def __init__(self, schedule: Schedule, *, over_agent: bool = False) -> None:
        self.schedule = schedule
        self.now = 0.0
        self.asked: list[float] = []
        self.answered_at: float | None = None
        schedule.begin(0.0, over_agent=over_agent)

    def speaks(
        self,
        for_s: float,
        *,
        falls_to_db: float = ENDING_DB,
        over_agent: bool = False,
        answer_takes_s: float = 0.1,
    ) -> None:
        for _ in range(round(for_s / HOP_S)):
            self.now += HOP_S
            fallen = round(self.now / HOP_S) % 20 >= 15
            self.schedule.heard(falls_to_db if fallen else LOUD_DB, BACKGROUND_DB)
            if self.answered_at is not None and self.now >= self.answered_at:
                self.schedule.answered(answer_takes_s, alone=True)
                self.answered_at = None
            if self.schedule.rolling_due(
                self.now,
                voiced=True,
                in_flight=int(self.answered_at is not None),
                over_agent=over_agent,
            ):
                self.schedule.began(self.now)
                self.asked.append(self.now)
                self.answered_at = self.now + answer_takes_s

    def pauses(self, for_s: float) -> None:
        self.now += for_s
        self.schedule.resumed(self.now)


def spoke(for_s: float, schedule: Schedule | None = None, **how: float) -> list[float]:
    """When a voice was asked about while it went on."""
    voice = Voice(schedule or Schedule())
    voice.speaks(for_s, **how)
    return voice.asked


def silence_asked_about_s(schedule: Schedule, *, over_agent: bool = False) -> float:
    """The shortest silence in which all words are asked for."""
    return next(
        n * HOP_S for n in range(200) if schedule.exact_due(n * HOP_S, over_agent=over_agent)
    )


def test_a_voice_that_may_be_ending_is_asked_about_while_it_still_sounds() -> None:
    assert spoke(3.0)


def test_what_falls_no_deeper_than_between_words_is_not_asked_about() -> None:
    assert not spoke(30.0, falls_to_db=BETWEEN_WORDS_DB)


def test_an_answer_is_awaited_before_the_next_question() -> None:
    asked = spoke(6.0, answer_takes_s=1.5)
    assert all(later - one >= 1.5 for one, later in zip(asked, asked[1:], strict=False))


def test_a_sentence_costs_a_few_requests_and_a_long_turn_not_many_more() -> None:
    sentence, monologue = spoke(3.0), spoke(70.0)
    assert len(sentence) <= 10
    assert len(monologue) <= 35, "one in two seconds"


def test_what_a_turn_has_cost_makes_the_next_silence_count_later_but_not_never() -> None:
    schedule = Schedule()
    fresh = silence_asked_about_s(schedule)
    spoke(3.0, schedule)
    spent = silence_asked_about_s(schedule)
    Voice(schedule).speaks(0.1)
    again = silence_asked_about_s(schedule)
    spoke(70.0, schedule)
    assert fresh < spent
    assert again == fresh, "a new turn begins anew"
    assert silence_asked_about_s(schedule) <= 0.5


def test_a_piece_of_a_long_turn_goes_on_from_what_the_turn_has_cost() -> None:
    whole, pieces = Voice(Schedule()), Voice(Schedule())
    for _ in range(3):
        whole.speaks(24.0)
        pieces.speaks(24.0)
        pieces.schedule.next_piece(pieces.now)
    assert len(pieces.asked) <= len(whole.asked) + 1


def test_after_a_pause_the_end_is_near_sooner_than_at_the_beginning() -> None:
    voice = Voice(Schedule())
    voice.speaks(2.0)
    before = len(voice.asked)
    voice.pauses(0.7)
    went_on = voice.now
    voice.speaks(2.0)
    assert 0.3 < voice.asked[before] - went_on < voice.asked[0]


class TestOverTheAgent:
    """The agent waits, silent, to know what a sound is."""

    def test_its_words_are_asked_for_sooner_and_once(self) -> None:
        voice = Voice(Schedule(), over_agent=True)
        voice.speaks(3.0, over_agent=True)
        assert len(voice.asked) == 1
        assert voice.asked[0] < spoke(3.0)[0]

    def test_a_word_said_slowly_is_asked_about_though_it_does_not_fall(self) -> None:
        voice = Voice(Schedule(), over_agent=True)
        voice.speaks(1.0, falls_to_db=LOUD_DB, over_agent=True)
        assert len(voice.asked) == 1

    def test_what_was_asked_about_in_a_consonant_is_asked_about_with_its_vowel(self) -> None:
        okay = Voice(Schedule(), over_agent=True)
        okay.schedule.began(0.2)
        okay.speaks(1.0, falls_to_db=LOUD_DB, over_agent=True)
        assert len(okay.asked) == 1

    def test_what_goes_on_after_a_sign_of_listening_is_asked_about_again(self) -> None:
        schedule = Schedule()
        schedule.begin(0.0, over_agent=True)
        schedule.began(0.4)
        due = [
            schedule.rolling_due(at, voiced=True, in_flight=0, over_agent=True, listening=listening)
            for at in (0.45, 0.9)
            for listening in (True, False)
        ]
        assert due == [False, False, True, False]


@pytest.mark.parametrize("eagerness", EAGERNESS)
def test_only_the_eager_one_asks_while_the_voice_goes_on(eagerness: Eagerness) -> None:
    assert bool(spoke(5.0, Schedule(eagerness))) is (eagerness == "eager")


def test_the_more_eager_the_shorter_a_silence_is_worth_a_request() -> None:
    eager, pauses, patient = (silence_asked_about_s(Schedule(e)) for e in EAGERNESS)
    assert eager < pauses < patient


def test_an_engine_that_works_on_in_vain_is_asked_in_silences_alone() -> None:
    schedule = Schedule(cancels=False)
    assert not spoke(30.0, schedule)
    assert silence_asked_about_s(schedule) == silence_asked_about_s(Schedule())


@pytest.mark.parametrize("name", [field.name for field in fields(Tempo)])
def test_the_table_holds_numbers_that_somebody_can_vary(name: str) -> None:
    value = getattr(TEMPO, name)
    assert value > 0
    varied = Schedule(tempo=replace(TEMPO, **{name: value * 1.3}))
    assert len(spoke(70.0, varied)) <= 60
