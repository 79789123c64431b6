"""How loud people's own words are for a telephone: low if they are translated for it."""

import pytest

from agent.interpreting.levels import FULL, LOW, Levels


def level(levels: Levels, *, speaks: str = "", hears: str = "pt-BR") -> float:
    return levels.of("ann", speaks=speaks, hears=hears)


@pytest.mark.parametrize(
    ("speaks", "expected"),
    [("en", LOW), ("pt", FULL), ("pt-PT", FULL), ("", FULL)],
    ids=["is translated", "the same language", "fit for it", "nobody knows yet"],
)
def test_before_somebody_has_spoken_it_is_what_they_say_they_speak(
    speaks: str, expected: float
) -> None:
    assert level(Levels(), speaks=speaks) == expected


def test_what_was_heard_of_them_last_counts_for_more() -> None:
    levels = Levels()
    levels.spoke("ann", "pt")
    assert level(levels, speaks="en") == FULL
    levels.spoke("ann", "es")
    assert level(levels, speaks="pt") == LOW
    levels.spoke("ann", "")
    assert level(levels, speaks="pt") == LOW


def test_who_speaks_what_nobody_knows_is_low_once_they_are_translated() -> None:
    levels = Levels()
    levels.translated("ann", "en", works=True)
    assert level(levels) == FULL
    levels.translated("ann", "pt", works=True)
    assert level(levels) == LOW


def test_what_cannot_be_translated_is_heard_as_it_is() -> None:
    levels = Levels()
    levels.spoke("ann", "en")
    levels.translated("ann", "pt", works=False)
    assert level(levels) == FULL
    levels.spoke("ann", "en")
    assert level(levels) == FULL
    levels.translated("ann", "pt", works=True)
    assert level(levels) == LOW


def test_who_comes_under_a_name_that_somebody_had_is_not_taken_for_them() -> None:
    levels = Levels()
    for name in ("ann", "bob"):
        levels.spoke(name, "es")
        levels.translated(name, "pt", works=False)
    levels.keep({"bob"})
    assert level(levels) == FULL
    levels.translated("bob", "pt", works=True)
    assert levels.of("bob", speaks="", hears="pt") == LOW
