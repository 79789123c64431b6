"""What a voice can say."""

import pytest

from agent.wording.speakable import clean, has_words, is_speakable


@pytest.mark.parametrize("text", ["a", "5", "你", "é", "“yes”", "...1"])
def test_letters_and_digits_are_words(text: str) -> None:
    assert has_words(text)
    assert is_speakable(text)


@pytest.mark.parametrize("text", ["€", "+", "😀", "©"])
def test_symbols_may_be_said_and_may_be_left_out(text: str) -> None:
    assert not has_words(text)
    assert is_speakable(text)


@pytest.mark.parametrize("text", ["", " \n", "...", "。！", "—", "()", "*_`", "\u200d"])
def test_marks_alone_are_not_said(text: str) -> None:
    assert not is_speakable(text)


def test_text_is_cleaned_of_what_no_engine_may_see() -> None:
    assert clean("a\x01b\x00c\x7f\n\u0085é你😀") == "a b c   é你😀"
    assert clean("half \ud83d pair") == "half ? pair"
