"""Where the words of an utterance are on their track, by what a recogniser told and when."""

import asyncio

import pytest

from agent.hearing.ear import HOP_S
from agent.interpreting.speaker import Clause
from agent.interpreting.word_places import WordPlaces
from tests.unit.test_caption_speaker import Talk


def places(*voice: tuple[float, float], begin: float = 1.0, missing_s: float = 0.0) -> WordPlaces:
    """An utterance that was noticed there, with voice in these stretches."""
    found = WordPlaces(begin, missing_s)
    for first, last in voice:
        for n in range(round(first / HOP_S) + 1, round(last / HOP_S) + 1):
            found.voiced(n * HOP_S)
    return found


def test_words_end_where_the_first_answer_had_heard_that_has_them() -> None:
    said = places((1.0, 5.0))
    said.known(10, 2.0)
    said.known(10, 2.4)
    said.known(30, 4.0)
    first, second = said.take(10, 4.2), said.take(20, 4.2)
    assert (first.begin_s, first.end_s) == pytest.approx((0.96, 2.0))
    assert (second.begin_s, second.end_s) == pytest.approx((2.0, 4.0))
    assert second.now_s == pytest.approx(4.2)


def test_words_of_one_answer_share_what_it_had_heard_by_their_letters() -> None:
    said = places((1.0, 5.0))
    said.known(40, 4.96)
    ends = [said.take(letters, 5.0).end_s for letters in (10, 20, 10)]
    assert ends == pytest.approx([1.96, 3.96, 4.96], abs=0.02)


def test_where_there_is_no_voice_there_are_no_words() -> None:
    said = places((1.0, 2.0), (3.0, 4.0))
    said.known(10, 2.5)
    said.known(20, 4.6)
    first, second = said.take(10, 4.8), said.take(10, 4.8)
    assert first.end_s == pytest.approx(2.0)
    assert (second.begin_s, second.end_s) == pytest.approx((3.0, 4.0))


def test_words_that_no_answer_had_so_far_end_with_the_voice() -> None:
    said = places((1.0, 3.0))
    said.known(5, 2.0)
    assert said.take(9, 3.5).end_s == pytest.approx(2.0, abs=0.01)


def test_time_in_which_nothing_came_is_no_sound() -> None:
    said = places((1.0, 1.5), missing_s=0.2)
    for n in range(50):
        said.missing(1.5 + (n + 1) * HOP_S)
    for n in range(100):
        said.voiced(2.0 + (n + 1) * HOP_S)
    said.known(10, 3.0)
    spoken = said.take(10, 3.0)
    assert (spoken.begin_s, spoken.end_s) == pytest.approx((0.76, 2.3))
    assert spoken.now_s == pytest.approx(2.3)


# With the speaker whose words they are.


def said_by(talk: Talk) -> list[tuple[str, float, float]]:
    """Text, begin and end of each final clause."""

    def place(clause: Clause) -> tuple[str, float, float]:
        assert clause.spoken is not None
        return clause.text, clause.spoken.begin_s, clause.spoken.end_s

    return [place(clause) for clause in talk.told if clause.final]


def test_a_clause_knows_where_it_was_said() -> None:
    talk = Talk()
    asyncio.run(talk.begin())
    talk.speak(2.0)
    talk.script.tell("I went to the station, but", late_s=0.4)
    talk.speak(0.3)
    talk.script.tell("I went to the station, but the train", late_s=0.2)
    talk.speak(1.0)
    talk.quiet(0.2)
    talk.script.tell("I went to the station, but the train had left.", late_s=0.0)
    talk.quiet(1.0)
    (first, begin, middle), (second, after, end) = said_by(talk)
    assert (first, second) == ("I went to the station,", "but the train had left.")
    # A second of silence came first; detector and recogniser see hops, not words.
    assert begin == pytest.approx(1.0, abs=0.1)
    assert middle == pytest.approx(2.4, abs=0.3)
    assert after == pytest.approx(middle, abs=0.02)
    assert end == pytest.approx(4.3, abs=0.1)


def test_a_correction_is_where_the_clause_was_and_knows_how_long_ago() -> None:
    talk = Talk()
    asyncio.run(talk.begin())
    talk.speak(3.0)
    talk.script.tell("I went to the C side, but it was")
    talk.script.tell("I went to the C side, but it was cold")
    talk.speak(1.0)
    talk.quiet(0.1)
    talk.script.tell("I went to the seaside, but it was cold.", late_s=0.0)
    talk.quiet(1.0)
    first = next(clause.spoken for clause in talk.told if clause.final)
    corrected = next(clause.spoken for clause in talk.told if clause.corrects)
    assert first is not None
    assert corrected is not None
    assert (corrected.begin_s, corrected.end_s) == (first.begin_s, first.end_s)
    assert corrected.now_s > first.now_s + 1.0
