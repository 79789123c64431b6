"""When an answer is begun before the turn is over, as a table."""

import pytest

from agent.turns.guessing import Guessing, Pause
from agent.turns.recogniser import Words
from agent.turns.tempo import TEMPO
from agent.turns.utterance import Utterance
from agent.turns.words import Wording, has_end_mark

FINISHED, PLAIN, UNFINISHED = Wording.FINISHED, Wording.PLAIN, Wording.UNFINISHED


def utterance(*, missing_s: float = 0.0, guessed: str | None = None, guesses: int = 0) -> Utterance:
    return Utterance(
        began=1.0, over_agent=False, last_voiced=3.0, words=Words("", 3.0 - missing_s),
        guessed=guessed, guesses=guesses,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wording", "exact", "missing_s", "silence_s", "worth"),
    [
        # All the words are known.
        (FINISHED, True, 0.0, 0.1, True),
        (PLAIN, True, 0.0, 0.1, True),
        (UNFINISHED, True, 0.0, 0.1, False),
        (UNFINISHED, True, 0.0, 0.8, True),
        # The end of the voice was not in the audio.
        (FINISHED, False, 0.2, 0.1, True),
        (FINISHED, False, TEMPO.late_s + 0.05, 0.1, False),
        (PLAIN, False, 0.2, 0.1, False),
        (UNFINISHED, False, 0.2, 0.8, False),
    ],
)
def test_the_table(
    wording: Wording, exact: bool, missing_s: float, silence_s: float, worth: bool
) -> None:
    wait_s = 1.2 if wording is UNFINISHED else 0.5
    pause = Pause(silence_s, wait_s, exact=exact)
    found = Guessing(speculate=True).worth(utterance(missing_s=missing_s), "words", wording, pause)
    assert found is worth


AT_ONCE = Pause(0.1, 0.5, exact=True)


def test_the_same_words_are_not_guessed_twice() -> None:
    guessing = Guessing(speculate=True)
    said = utterance(guessed="What is it?", guesses=1)
    assert not guessing.worth(said, "what is it", PLAIN, AT_ONCE)
    assert guessing.worth(said, "What is it for?", FINISHED, AT_ONCE)


@pytest.mark.parametrize(
    ("wording", "final", "silence_s", "worth"),
    [
        (PLAIN, False, 0.06, False),
        (PLAIN, False, TEMPO.pauses_dip_s, True),
        (PLAIN, True, 0.03, True),
        (FINISHED, False, 0.03, True),
    ],
)
def test_words_that_may_grow_are_no_guess_while_a_consonant_closes(
    wording: Wording, final: bool, silence_s: float, worth: bool
) -> None:
    said = utterance()
    said.words = Words("what", 3.0, final=final)
    pause = Pause(silence_s, 0.5, exact=True)
    assert Guessing(speculate=True).worth(said, "what", wording, pause) is worth


def test_a_caller_who_goes_on_and_on_gets_only_some_guesses() -> None:
    guessing = Guessing(speculate=True)
    assert guessing.worth(utterance(guessed="a", guesses=4), "b", PLAIN, AT_ONCE)
    assert not guessing.worth(utterance(guessed="a", guesses=5), "b", PLAIN, AT_ONCE)


def test_a_patient_one_never_guesses() -> None:
    assert not Guessing(speculate=False).worth(utterance(), "What is it?", FINISHED, AT_ONCE)


def test_a_recogniser_without_full_stops_is_known_after_one_turn() -> None:
    guessing, early = Guessing(speculate=True), Pause(0.1, 0.5, exact=False)
    missing = utterance(missing_s=0.2)
    assert not guessing.worth(missing, "what is it", PLAIN, early)
    guessing.ended("what is it")
    assert guessing.worth(missing, "and what is that", PLAIN, early)
    guessing.recognised("What was it?")
    assert not guessing.worth(missing, "and what is that", PLAIN, early), "it does write them"


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        *(("Yes.", True), ("好的。", True), ('"Why?"', True), ("What?! ", True)),
        *(("yes", False), ("", False), ("so,", False)),
    ],
)
def test_end_marks(text: str, mark: bool) -> None:
    assert has_end_mark(text) is mark
