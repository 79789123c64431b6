"""Which words of an utterance in progress will stay, as tables of answers."""

import pytest

from agent.interpreting.agreement import Agreement, place, words_of


def stable(agreement: Agreement) -> str:
    return "".join(word.text for word in agreement.open[: agreement.stable]).strip()


@pytest.mark.parametrize(
    ("answers", "stays"),
    [
        (["I want"], ""),
        (["I want", "I want to go"], "I want"),
        (["I want", "I won't to go", "I won't go home"], "I won't"),
        (["I want to", "I want two books"], "I want"),
        (["Hello, world", "hello world again"], "hello world"),
        (["今天天气", "今天天气很好"], "今天天气"),
        (["we have 15", "we have 1500 euros", "we have 1500 euros left"], "we have 1500 euros"),
        (["one two three", "one two"], "one two"),
        (["one", ""], ""),
    ],
)
def test_words_on_which_two_answers_agree_stay(answers: list[str], stays: str) -> None:
    agreement = Agreement()
    for answer in answers:
        agreement.told(answer, complete=False)
    assert stable(agreement) == stays


def test_in_a_pause_all_words_stay() -> None:
    agreement = Agreement()
    agreement.told("I want to", complete=False)
    agreement.told("I want two books.", complete=True)
    assert stable(agreement) == "I want two books."


def test_what_was_taken_is_not_given_again_though_the_answer_has_other_words_there() -> None:
    agreement = Agreement()
    agreement.told("So the sea is blue,", complete=True)
    assert agreement.take(5) == "So the sea is blue,"
    agreement.told("So the C is blue, and the sky", complete=False)
    agreement.told("So, to see is blue, and the sky is too", complete=False)
    assert stable(agreement) == "and the sky"
    assert agreement.rest == "and the sky is too"


@pytest.mark.parametrize(
    ("taken", "answer", "at"),
    [
        ("a b c", "a b c d", 3),
        ("a b c", "a x c d", 3),
        ("a b c", "a c d", 2),
        ("a b c", "a b x d", 3),
        ("a b c", "a b c", 3),
        ("a b c", "x y z w", 3),
        ("a b c", "a", 1),
        ("", "a b", 0),
        ("a b c", "", 0),
    ],
)
def test_where_the_words_end_that_were_taken(taken: str, answer: str, at: int) -> None:
    assert place(taken.split(), answer.split()) == at


def test_an_utterance_of_minutes_costs_no_more_than_its_end() -> None:
    taken = [f"word{n}" for n in range(5000)]
    answer = [*taken[:-3], "other", *taken[-2:], "more"]
    assert place(taken, answer) == 5000


@pytest.mark.parametrize(
    ("taken", "following", "answer", "at"),
    [
        ("the c side", "but cold", "the seaside but cold", 2),
        ("the c", "but cold", "the seaside is but cold", 3),
        ("a b", "c d", "x c d", 1),
        ("a b c", "d", "a d e", 1),
        ("a b", "c", "a b c d", 2),
    ],
)
def test_what_followed_tells_where_they_end(
    taken: str, following: str, answer: str, at: int
) -> None:
    assert place(taken.split(), answer.split(), following=following.split()) == at


@pytest.mark.parametrize(
    "text",
    ["", "…", " Hello,  world! ", "¿Qué? «Sí», dijo.", "他说：“好。”然后走了。", "3:30, 1,500 €"],
)
def test_no_character_of_a_text_is_lost(text: str) -> None:
    words = words_of(text)
    assert "".join(word.text for word in words) == (text if words else "")


def test_an_opening_mark_belongs_to_the_word_after_it() -> None:
    assert [word.text for word in words_of("He said “yes” (twice).")] == [
        "He ",
        "said ",
        "“yes” ",
        "(twice).",
    ]
