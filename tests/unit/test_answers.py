"""Answers as people give them, written down before the lexicon was.

Of each language one part is for mending by rule. The other part, `held`, was counted and never
looked into: its numbers say how answers fare that no rule was made for.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.turns.words import Wording, is_backchannel, read, takes_the_floor

TABLES = Path(__file__).parent / "answers"
HELD = {"chinese": 58, "english": 62, "french": 22, "german": 22, "japanese": 22,
        "portuguese": 21, "spanish": 21}  # fmt: skip
"""Right of the answers that no rule was made for."""
LANGUAGES = sorted(HELD)
_WHOLE = (Wording.FINISHED, Wording.PLAIN)


def is_right(expected: str, text: str) -> bool:
    """Whether the words are taken for what they are."""
    wording, floor = read(text), takes_the_floor(text)
    match expected:
        case "whole":
            return wording in _WHOLE
        case "open":
            return wording is Wording.UNFINISHED
        case "dictating":
            return wording is Wording.DICTATION
        case "listening":
            return is_backchannel(text) and not floor
        case "stop":
            return floor and not is_backchannel(text) and wording in _WHOLE
        case "cutting in":
            return floor and not is_backchannel(text) and wording is Wording.UNFINISHED
    raise ValueError(expected)


def answers(language: str, part: str) -> Iterator[tuple[str, str]]:
    """What is expected of a text, and the text."""
    within = ""
    for line in (TABLES / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            within = line[2:]
        elif within == part:
            expected, text = line.split("\t")
            yield expected, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_everyday_answers_are_taken_for_what_they_are(language: str) -> None:
    wrong = [answer for answer in answers(language, "seen") if not is_right(*answer)]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_answers_that_no_rule_was_made_for_are_too(language: str) -> None:
    assert sum(is_right(*answer) for answer in answers(language, "held")) >= HELD[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_full_stop_alone_does_not_end_an_open_sentence(language: str) -> None:
    """Recognisers write one where the audio ends."""
    begun = [text for expected, text in answers(language, "seen") if expected == "open"]
    ended = [text for text in begun if read(text.rstrip(".") + ".") is Wording.FINISHED]
    assert ended == []


@pytest.mark.parametrize(
    ("text", "tag", "wording"),
    [
        ("I don't want to die.", "", Wording.FINISHED),
        ("The battery died.", "de", Wording.FINISHED),
        ("Then let it die", "", Wording.PLAIN),
        ("Ich nehme die", "", Wording.UNFINISHED),
        ("Die", "de", Wording.UNFINISHED),
        ("Die", "en", Wording.PLAIN),
        ("Pan con", "es-MX", Wording.UNFINISHED),
        ("Pro and con", "en", Wording.PLAIN),
        ("Dat is de", "nl", Wording.PLAIN),
        ("Hij is in mijn", "nl", Wording.PLAIN),
        ("I would like to go to the", "cy", Wording.UNFINISHED),
        ("三时", "ja", Wording.PLAIN),
    ],
)
def test_a_word_counts_for_the_language_of_the_utterance_alone(
    text: str, tag: str, wording: Wording
) -> None:
    assert read(text, tag) is wording


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[("我想問一下關於", "open"), ("我的電話是", "open"), ("因為我", "open")],
        *[("沒問題。", "listening"), ("對對。", "listening"), ("請繼續說。", "listening")],
        *[("不對,不是這個。", "stop"), ("違います。", "stop"), ("我的訂單號是739152。", "whole")],
    ],
)
def test_traditional_characters_are_read_as_simplified_ones(text: str, expected: str) -> None:
    assert is_right(expected, text)


@pytest.mark.parametrize(
    "text", ["That's all I have", "Who am I talking to", "I can't remember what it was"]
)
def test_a_whole_sentence_waits_for_no_mark_of_a_recogniser_that_writes_none(text: str) -> None:
    assert read(text) is Wording.UNFINISHED
    assert read(text, marks=False) is Wording.PLAIN
