"""What a caller's words say about the turn, as tables of texts that recognisers return."""

import pytest

from agent.turns.words import (
    Wording,
    is_backchannel,
    read,
    same_words,
    surely_heard,
    takes_the_floor,
)
from tests.unit import everyday_answers as everyday

LISTENING = [
    *("mm-hm", "Mm-hmm.", "Hmm.", "uh huh", "Okay.", "okay, okay", "Yeah, right.", "Oh really?"),
    *("I see.", "Got it, thanks.", "Of course", "That's right!", "all right", "Thank you."),
    *(
        "嗯",
        "嗯嗯。",
        "对对对",
        "好的，明白。",
        "嗯好的",
        "原来如此",
        "没错",
        "はい、はい",
        "なるほど",
    ),
    *("네 네", "Ja, genau.", "ach so", "D’accord.", "sí, claro"),
]
WANTING_THE_FLOOR = [
    *(
        "Wait",
        "Stop.",
        "No, no.",
        "Hey, can I",
        "Actually",
        "Okay, but wait",
        "Yeah, what about it",
    ),
    *("What is", "I", "the", "Thank you very much, but I"),
    *(
        "等等",
        "等一下",
        "停",
        "不是",
        "嗯，但是",
        "今天",
        "ちょっと待って",
        "待って",
        "잠깐",
        "아니",
    ),
    *("Moment, ich", "nein", "non", "espera"),
]
WORDLESS = ["", " ", "...", "?!", "“”"]


@pytest.mark.parametrize("text", LISTENING)
def test_a_sign_of_listening_does_not_take_the_floor(text: str) -> None:
    assert is_backchannel(text)
    assert not takes_the_floor(text)


@pytest.mark.parametrize("text", WANTING_THE_FLOOR)
def test_first_words_that_take_the_floor(text: str) -> None:
    assert takes_the_floor(text)
    assert not is_backchannel(text)


@pytest.mark.parametrize("text", WORDLESS)
def test_a_text_without_words_is_neither(text: str) -> None:
    assert not takes_the_floor(text)
    assert not is_backchannel(text)


def test_many_signs_of_listening_are_no_sign_of_listening() -> None:
    assert not is_backchannel("okay " * 7)


@pytest.mark.parametrize(
    ("text", "believed"),
    [
        *[("person.", ""), ("So...", ""), ("Highs.", ""), ("I", ""), ("他", "")],
        *[("Perfect.", "Perfect."), ("Wait", "Wait"), ("等", "等"), ("I want", "I want"), ("", "")],
    ],
)
def test_a_lone_word_that_was_cut_off_is_not_believed(text: str, believed: str) -> None:
    assert surely_heard(text) == believed


@pytest.mark.parametrize("word", ["okay ", "对", "mm hm "])
def test_a_recogniser_that_loops_holds_nothing_up(word: str) -> None:
    """Coverings are many: going through all of them would not end before the call does."""
    assert takes_the_floor(word * 2000 + "x")
    assert not takes_the_floor(word * 2000)
    assert takes_the_floor(word * 50 + "我x", complete=False)


WORDINGS = {
    Wording.FINISHED: [
        *("What is the weather like today?", "No, thanks.", "It is 42.", "Let's go.", '"I know."'),
        *("Where are you from?", "What is that for?", "Two hundred twenty five.", "On 3/4/2025."),
        *(
            "I'm fine, and you?",
            "Write to ann@example.org.",
            "I like it too.",
            "Is it 5 or 6?",
            "Is it one?",
        ),
        *("Ich gehe nach Hause.", "Wie spät ist es?"),
        *(
            "今天天气怎么样？",
            "请告诉我今天的天气。",
            "从三点到五点。",
            "好了",
            "是吗",
            "今日はいい天気です",
            "좋아요",
        ),
    ],
    Wording.PLAIN: [
        *("", "...", "Yes", "Yes.", "Hello.", "What is the weather like today", "Please call"),
        *("john at gmail dot com", "Me too", "At 10:30", "yes I do", "I think so", "Is it on?"),
        *("今天天气怎么样", "我想问一下", "北京"),
    ],
    Wording.UNFINISHED: [
        *(
            "I would like to",
            "I'd like to book a",
            "I want to go to Berlin and.",
            "Because",
            "Well,",
        ),
        *("I think...", "I think…", "Where are you from", "for?", "So I went to -", "for example"),
        *("Das Wetter ist schön und", "je voudrais le", "Quiero ir a la"),
        *(
            "我想",
            "请问",
            "因为",
            "如果明天下雨的话",
            "我要去北京，",
            "行きたいんですけど",
            "그리고",
        ),
    ],
    Wording.DICTATION: [
        *("My number is zero one seven", "My number is 0 1 7", "My number is 555-123", "A B C"),
        *(
            "It's spelled B O B",
            "john at gmail dot",
            "it is ann@example",
            "我的电话是一三八",
            "null eins sieben",
        ),
    ],
}


@pytest.mark.parametrize(
    ("text", "wording"), [(text, wording) for wording, texts in WORDINGS.items() for text in texts]
)
def test_how_a_pause_after_these_words_is_read(text: str, wording: Wording) -> None:
    assert read(text) is wording


# One test a table, which lists what is wrong: a test for each of 400 texts takes a minute.


@pytest.mark.parametrize("table", [everyday.WHOLE_EN, everyday.WHOLE_ZH, everyday.WHOLE_OTHERS])
def test_everyday_answers_are_whole(table: str) -> None:
    found = {text: read(text) for text in everyday.texts(table)}
    assert {text: how for text, how in found.items() if how is not Wording.FINISHED} == {}


@pytest.mark.parametrize("table", [everyday.SHORT_ZH, everyday.DOUBTFUL])
def test_answers_in_doubt_do_not_wait_for_the_ceiling(table: str) -> None:
    found = {text: read(text) for text in everyday.texts(table)}
    no_doubt = (Wording.UNFINISHED, Wording.DICTATION)
    assert {text: how for text, how in found.items() if how in no_doubt} == {}


def test_what_is_said_in_mid_sentence_is_unfinished() -> None:
    found = {text: read(text) for text in everyday.texts(everyday.UNFINISHED_TEXTS)}
    assert {text: how for text, how in found.items() if how is not Wording.UNFINISHED} == {}


def test_who_bids_the_agent_go_on_does_not_take_the_floor() -> None:
    said = everyday.texts(everyday.LISTENING)
    assert [text for text in said if takes_the_floor(text) or not is_backchannel(text)] == []


def test_what_only_begins_like_a_sign_of_listening_takes_the_floor() -> None:
    said = everyday.texts(everyday.INTERRUPTING)
    assert [text for text in said if is_backchannel(text) or not takes_the_floor(text)] == []


@pytest.mark.parametrize(
    "text", ["go", "Please", "sure, go", "Keep", "That's", "de", "请", "I", "我"]
)
def test_words_that_may_become_a_sign_of_listening_say_nothing_yet(text: str) -> None:
    assert not takes_the_floor(text, complete=False)
    assert takes_the_floor(text)


@pytest.mark.parametrize("text", ["I want", "What", "go back", "please stop", "No", "我要", "不"])
def test_other_first_words_take_the_floor_before_the_rest_is_known(text: str) -> None:
    assert takes_the_floor(text, complete=False)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("What time is it?", "what time is it", True),
        ("It’s late.", "it's  late", True),
        ("今天，好吗？", "今天好吗", True),
        ("ＡＢＣ 1", "abc 1", True),
        ("", "...", True),
        ("What time is it?", "What time is it now?", False),
        ("It's late.", "Its late.", False),
        ("今天好吗", "今天好", False),
    ],
)
def test_same_words_ignores_case_punctuation_and_space(one: str, other: str, same: bool) -> None:
    assert same_words(one, other) is same
