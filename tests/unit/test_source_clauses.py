"""Where what somebody says is cut to be translated: per language, as growing texts."""

import pytest

from agent.interpreting.agreement import words_of
from agent.interpreting.clauses import PAUSE_S, SHORT_PAUSE_S, clause_end


def cut(
    text: str, language: str, *, stable: int | None = None, pause_s: float = 0.0, over: bool = False
) -> list[str]:
    """All clauses of a text of which `stable` words stay."""
    words, found = words_of(text), []
    left = len(words) if stable is None else stable
    while count := clause_end(words, left, language=language, pause_s=pause_s, over=over):
        found.append("".join(word.text for word in words[:count]).strip())
        words, left = words[count:], left - count
    return found


@pytest.mark.parametrize(
    ("language", "text", "clauses"),
    [
        ("en", "I went to the station, but the train", ["I went to the station,"]),
        ("en", "Well, I don't know", []),
        ("en", "It is late. We should go", ["It is late."]),
        ("en", "Dr. Smith paid 1,500 dollars at 3:30 to", []),
        ("en", "I stayed at home all day because it was", ["I stayed at home all day"]),
        ("es", "Ayer fui al mercado, pero estaba", ["Ayer fui al mercado,"]),
        ("es", "¿Dónde está? No lo", ["¿Dónde está?"]),
        ("pt", "Eu gosto muito de café, mas não", ["Eu gosto muito de café,"]),
        ("zh", "今天天气非常好，我们去公园吧，", ["今天天气非常好，"]),
        ("zh", "你好，我们", []),
        ("zh", "他来了。我们走", ["他来了。"]),
        ("de", "Ich habe gestern meinen Bruder und seine Frau am Bahnhof", []),
        (
            "de",
            "Ich habe ihn am Bahnhof getroffen, weil er",
            ["Ich habe ihn am Bahnhof getroffen,"],
        ),
        ("ja", "昨日は雨が降ったので、家にいました", ["昨日は雨が降ったので、"]),
        ("", "Some language that nobody knows, and more", ["Some language that nobody knows,"]),
    ],
)
def test_a_clause_ends_at_its_mark_or_before_a_conjunction(
    language: str, text: str, clauses: list[str]
) -> None:
    assert cut(text, language) == clauses


def test_a_clause_ends_with_words_that_stay() -> None:
    text = "I went to the station, but the train"
    assert cut(text, "en", stable=4) == []
    assert cut(text, "en", stable=5) == ["I went to the station,"]


def test_a_long_one_is_cut_between_words_that_do_not_belong_together() -> None:
    text = (
        "the old man walked slowly down the long road to his house near the river in the morning "
        "sun and in the rain"
    )
    first = cut(text, "en")[0]
    assert 16 <= len(first.split()) < len(text.split())
    assert first.split()[-1] not in ("the", "in", "to")


@pytest.mark.parametrize(
    ("text", "language", "pause_s", "ends"),
    [
        ("We are going home.", "en", SHORT_PAUSE_S, True),
        ("We are going home.", "en", SHORT_PAUSE_S - 0.05, False),
        ("We are going home", "en", PAUSE_S, True),
        ("We are going to the", "en", PAUSE_S, False),
        ("明天我们去北京。", "zh", SHORT_PAUSE_S, True),
        ("因为", "zh", PAUSE_S, False),
    ],
)
def test_a_pause_ends_what_may_end(text: str, language: str, pause_s: float, ends: bool) -> None:
    assert cut(text, language, pause_s=pause_s) == ([text] if ends else [])


def test_when_nothing_follows_all_is_a_clause() -> None:
    assert cut("We are going to the", "en", over=True) == ["We are going to the"]
    assert cut("", "en", over=True) == []
