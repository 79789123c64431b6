"""What becomes of a held reply, as a table."""

import pytest

from agent.options.turns import TurnOptions
from agent.turns.actions import Ended, GoOn, Hold, Stop
from agent.turns.barge_in import LONG_S, QUIET_S, Overlap, Verdict, judge
from tests.fakes.talk import Talk

ENOUGH_S = 3.0
"""Longer than any wait."""

SURE = 0.95
STOP, GO_ON, WAIT = Verdict.STOP, Verdict.GO_ON, Verdict.WAIT


@pytest.mark.parametrize(
    ("held_s", "voiced_s", "silence_s", "text", "complete", "verdict"),
    [
        # A noise: sound without speech in it, or almost none.
        (0.05, 0.00, 0.05, None, False, WAIT),
        (0.14, 0.00, 0.14, None, False, GO_ON),
        (0.14, 0.00, 0.00, None, False, GO_ON),
        (0.10, 0.05, 0.05, None, False, WAIT),
        (0.20, 0.05, 0.05, None, False, WAIT),
        (0.20, 0.05, 0.11, None, False, GO_ON),
        # A voice that goes on.
        (0.10, 0.10, 0.00, None, False, WAIT),
        (0.70, 0.70, 0.00, None, False, WAIT),
        # Its length alone says nothing, until nobody listens as long.
        (0.76, 0.76, 0.00, None, False, WAIT),
        (1.10, 1.10, 0.00, "", False, WAIT),
        (1.61, 1.61, 0.00, None, False, STOP),
        (1.61, 1.61, 0.00, "", False, STOP),
        # A sign of listening that is drawn out, until its length says otherwise.
        (0.76, 0.76, 0.00, "mm-hm", False, WAIT),
        (1.10, 1.00, 0.11, "mm-hm", False, WAIT),
        (1.10, 1.00, 0.11, "mm-hm", True, GO_ON),
        (1.10, 1.00, 0.11, "okay but", True, STOP),
        (1.61, 1.61, 0.00, "mm-hm", True, STOP),
        # "Please" may become "please continue", or not.
        (0.40, 0.40, 0.00, "please", False, WAIT),
        (0.50, 0.40, 0.11, "please", False, WAIT),
        (0.50, 0.40, 0.11, "please", True, STOP),
        (0.76, 0.76, 0.00, "please", False, WAIT),
        (0.96, 0.96, 0.00, "please stop", False, STOP),
        # Words that take the floor stop it at once.
        (0.30, 0.30, 0.00, "wait", False, STOP),
        (0.30, 0.30, 0.20, "What is", True, STOP),
        (0.30, 0.30, 0.00, "等一下", False, STOP),
        # Words of listening: once they are over.
        (0.30, 0.30, 0.00, "okay", False, WAIT),
        (0.40, 0.30, 0.11, "okay", False, GO_ON),
        (0.40, 0.30, 0.11, "嗯", True, GO_ON),
        # Voice without words.
        (0.40, 0.30, 0.11, "", True, GO_ON),
        (0.40, 0.30, 0.11, "", False, WAIT),
        # The recogniser is slow.
        (1.50, 0.30, 1.20, None, False, WAIT),
        (2.40, 0.30, 2.01, None, False, GO_ON),
        # What was too long for a sign of listening has words, and they are on their way.
        (3.20, 1.20, 1.99, None, False, WAIT),
        (3.30, 1.20, 2.01, None, False, STOP),
        (3.30, 1.20, 2.01, "mm-hm", False, GO_ON),
    ],
)
def test_what_becomes_of_a_held_reply(
    held_s: float,
    voiced_s: float,
    silence_s: float,
    text: str | None,
    complete: bool,
    verdict: Verdict,
) -> None:
    overlap = Overlap(held_s, voiced_s, SURE, silence_s, text, complete)
    assert judge(overlap, least_speech_s=0.1) is verdict


@pytest.mark.parametrize(
    ("voiced_s", "peak", "silence_s", "verdict"),
    [
        (0.16, 0.83, 0.03, WAIT),
        (0.16, 0.83, 0.06, GO_ON),
        # What the detector is sure of may be a word, and so may what lasts.
        (0.16, SURE, 0.06, WAIT),
        (0.16, SURE, 0.20, WAIT),
        (0.26, 0.83, 0.20, WAIT),
    ],
)
def test_a_short_voice_that_the_detector_doubts_is_a_cough(
    voiced_s: float, peak: float, silence_s: float, verdict: Verdict
) -> None:
    overlap = Overlap(0.3, voiced_s, peak, silence_s, text=None, complete=False)
    assert judge(overlap, least_speech_s=0.1) is verdict


def test_a_person_may_want_more_speech_than_that() -> None:
    spoken = Overlap(
        0.6, voiced_s=0.5, peak_probability=SURE, silence_s=0.0, text="wait", complete=False
    )
    assert judge(spoken, least_speech_s=0.4) is STOP
    assert judge(spoken, least_speech_s=0.6) is WAIT
    over = Overlap(
        0.7, voiced_s=0.5, peak_probability=SURE, silence_s=0.2, text="wait", complete=True
    )
    assert judge(over, least_speech_s=0.6) is GO_ON


class TestBargeIn:
    def test_the_reply_is_held_at_once_and_then_stopped(self) -> None:
        talk = Talk(playing=True, busy=True)
        talk.is_silent(1.0)
        talk.says("No tell me about Berlin.", 1.5)
        talk.is_silent(ENOUGH_S)
        assert talk.outline == ["Hold", "Stop", "Began", "Guess", "Ended"]
        assert talk.at(Hold) - 1.0 <= 0.03
        assert talk.at(Stop) - 1.0 <= LONG_S + 0.05
        assert talk.ended == ["No tell me about Berlin."]

    def test_the_first_words_stop_it_sooner_than_its_length(self) -> None:
        talk = Talk(playing=True, busy=True, delay_s=0.1)
        talk.says("Wait. Tell me about Berlin.", 2.5)
        assert talk.at(Stop) < LONG_S

    @pytest.mark.parametrize("words", ["mm-hm", "Okay.", "嗯"])
    def test_a_sign_of_listening_does_not_stop_it(self, words: str) -> None:
        talk = Talk(playing=True, busy=True)
        talk.says(words, 0.3)
        talk.is_silent(ENOUGH_S)
        assert talk.told == [Hold(), GoOn("backchannel")]
        assert talk.at(GoOn) <= 0.3 + QUIET_S + talk.delay_s + 0.05
        assert talk.playing

    @pytest.mark.parametrize(
        ("words", "for_s", "delay_s"),
        [
            *[
                ("Mm-hmm.", 1.0, 0.25),
                ("Sure, go ahead.", 1.1, 0.25),
                ("好的，请继续。", 1.2, 0.25),
            ],
            *[
                ("Mm-hmm.", 1.0, 0.9),
                ("Perfect.", 1.2, 0.9),
                ("I know.", 0.9, 1.2),
                ("I see.", 0.8, 0.25),
            ],
        ],
    )
    def test_a_drawn_out_sign_of_listening_does_not_stop_it(
        self, words: str, for_s: float, delay_s: float
    ) -> None:
        talk = Talk(playing=True, busy=True, delay_s=delay_s)
        talk.draws_out(words, for_s)
        talk.is_silent(ENOUGH_S)
        assert talk.told == [Hold(), GoOn("backchannel")]
        assert len(talk.requests) <= 5

    def test_what_follows_an_okay_stops_it_as_soon_as_it_is_known(self) -> None:
        talk = Talk(playing=True, busy=True, delay_s=0.25)
        talk.says("Okay but tell me about Berlin.", 1.8)
        talk.is_silent(ENOUGH_S)
        assert talk.outline == ["Hold", "Stop", "Began", "Guess", "Ended"]
        assert talk.at(Stop) <= LONG_S + 0.25
        assert talk.ended == ["Okay but tell me about Berlin."]

    def test_a_short_word_that_wants_the_floor_takes_it(self) -> None:
        talk = Talk(playing=True, busy=True)
        talk.says("Stop.", 0.3)
        talk.is_silent(ENOUGH_S)
        assert talk.outline[:3] == ["Hold", "Stop", "Began"]
        assert talk.ended == ["Stop."]

    @pytest.mark.parametrize("length_s", [0.02, 0.05, 0.15, 1.0])
    def test_a_noise_is_over_within_200_ms(self, length_s: float) -> None:
        talk = Talk(playing=True, busy=True)
        talk.is_silent(1.0)
        talk.makes_a_noise(length_s)
        talk.is_silent(ENOUGH_S)
        assert talk.told[:2] == [Hold(), GoOn("noise")]
        assert talk.at(GoOn) - talk.at(Hold) <= 0.2
        assert not talk.requests

    def test_a_cough_that_is_like_a_voice_at_first_is_a_noise(self) -> None:
        talk = Talk(playing=True, busy=True, delay_s=0.25)
        talk.is_silent(1.0)
        talk.coughs()
        talk.is_silent(ENOUGH_S)
        assert set(talk.outline) == {"Hold", "GoOn"}
        assert talk.at(GoOn) - talk.at(Hold) <= 0.25

    def test_a_doubtful_voice_that_goes_on_takes_the_floor_all_the_same(self) -> None:
        talk = Talk(playing=True, busy=True)
        talk.mumbles(1.8, probability=0.6)
        assert talk.outline[:2] == ["Hold", "Stop"]

    def test_a_click_of_10_ms_is_not_even_noticed(self) -> None:
        talk = Talk(playing=True, busy=True)
        talk.makes_a_noise(0.01)
        talk.is_silent(1.0)
        assert talk.log == []

    def test_a_voice_without_words_does_not_stop_it(self) -> None:
        talk = Talk(playing=True, busy=True)
        talk.mumbles(0.4)
        talk.is_silent(ENOUGH_S)
        assert talk.told == [Hold(), GoOn("noise")]

    def test_the_words_after_a_sign_of_listening_are_a_turn(self) -> None:
        talk = Talk(playing=True, busy=True)
        talk.says("mm-hm", 0.3)
        talk.is_silent(1.0)
        talk.says("Wait, what was that?", 1.5)
        talk.is_silent(ENOUGH_S)
        assert talk.outline[:4] == ["Hold", "GoOn", "Hold", "Stop"]
        assert talk.ended == ["Wait, what was that?"]

    def test_an_answer_that_has_not_begun_to_sound_is_held_and_cancelled(self) -> None:
        talk = Talk(busy=True)
        talk.says("Oh, and one more thing.", 1.5)
        talk.is_silent(ENOUGH_S)
        assert talk.outline == ["Hold", "Stop", "Began", "Guess", "Ended"]
        assert talk.at(Stop) < LONG_S + 0.1

    def test_a_sign_of_listening_before_the_answer_sounds_does_not_cancel_it(self) -> None:
        talk = Talk(busy=True)
        talk.says("Okay.", 0.3)
        talk.is_silent(ENOUGH_S)
        assert talk.told == [Hold(), GoOn("backchannel")]

    def test_a_person_may_want_longer_speech(self) -> None:
        talk = Talk(options=TurnOptions(barge_in_min_s=1.0), playing=True, busy=True)
        talk.says("Wait, what was that?", 0.9)
        talk.is_silent(ENOUGH_S)
        assert talk.told == [Hold(), GoOn("noise")]

    def test_three_coughs_over_the_agent_leave_the_caller_heard(self) -> None:
        talk = Talk(playing=True, busy=True)
        for _ in range(3):
            talk.makes_a_noise(0.3)
            talk.is_silent(1.0)
        talk.says("Wait, I have a question.", 1.5)
        talk.is_silent(3.0)
        assert talk.ended == ["Wait, I have a question."]


class TestBargeInTurnedOff:
    OFF = TurnOptions(barge_in=False)

    def test_an_answer_that_has_not_begun_to_sound_is_cancelled_all_the_same(self) -> None:
        talk = Talk(options=self.OFF, busy=True)
        talk.says("Oh, and one more thing.", 1.5)
        talk.is_silent(ENOUGH_S)
        assert talk.outline == ["Began", "Stop", "Guess", "Ended"]
        assert talk.at(Stop) < 0.4

    def test_the_reply_is_neither_held_nor_stopped(self) -> None:
        talk = Talk(options=self.OFF, playing=True, busy=True)
        talk.says("No, tell me about Berlin.", 1.5)
        talk.is_silent(1.0)
        assert not talk.actions(Hold, Stop, GoOn, Ended)

    def test_what_was_said_meanwhile_is_a_turn_once_the_agent_is_silent(self) -> None:
        talk = Talk(options=self.OFF, playing=True, busy=True)
        talk.says("No, tell me about Berlin.", 1.5)
        talk.is_silent(1.0)
        talk.playing = talk.busy = False
        talk.is_silent(0.1)
        assert talk.ended == ["No, tell me about Berlin."]

    def test_a_slow_recogniser_does_not_end_a_turn_while_the_agent_speaks(self) -> None:
        talk = Talk(options=self.OFF, playing=True, busy=True, delay_s=1.0)
        talk.says("No, tell me about Berlin.", 1.5)
        talk.is_silent(ENOUGH_S)
        assert not talk.actions(Ended)
