"""How the speech server cuts a text, and which language it reads each part in."""

import time

import pytest

from model_servers.tts.pieces import FIRST_CHARS, MOST_CHARS, pieces
from model_servers.tts.scripts import runs

CUTS = [
    # `|` marks a cut; the space beside it is not spoken.
    "Hello there.| How can I help?| Good!",
    "Dr. Smith lives at 3.5 Baker St. in London.| He is out.",
    "It is 5 p.m. in the U.S. now, e.g. in Boston.| J. R. Tolkien wrote.",
    'She said "stop."| Then she left.',
    "One line|\nand another|\n\n- a third",
    "你好，今天天气怎么样？|我很好。|再见！",
    "你好。」|他说。",
    "آپ کیسے ہیں؟| ٹھیک۔| شکریہ",
    "No end",
    "Wait…| what?!| Really!!",
    "...",
]


@pytest.mark.parametrize("marked", CUTS)
def test_a_text_is_cut_at_the_ends_of_its_sentences(marked: str) -> None:
    expected = [part.strip() for part in marked.split("|")]
    assert list(pieces(marked.replace("|", ""))) == expected


def test_a_long_first_sentence_is_cut_at_its_first_clause_so_that_audio_comes_early() -> None:
    first = "If you would like to speak to somebody, press the first of the four buttons"
    assert len(first) > FIRST_CHARS
    text = f"{first}, please. {first}, please."
    assert list(pieces(text)) == [
        "If you would like to speak to somebody,",
        "press the first of the four buttons, please.",
        f"{first}, please.",
    ]


def test_a_short_first_clause_is_not_spoken_alone() -> None:
    text = "Well, this is a first sentence that is too long to be spoken in one go by anybody."
    assert next(pieces(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "word " * 200,
        "x" * 1000,
        "one, " * 200,
        "这是一个很长的句子没有标点" * 40,
        "a first, " + "then more words " * 60,
    ],
)
def test_no_piece_is_longer_than_the_limit_and_nothing_is_lost(text: str) -> None:
    found = list(pieces(text))
    assert max(map(len, found)) <= MOST_CHARS
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("blank", [" ", "\t", "\u3000", " \n"])
def test_a_text_of_spaces_takes_no_longer_than_one_of_letters(blank: str) -> None:
    began = time.process_time()
    assert list(pieces(f"a{blank * 50_000}b")) in (["a b"], ["a", "b"])
    assert time.process_time() - began < 5  # a minute where each space looks at all the others


@pytest.mark.parametrize("text", ["", "  ", "\n\n", "\0\x07"])
def test_nothing_to_say_gives_no_piece(text: str) -> None:
    assert list(pieces(text)) == []


@pytest.mark.parametrize(
    ("text", "voice", "expected"),
    [
        ("Beijing is 北京 in Chinese.", "en-US", ["Beijing is |", "北京 |cmn", "in Chinese.|"]),
        ("你好", "en-US", ["你好|cmn"]),
        ("你好 hello", "zh-CN", ["你好 hello|"]),
        ("日本語を話します", "en", ["日本語を話します|ja"]),
        ("한국어 漢字", "en", ["한국어 漢字|ko"]),
        ("Привет, world!", "en", ["Привет, |ru", "world!|"]),
        ("Їжак", "en", ["Їжак|uk"]),
        ("سلام", "en", ["سلام|ar"]),
        ("چطوری", "en", ["چطوری|fa"]),
        ("Bonjour", "ru", ["Bonjour|"]),
        ("«12» — 3.5 %", "en", ["«12» — 3.5 %|"]),
        ("12 是", "en", ["12 是|cmn"]),
        ("ＡＢＣ", "en", ["ＡＢＣ|"]),
        ("ភាសា", "en", ["ភាសា|"]),
    ],
)
def test_a_script_that_the_voice_cannot_read_goes_to_its_own_language(
    text: str, voice: str, expected: list[str]
) -> None:
    found = [f"{run.text}|{run.language or ''}" for run in runs(text, voice, context=text)]
    assert found == expected


def test_kana_elsewhere_in_the_text_make_han_characters_japanese() -> None:
    found = list(runs("東京", "en-US", context="東京。とても大きいです。"))
    assert [run.language for run in found] == ["ja"]
