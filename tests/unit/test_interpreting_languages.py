"""Who speaks and reads what: attributes, requests, the job's own."""

from pathlib import Path

import pytest

from agent.interpreting.job import read_glossary
from agent.interpreting.languages import Languages, LanguageWish, same, tag_of
from agent.room_protocol import HEARS, SPEAKS


def test_what_is_so_of_all_holds_until_somebody_says_otherwise() -> None:
    languages = Languages(spoken="en", wanted=("pt", "zh", "pt"))
    assert languages.wanted == ("pt", "zh")
    assert languages.spoken_by("ann") == "en"
    assert languages.attributes("ann", {SPEAKS: "de-CH", HEARS: "es"})
    assert languages.spoken_by("ann") == "de-CH"
    assert languages.wanted == ("pt", "zh", "es")


def test_news_is_told_from_what_is_known() -> None:
    languages = Languages(spoken="", wanted=())
    assert not languages.attributes("ann", {})
    assert languages.attributes("ann", {HEARS: "es"})
    assert not languages.attributes("ann", {HEARS: "es", "color": "red"})


def test_what_was_said_by_a_request_stays_while_attributes_say_nothing_of_it() -> None:
    languages = Languages(spoken="", wanted=())
    languages.says("ann", LanguageWish("en", "pt"))
    assert not languages.attributes("ann", {"color": "red"})
    assert languages.of("ann") == LanguageWish("en", "pt")
    assert languages.attributes("ann", {HEARS: ""})
    assert languages.of("ann") == LanguageWish("en", "")


def test_a_language_that_is_fit_is_not_translated_into_twice() -> None:
    languages = Languages(spoken="", wanted=("pt-BR",))
    languages.attributes("ann", {HEARS: "pt-PT"})
    languages.attributes("bob", {HEARS: "zh"})
    languages.attributes("eve", {HEARS: "zh-Hans"})
    assert languages.wanted == ("pt-BR", "zh")


def test_who_leaves_takes_their_wish_along() -> None:
    languages = Languages(spoken="", wanted=())
    languages.attributes("ann", {HEARS: "es"})
    languages.left("ann")
    assert languages.wanted == ()


def test_a_crowd_adds_eight_languages_and_no_more() -> None:
    languages = Languages(spoken="", wanted=("pt",))
    for number, tag in enumerate(("aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii", "jj")):
        languages.attributes(f"p{number}", {HEARS: tag})
    assert languages.wanted == ("pt", "aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh")


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("en", "en"),
        (" zh-Hans-CN ", "zh-Hans-CN"),
        ("EN", "EN"),
        ("english", ""),
        ("e", ""),
        ("en; rm -rf", ""),
        ("x" * 100, ""),
        ("en" + "-aa" * 20, ""),
        ("", ""),
        (7, ""),
        (None, ""),
        (["en"], ""),
    ],
)
def test_only_tags_are_taken_from_clients(value: object, tag: str) -> None:
    assert tag_of(value) == tag


@pytest.mark.parametrize(
    ("one", "other", "fit"),
    [("pt", "pt-BR", True), ("PT-pt", "pt-BR", True), ("en", "de", False), ("", "en", False)],
)
def test_which_texts_are_fit(one: str, other: str, fit: bool) -> None:
    assert same(one, other) == fit


def test_a_glossary_is_a_line_a_term(tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_text("\ufeff# ours\nbarge-in = interrupção\n\nLiveKit\na=b=c\n", encoding="utf-8")
    assert read_glossary(file) == {"barge-in": "interrupção", "LiveKit": "LiveKit", "a": "b=c"}
    assert read_glossary(None) == {}
    assert read_glossary(file.with_name("none")) == {}
