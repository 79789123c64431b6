"""What is left to say of a text whose voice broke off."""

import pytest

from agent.wording.spoken_length import unsaid

LETTER_S = 0.1


@pytest.mark.parametrize(
    ("text", "said_s", "left"),
    [
        ("One two three.", 0.0, "One two three."),
        ("One two three.", 0.29, "One two three."),
        ("One two three.", 0.31, "two three."),
        ("One two three.", 0.65, "three."),
        ("One two three.", 99.0, "three."),
        ("Room 42 is free.", 0.5, "42 is free."),
        ("Room 42 is free.", 1.3, "is free."),
        ("你好，世界。", 1.1, "界。"),
        ("你好，世界。", 0.75, "世界。"),
        ("", 1.0, ""),
    ],
)
def test_a_word_that_was_not_over_is_said_again(text: str, said_s: float, left: str) -> None:
    assert unsaid(text, said_s, letter_s=LETTER_S) == left
