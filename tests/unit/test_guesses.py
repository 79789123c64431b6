"""An answer that is begun before the turn is over and fails."""

import pytest

from tests.fakes.scripted_engines import Reply, Voice
from tests.fakes.whole_talk import Line, Says, WholeTalk, play

QUESTION, MORE = "Book a table.", "For two people."
LONGER = f"{QUESTION} {MORE}"
DONE = "It is done."
ASKS = Says(QUESTION, 0.5, 1.6)
GOES_ON = Says(MORE, 2.0, 3.0)


def held(
    *lines: Line, answer: Reply | str = DONE, voice: Voice | None = None, spare: Voice | None = None
) -> WholeTalk:
    replies: dict[str, Reply | str] = {QUESTION: answer, LONGER: DONE}
    return play(*lines, replies=replies, voice=voice, spare=spare, recognised_s=0.1)


def fails(after: int = 0, *, times: int | None = None) -> Reply:
    """An answer that fails before the turn is over."""
    return Reply(DONE, first_s=0.05, word_s=0.0, fails_after=after, fails=times)


def ends(talk: WholeTalk) -> list[str]:
    return [request.end for request in talk.model.asked]


def test_a_guess_that_fails_and_is_thrown_away_is_never_heard_of() -> None:
    talk = held(ASKS, GOES_ON, answer=fails())
    assert talk.failures == []
    assert talk.messages == [("user", LONGER), ("assistant", DONE)]
    assert (talk.asked, ends(talk)) == ([QUESTION, LONGER], ["failed", "answered"])


@pytest.mark.parametrize("after", [0, 2], ids=["at once", "in its midst"])
def test_the_confirmed_turn_asks_again_what_the_model_failed_to_guess(after: int) -> None:
    talk = held(ASKS, answer=fails(after, times=1))
    assert talk.failures == []
    assert talk.messages == [("user", QUESTION), ("assistant", DONE)]
    assert talk.heard == DONE
    assert ends(talk) == ["failed", "answered"]


def test_a_model_that_fails_again_is_told_once_and_not_asked_a_third_time() -> None:
    talk = held(ASKS, answer=fails())
    assert talk.failures == ["llm"]
    assert talk.asked == [QUESTION] * 2


def test_a_guess_without_a_voice_is_silent_and_spoken_when_the_turn_is_over() -> None:
    voice = Voice(first_s=0.05, fails=1)
    answer = Reply(DONE, first_s=0.05, word_s=0.0)
    talk = held(ASKS, answer=answer, voice=voice, spare=Voice(first_s=0.05, fails=1))
    assert talk.failures == []
    assert talk.messages == [("user", QUESTION), ("assistant", DONE)]
    assert len(voice.said) == 2


def test_a_voice_that_fails_again_is_told_once() -> None:
    talk = held(ASKS, voice=Voice(fails=9), spare=Voice(fails=9))
    assert talk.failures == ["tts"]


@pytest.mark.parametrize("taken_up", [True, False])
def test_another_voice_is_told_of_when_its_guess_is_taken_up(taken_up: bool) -> None:
    answer = Reply(DONE, first_s=0.05, word_s=0.0)
    voice = Voice(first_s=0.05, fails=1)
    talk = held(*([ASKS] if taken_up else [ASKS, GOES_ON]), answer=answer, voice=voice)
    assert len(talk.replies) == 1
    assert talk.replaced == taken_up
