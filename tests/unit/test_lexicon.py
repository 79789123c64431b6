"""What is known of each language, and what is not yet."""

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import get_args

import pytest

from agent.wording.lexicon import ENGLISH, LEXICONS, lexicon_of
from agent.wording.lexicon.entry import Fault, Lexicon
from agent.wording.lexicon.language import Language
from agent.wording.lexicon.picture_words import PictureWords
from agent.wording.lexicon.turn_words import DenseEnds

COMPLETE = ("en", "zh", "es", "pt", "fr", "de", "ja", "it", "ru")
LACKING = {
    "ko": {
        "turns.digits", "turns.scales", "turns.between_digits", "turns.address",
        "turns.mail", "turns.numbers", "turns.ends.whole", "turns.ends.open", "pieces.segmenter",
        "pieces.breaks_after", "pieces.breaks_before", "pieces.binds_next", "pieces.numbers",
    },
}  # fmt: skip
PLACES = {"too_large": {"mb", "mp"}, "too_many": {"most"}}
"""What is put into sentences about pictures."""
OF_SOME = {"letters", "consent.spellings", "pieces.ordinal_leads", "turns.variants"}
"""What a language need not have."""
OF_SPACES = {
    *("common", "pieces.abbreviations", "pieces.before_number", "pieces.open_ended"),
    "pieces.conjunctions",
}
"""What only a language written with spaces has: scripts and a segmenter do it for the others."""
OF_NO_SPACES = {
    *("pieces.segmenter", "pieces.breaks_after", "pieces.breaks_before"),
    *("turns.ends.open", "turns.ends.doubtful"),
}
"""What only the others must have."""


def empty(part: object, prefix: str = "") -> Iterator[str]:
    """The names of all fields, of parts too, that hold nothing."""
    for field in fields(part):  # type: ignore[arg-type]
        name, value = prefix + field.name, getattr(part, field.name)
        if isinstance(value, Language):
            continue
        if hasattr(value, "__dataclass_fields__"):
            yield from empty(value, f"{name}.")
        elif not value:
            yield name


def lacks(lexicon: Lexicon) -> set[str]:
    dense = isinstance(lexicon.turns.ends, DenseEnds)
    others = OF_SPACES if dense else OF_NO_SPACES
    missing = set(empty(lexicon)) - others - OF_SOME
    figures = {
        f"figures.{name}" for name in Language.__annotations__ if not hasattr(lexicon.figures, name)
    }
    faults = {f"apologies.{fault}" for fault in get_args(Fault) if not lexicon.apologies.get(fault)}
    return missing | figures | faults


@pytest.mark.parametrize("code", COMPLETE)
def test_a_complete_language_lacks_nothing(code: str) -> None:
    assert lacks(LEXICONS[code]) == set()


@pytest.mark.parametrize("code", sorted(LEXICONS.keys() - set(COMPLETE)))
def test_what_another_language_lacks_is_known(code: str) -> None:
    assert lacks(LEXICONS[code]) == LACKING[code]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("zh-Hans-CN", "zh"),
        ("PT-br", "pt"),
        ("nl", "en"),
        ("", "en"),
    ],
)
def test_a_lexicon_is_found_by_a_languages_tag(code: str, expected: str) -> None:
    assert lexicon_of(code).code == expected


def test_every_language_says_something_of_its_own() -> None:
    for field in fields(PictureWords):
        shown = [getattr(lexicon.pictures, field.name) for lexicon in LEXICONS.values()]
        assert all(shown)
        assert len(set(shown)) == len(shown)
        for text in shown:
            assert set(re.findall(r"{(\w+)}", text)) == PLACES.get(field.name, set())
    for text in ("greeting", "back", "filler", "spare_voice", "stand_by"):
        said = [getattr(lexicon, text) for lexicon in LEXICONS.values()]
        assert all(said)
        assert text == "filler" or len(set(said)) == len(said)
    assert {ENGLISH.apologies[fault] for fault in get_args(Fault)} == set(
        ENGLISH.apologies.values()
    )
