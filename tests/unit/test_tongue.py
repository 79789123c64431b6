"""Which language an utterance is in, by its words alone."""

import pytest

from agent.turns.tongue import told_by_words
from agent.turns.words import tokens


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I went to the station this morning,", "en"),
        ("Eu gosto muito de café, mas não", "pt"),
        ("Ich habe ihn dort getroffen", "de"),
        ("今天天气", "zh"),
        ("Ik ging vanochtend naar het station", ""),
        ("Good morning, everybody.", ""),
        ("", ""),
    ],
)
def test_words_tell_their_language_where_they_surely_do(text: str, code: str) -> None:
    assert told_by_words(tokens(text)) == code
