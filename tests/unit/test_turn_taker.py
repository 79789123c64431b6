"""When turns begin and end, replies are held and requests made: scripts on the caller's clock."""

import numpy as np
import pytest

from agent.hearing.ear import HOP_S
from agent.options.turns import TurnOptions
from agent.turns.actions import (
    Attend,
    Began,
    Ended,
    GoOn,
    Guess,
    Heard,
    Hold,
)
from agent.turns.asking import LONGEST_PIECE_S, PIECE_S
from agent.turns.schedule import Eagerness, Schedule
from tests.fakes.talk import SILENCE_DB, Talk

ENOUGH_S = 3.0
"""Longer than any wait."""


class Hasty(Schedule):
    """Asks with every hop of the voice."""

    def rolling_due(
        self,
        now: float,
        *,
        voiced: bool,
        in_flight: int,
        over_agent: bool,
        open_s: float | None = None,
        listening: bool = False,
    ) -> bool:
        return voiced


QUESTION = "What is the weather like today?"


class TestPlainTurn:
    def test_the_answer_is_begun_before_the_turn_is_over(self) -> None:
        talk = Talk()
        talk.is_silent(1.0)
        talk.says(QUESTION, 1.5)
        talk.is_silent(ENOUGH_S)
        assert talk.outline == ["Began", "Guess", "Ended"]
        assert talk.at(Guess) < talk.at(Ended)
        assert talk.actions(Guess) == [Guess(QUESTION)]
        assert talk.ended == [QUESTION]
        assert 1.0 < talk.at(Began) < 1.2

    def test_the_turn_ends_with_the_wait_that_its_words_ask_for(self) -> None:
        for words, wait_s in ((QUESTION, 0.4), ("Tell me about the weather", 0.6)):
            talk = Talk(options=TurnOptions(min_delay_s=0.2, min_silence_s=0.6))
            talk.says(words, 1.5)
            talk.is_silent(ENOUGH_S)
            assert talk.at(Ended) == pytest.approx(1.5 + wait_s, abs=0.02)
            ended = talk.actions(Ended)[0]
            assert isinstance(ended, Ended)
            assert ended.silence_s == pytest.approx(wait_s, abs=0.02)

    def test_a_slow_recogniser_is_waited_for(self) -> None:
        talk = Talk(delay_s=1.5)
        talk.says(QUESTION, 1.5)
        talk.is_silent(ENOUGH_S)
        assert talk.ended == [QUESTION]
        assert talk.at(Ended) > 2.5

    def test_the_quiet_beginning_of_a_word_is_recognised_too(self) -> None:
        talk = Talk()
        talk.words, talk.lengths = ["Hello."], [30]
        for _ in range(30):
            talk.hop(SILENCE_DB, word=1)
        talk.mumbles(0.3)
        talk.is_silent(ENOUGH_S)
        assert talk.ended == ["Hello."]

    def test_captions_follow_the_words(self) -> None:
        talk = Talk()
        talk.says("one two three four five six seven eight.", 4.0)
        talk.is_silent(ENOUGH_S)
        texts = [action.text for action in talk.actions(Heard) if isinstance(action, Heard)]
        assert len(texts) > 2
        assert texts[-1] == talk.ended[0]
        assert all(talk.ended[0].startswith(text) for text in texts)

    def test_the_final_words_repeat_the_guess_exactly(self) -> None:
        talk = Talk()
        talk.says("What is it", 1.5)
        talk.is_silent(0.1)
        number = max(talk.answers)
        talk.is_answered(number, "What is it?")
        talk.is_silent(0.01)
        assert talk.actions(Guess) == [Guess("What is it?")]
        talk.mumbles(0.05)
        talk.is_silent(ENOUGH_S)
        assert talk.ended == ["What is it?"], "not 'What is it', which says the same"

    def test_other_words_after_all_are_guessed_again(self) -> None:
        talk = Talk()
        talk.says("Tell me more.", 1.0)
        talk.is_silent(0.3)
        talk.says("About Berlin.", 0.8)
        talk.is_silent(ENOUGH_S)
        assert talk.outline == ["Began", "Guess", "Guess", "Ended"]
        assert talk.ended == ["Tell me more. About Berlin."]

    def test_two_turns_do_not_mix(self) -> None:
        talk = Talk()
        for words in (QUESTION, "And what about tomorrow?"):
            talk.says(words, 1.5)
            talk.is_silent(2.0)
        assert talk.ended == [QUESTION, "And what about tomorrow?"]
        assert talk.outline == ["Began", "Guess", "Ended"] * 2

    def test_the_end_of_a_turns_last_word_is_no_word_of_the_next_turn(self) -> None:
        talk = Talk(options=TurnOptions(min_delay_s=0.2, min_silence_s=0.3))
        talk.says(QUESTION, 1.5)
        while not talk.ended:
            talk.is_silent(HOP_S)
        talk.says("And tomorrow?", 0.8)
        attended = talk.actions(Attend)[-1]
        assert isinstance(attended, Attend)
        heard = {int(hop[0]) for hop in attended.onset.before}
        assert heard == {0, len(QUESTION.split()) + 1}, "silence, and its own first word"

    def test_a_voice_without_words_ends_without_words(self) -> None:
        talk = Talk()
        talk.mumbles(0.6)
        talk.is_silent(ENOUGH_S)
        assert talk.outline == ["Began", "Ended"]
        assert talk.ended == [""]

    def test_a_noise_while_nobody_speaks_is_nothing(self) -> None:
        talk = Talk()
        talk.makes_a_noise(0.5)
        talk.is_silent(ENOUGH_S)
        assert talk.log == []


class TestPauses:
    def test_a_pause_inside_a_sentence_does_not_end_the_turn(self) -> None:
        talk = Talk()
        talk.says("I would like to", 1.2)
        talk.is_silent(1.0)
        assert talk.ended == []
        talk.says("book a table.", 1.0)
        talk.is_silent(ENOUGH_S)
        assert talk.ended == ["I would like to book a table."]
        assert len(talk.actions(Began)) == 1

    def test_an_unfinished_sentence_ends_at_the_ceiling(self) -> None:
        talk = Talk(options=TurnOptions(max_delay_s=1.4))
        talk.says("I would like to", 1.2)
        talk.is_silent(ENOUGH_S)
        assert talk.ended == ["I would like to"]
        assert talk.at(Ended) == pytest.approx(1.2 + 1.4, abs=0.02)

    @pytest.mark.parametrize(("language", "wait_s"), [("en", 0.6), ("de-AT", 1.2)])
    @pytest.mark.parametrize("streams", [False, True])
    def test_what_a_last_word_means_is_asked_in_the_language_that_the_recogniser_tells(
        self, language: str, wait_s: float, streams: bool
    ) -> None:
        talk = Talk(language=language, streams=streams)
        talk.says("Die", 0.6)
        talk.is_silent(ENOUGH_S)
        assert talk.at(Ended) == pytest.approx(0.6 + wait_s, abs=0.05)

    def test_no_answer_to_half_a_sentence_is_begun_at_its_pause(self) -> None:
        talk = Talk()
        talk.says("I would like to", 1.2)
        talk.is_silent(0.5)
        talk.says("book a table.", 1.0)
        talk.is_silent(ENOUGH_S)
        assert talk.actions(Guess) == [Guess("I would like to book a table.")]

    def test_a_caller_who_pauses_is_given_more_time(self) -> None:
        talk = Talk(options=TurnOptions(min_delay_s=0.2, min_silence_s=0.6))
        for word in ("I", "think", "that", "is", "good."):
            talk.says(word, 0.4)
            talk.is_silent(0.5)
        talk.is_silent(ENOUGH_S)
        assert len(talk.ended) == 1
        assert talk.at(Ended) == pytest.approx(4 * 0.9 + 0.4 + 0.65, abs=0.05)


class TestRecogniser:
    def test_late_words_are_ignored(self) -> None:
        talk = Talk()
        talk.says(QUESTION, 1.5)
        talk.is_silent(ENOUGH_S)
        for request in talk.requests:
            talk.is_answered(request.number, "Something else.")
            talk.fails(request.number)
        talk.says("And tomorrow?", 1.0)
        for request in talk.requests[:1]:
            talk.is_answered(request.number, "Something else.")
        talk.is_silent(ENOUGH_S)
        assert talk.ended == [QUESTION, "And tomorrow?"]

    def test_requests_that_lack_the_end_give_way_to_the_exact_one(self) -> None:
        talk = Talk(delay_s=100.0)
        talk.says(QUESTION, 3.0)
        early = set(talk.answers)
        talk.is_silent(0.2)
        (last,) = talk.answers
        assert last not in early
        talk.is_answered(last, QUESTION)
        talk.is_answered(min(early), "What is the")  # too late
        talk.is_silent(1.0)
        assert talk.ended == [QUESTION]

    def test_requests_that_nobody_needs_are_abandoned(self) -> None:
        talk = Talk(delay_s=0.5, playing=True, busy=True)
        talk.says("mm-hm", 0.3)
        talk.is_silent(0.1)
        (number,) = talk.answers
        talk.is_answered(number, "mm-hm")
        talk.answers.clear()
        talk.is_silent(ENOUGH_S)
        assert talk.answers == {}
        assert talk.told == [Hold(), GoOn("backchannel")]

    def test_a_turn_whose_recognition_failed_ends_without_words(self) -> None:
        talk = Talk(failing=True)
        talk.says(QUESTION, 1.5)
        talk.is_silent(ENOUGH_S)
        assert talk.ended == [""]
        talk.failing = False
        talk.says("Once more, please.", 1.5)
        talk.is_silent(ENOUGH_S)
        assert talk.ended == ["", "Once more, please."]

    def test_a_failure_at_a_pause_does_not_lose_what_follows(self) -> None:
        talk = Talk(eagerness="pauses", delay_s=0.05, failing=True)
        talk.says("I would like", 1.0)
        talk.is_silent(0.25)
        talk.failing = False
        talk.says("to book a table.", 1.0)
        talk.is_silent(ENOUGH_S)
        assert talk.ended == ["I would like to book a table."]

    def test_a_rolling_request_that_fails_is_followed_by_a_proper_one(self) -> None:
        talk = Talk(schedule=Hasty())
        talk.says(QUESTION, 1.5)
        talk.is_silent(0.03)
        assert all(request.rolling for request in talk.requests)
        assert list(talk.answers.values())[-1][1] == QUESTION, "the last one has all the words"
        for number in list(talk.answers):
            talk.fails(number)
        talk.answers.clear()
        talk.is_silent(ENOUGH_S)
        assert not talk.requests[-1].rolling
        assert talk.ended == [QUESTION]

    def test_a_request_that_lacks_next_to_nothing_is_the_last_one(self) -> None:
        talk = Talk(schedule=Hasty(), delay_s=0.3)
        talk.says(QUESTION, 1.5)
        talk.is_silent(ENOUGH_S)
        assert all(request.rolling for request in talk.requests)
        assert talk.ended == [QUESTION]

    def test_a_request_that_has_to_wait_for_others_is_repeated_as_a_last_one(self) -> None:
        talk = Talk(schedule=Hasty(), delay_s=100.0)
        talk.says(QUESTION, 1.5)
        talk.is_silent(1.5)
        last = talk.requests[-1]
        assert not last.rolling
        assert [n for n in talk.answers if not talk.requests[n - 1].rolling] == [last.number]
        talk.is_answered(last.number, QUESTION)
        talk.is_silent(0.1)
        assert talk.ended == [QUESTION]

    def test_a_failure_over_the_agent_does_not_hold_it_for_long(self) -> None:
        talk = Talk(failing=True, playing=True, busy=True)
        talk.says("Okay.", 0.3)
        talk.is_silent(ENOUGH_S)
        assert talk.told == [Hold(), GoOn("noise")]
        assert talk.at(GoOn) < 1.0


class TestMonologue:
    @pytest.mark.parametrize("pause_s", [0.35, 0.05])
    def test_a_long_turn_is_recognised_in_pieces_and_comes_as_one_text(
        self, pause_s: float
    ) -> None:
        talk = Talk()
        words = [f"w{n}" for n in range(60)]
        for word in words:
            talk.says(word, 1.0)
            talk.is_silent(pause_s)
        talk.is_silent(ENOUGH_S)
        (text,) = talk.ended
        assert [word for word in words if word not in text.split()] == [], "a word is cut in two"
        assert max(len(request.pcm) for request in talk.requests) <= LONGEST_PIECE_S * 16000
        assert len(talk.actions(Began)) == 1

    @pytest.mark.parametrize("eagerness", ["eager", "pauses"])
    @pytest.mark.parametrize(
        ("gap_s", "gap_after", "pause_s"),
        [(0.0, 1, 0.0), (0.05, 1, 0.0), (0.0, 1, 0.25), (0.05, 2, 0.3), (0.05, 1, 0.4)],
    )
    def test_a_minute_of_speech_costs_one_request_in_two_seconds(
        self, eagerness: Eagerness, gap_s: float, gap_after: int, pause_s: float
    ) -> None:
        talk = Talk(eagerness=eagerness)
        while talk.now < 70.0:
            for n in range(5):
                talk.says(f"w{len(talk.words)}", 0.3)
                talk.is_silent(gap_s if n % gap_after == 0 else 0.0)
            talk.is_silent(pause_s)
        ended = talk.now
        talk.is_silent(ENOUGH_S)
        assert len(talk.requests) <= ended / 2
        (text,) = talk.ended
        assert text.split() == talk.words
        assert talk.at(Ended) - ended <= 0.75, "the last words are not waited for"

    def test_a_turn_that_ends_where_a_piece_was_cut_asks_for_nothing_more(self) -> None:
        talk = Talk()
        talk.says(" ".join(f"w{n}" for n in range(25)) + ".", PIECE_S + 0.5)
        talk.is_silent(ENOUGH_S)
        assert len(talk.ended) == 1
        assert len(talk.ended[0].split()) == 25
        assert all(np.any(request.pcm) for request in talk.requests), "silence was sent"


class TestEagerness:
    def turn(self, eagerness: Eagerness) -> Talk:
        """A turn with one short pause."""
        talk = Talk(eagerness=eagerness)
        talk.says("Could you please tell me,", 1.5)
        talk.is_silent(0.3)
        talk.says("how old you are?", 1.5)
        talk.is_silent(ENOUGH_S)
        assert talk.ended == ["Could you please tell me, how old you are?"]
        return talk

    def test_the_number_of_requests(self) -> None:
        assert 3 <= len(self.turn("eager").requests) <= 10
        assert len(self.turn("pauses").requests) == 2, "one a pause"
        assert len(self.turn("patient").requests) == 1

    def test_when_the_answer_is_begun_after_the_last_word(self) -> None:
        eager, pauses, patient = map(self.turn, ("eager", "pauses", "patient"))
        assert eager.at(Guess) <= pauses.at(Guess) <= 3.3 + 0.2 + pauses.delay_s
        assert patient.outline == ["Began", "Ended"]
        assert patient.at(Ended) > pauses.at(Guess)

    def test_only_requests_while_the_caller_speaks_may_wait_for_others(self) -> None:
        eager = Talk()
        eager.says(QUESTION, 3.0)
        assert eager.requests
        assert all(request.rolling for request in eager.requests)
        assert not any(request.rolling for request in self.turn("pauses").requests)
