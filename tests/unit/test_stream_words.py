"""What is known of an utterance by words that stay as they are, before their segment is over."""

import pytest

from agent.turns.recogniser import Voice
from agent.turns.stream_delays import StreamDelays
from agent.turns.stream_words import StreamedWords, Told

TIMED = (("tell", 0.1, 0.3), ("me", 0.4, 0.6))


def after_the_voice(told: Told, *, flushes: bool = False, voice_s: float = 0.6) -> StreamedWords:
    """Words that came 50 ms after the end of the voice, of an engine that is usually later."""
    delays = StreamDelays()
    delays.took(*[0.5] * 30)
    words = StreamedWords(flushes=flushes, delays=delays)
    words.begin(begins=0.0, shift_s=0.0, now=0.0)
    now = voice_s + 0.05
    words.went_on(Voice(now=now, last=voice_s, over_agent=False))
    words.told(told, now)
    return words


@pytest.mark.parametrize("flushes", [False, True])
def test_words_that_stay_are_final_once_they_reach_the_end_of_the_voice(flushes: bool) -> None:
    words = after_the_voice(Told("tell me", False, TIMED, stable=True), flushes=flushes)
    known = words.news(0.66)
    assert known is not None
    assert (known.text, known.final) == ("tell me", True)


@pytest.mark.parametrize("flushes", [False, True])
def test_words_that_may_change_are_not(flushes: bool) -> None:
    words = after_the_voice(Told("tell me", False, TIMED), flushes=flushes)
    known = words.news(0.66)
    assert known is not None
    assert (known.text, known.final) == ("tell me", False)


def test_words_that_stay_are_not_all_words_before_the_end_of_the_voice() -> None:
    words = after_the_voice(Told("tell", False, TIMED[:1], stable=True))
    known = words.news(0.66)
    assert known is not None
    assert not known.final
    assert known.upto < 0.6


def test_a_word_after_those_that_stay_may_change() -> None:
    words = after_the_voice(Told("tell", False, TIMED[:1], stable=True))
    words.told(Told("tell mi", False, TIMED), 0.7)
    known = words.news(0.7)
    assert known is not None
    assert (known.text, known.final) == ("tell mi", False)


def test_a_short_word_may_follow_those_that_stay() -> None:
    # "Turn it" is there, "on" is on its way.
    words = after_the_voice(Told("tell me", False, TIMED, stable=True), voice_s=0.72)
    known = words.news(0.78)
    assert known is not None
    assert not known.final
    words.told(Told("tell me on", False, (*TIMED, ("on", 0.6, 0.72)), stable=True), 1.1)
    known = words.news(1.1)
    assert known is not None
    assert (known.text, known.final) == ("tell me on", True)


def test_no_word_followed_those_that_stay_when_it_would_have_come() -> None:
    words = after_the_voice(Told("tell me", False, TIMED, stable=True), voice_s=0.72)
    words.news(0.78)
    known = words.news(1.4)
    assert known is not None
    assert (known.text, known.final) == ("tell me", True)


@pytest.mark.parametrize("voice_s", [0.6, 0.7])
def test_words_that_stay_are_not_lost_with_their_stream(voice_s: float) -> None:
    words = after_the_voice(Told("tell me", False, TIMED, stable=True), voice_s=voice_s)
    assert not words.lost(0.8)
    known = words.news(0.81)
    assert known is not None
    assert (known.text, known.final) == ("tell me", True)
    assert words.final_to >= voice_s


def test_words_that_may_change_are_lost_with_their_stream_and_so_is_how_far_they_reached() -> None:
    words = after_the_voice(Told("tell me", False, TIMED))
    assert words.lost(0.7)
    words.moved(begins=0.0, shift_s=0.0)
    words.told(Told("tell", False, TIMED[:1], stable=True), 0.8)
    known = words.news(0.8)
    assert known is not None
    assert (known.text, known.final) == ("tell", False)
    assert known.upto < 0.6


def test_an_engine_that_tells_no_times_any_more_is_asked_for_its_last_words() -> None:
    words = after_the_voice(Told("tell me", False, TIMED), flushes=True)
    assert words.flush_due(0.9)
    words.went_on(Voice(now=1.3, last=1.3, over_agent=False))
    words.told(Told("tell me more", True), 1.3)
    words.told(Told("of", False), 1.35)
    words.told(Told("of it", True), 1.75)
    known = words.news(1.75)
    assert known is not None
    assert not known.final, "where its words are is an estimate now"


@pytest.mark.parametrize("sure", [True, False])
@pytest.mark.parametrize("answered", [True, False])
def test_a_voice_without_words_is_one_if_the_stream_has_said_anything(
    sure: bool, answered: bool
) -> None:
    words = StreamedWords(flushes=False)
    words.begin(begins=0.0, shift_s=0.0, now=0.0)
    words.went_on(Voice(now=0.5, last=0.5, over_agent=False, sure=sure))
    if answered:
        words.answered()
    known = words.news(1.6)
    assert known is not None
    assert (known.text, known.final) == ("", answered or not sure)
    assert words.is_unanswered(1.6, patience_s=2.0) == (sure and not answered)
    assert not words.is_unanswered(1.4, patience_s=2.0)


def test_an_engine_of_which_nothing_is_known_is_given_more_time() -> None:
    words = StreamedWords(flushes=False)
    words.begin(begins=0.0, shift_s=0.0, now=0.0)
    words.went_on(Voice(now=0.5, last=0.5, over_agent=False, sure=True))
    assert not words.is_unanswered(3.4, patience_s=6.0)
    assert words.is_unanswered(3.6, patience_s=6.0)


def test_the_newest_words_alone_replace_nothing() -> None:
    words = after_the_voice(Told("tell me", False, TIMED))
    words.told(Told("me", False, TIMED[1:], may_lack=True), 0.66)
    known = words.news(0.66)
    assert known is not None
    assert known.text == "tell me"
