"""The spoken yes to one's own voice: what is one, in every language, and what is recorded then."""

import numpy as np
import pytest

from agent.hearing.ear import RATE_HZ
from agent.interpreting.consent import (
    ANSWER_S,
    BREATH_S,
    ENOUGH_S,
    MOST_S,
    RECORD_S,
    Outcome,
    Passage,
    Permission,
    judged,
)
from agent.wording.lexicon import ENGLISH, LEXICONS

SENTENCE = ENGLISH.consent.sentence
DENIED = {
    "en": (
        "I do not agree that the interpreter speaks with my voice.",
        "I don't agree that the interpreter speaks with my voice.",
        "I never agree that the interpreter speaks with my voice.",
        "I disagree that the interpreter speaks with my voice.",
        "No, I agree that the interpreter does not speak with my voice.",
    ),
    "zh": ("我不同意口译用我的声音说话。", "我沒有同意口譯用我的聲音說話。"),
    "es": ("No acepto que el intérprete hable con mi voz.",),
    "pt": (
        "Não concordo que o intérprete fale com a minha voz.",
        "Discordo que o intérprete fale com a minha voz.",
    ),
    "fr": (
        "Je n'accepte pas que l'interprète parle avec ma voix.",
        "Je refuse que l'interprète parle avec ma voix.",
    ),
    "de": (
        "Ich bin nicht einverstanden, dass der Dolmetscher mit meiner Stimme spricht.",
        "Nein, ich bin einverstanden, dass der Dolmetscher mit meiner Stimme spricht.",
    ),
    "ja": ("通訳が私の声で話すことに同意しません。", "通訳が私の声で話すことに同意しない。"),
    "it": ("Non accetto che l'interprete parli con la mia voce.",),
    "ko": (
        "통역사가 제 목소리로 말하는 것에 동의하지 않습니다.",
        "통역사가 제 목소리로 말하는 것에 동의 안 합니다.",
    ),
    "ru": (
        "Я не разрешаю переводчику говорить моим голосом.",
        "Я запрещаю переводчику говорить моим голосом.",
    ),
}


def passage(
    text: str,
    length_s: float = 3.0,
    *,
    at: float = 0.0,
    whole: bool = True,
    clear: bool = True,
    level: int = 1,
) -> Passage:
    pcm = np.full(round(length_s * RATE_HZ), level, np.int16)
    return Passage(pcm, text, "en", at, at + length_s, whole, clear)


@pytest.mark.parametrize("code", LEXICONS)
def test_the_sentence_of_each_language_is_a_yes_however_it_is_written(code: str) -> None:
    consent = LEXICONS[code].consent
    for spelling in (consent.sentence, *consent.spellings):
        bare = spelling.rstrip(".。").lower().replace(",", "")
        assert [judged(text, consent) for text in (spelling, bare)] == ["yes", "yes"], spelling


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in DENIED.items() for text in texts]
)
def test_a_denied_sentence_never_counts(code: str, text: str) -> None:
    assert judged(text, LEXICONS[code].consent) == "no"


def test_every_language_has_denials_here() -> None:
    assert set(DENIED) == set(LEXICONS)


@pytest.mark.parametrize(
    "text",
    [
        "I agree that the interpreter speaks with my boys.",
        "I agree that interpreter speak with my voice.",
        "Okay, I agree that the interpreter speaks with my voice.",
    ],
)
def test_recognition_errors_are_forgiven(text: str) -> None:
    assert judged(text, ENGLISH.consent) == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "I agree.",
        "I agree that the interpreter is very good.",
        "I agree that the interpreter speaks with my voice?",
        "A degree that the interpreter speaks with my voice.",
        "Somebody said to me: I agree that the interpreter speaks with my voice.",
        "With my voice speaks the interpreter, that I agree.",
        "Now the interpreter speaks with my voice and nobody asked me whether I agree to that.",
    ],
)
def test_anything_else_is_no_yes(text: str) -> None:
    assert judged(text, ENGLISH.consent) == "other"


def test_a_condition_is_no_yes() -> None:
    text = "If I agree that the interpreter speaks with my voice."
    assert judged(text, ENGLISH.consent) != "yes"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ([passage(SENTENCE)], Outcome.AGREED),
        ([passage("Where do I press?"), passage(SENTENCE, at=4.0)], Outcome.AGREED),
        (
            [
                passage("I agree that the", 1.0),
                passage("interpreter speaks with my voice.", 2.0, at=2.0),
            ],
            Outcome.AGREED,
        ),
        ([passage("I do not"), passage(SENTENCE, at=4.0)], None),
        ([passage("I do not"), passage(SENTENCE[2:], at=4.0)], Outcome.REFUSED),
        ([passage("No."), passage(SENTENCE, at=3.0 + BREATH_S + 0.1)], Outcome.AGREED),
        ([passage("", clear=False), passage(SENTENCE, at=4.0)], None),
        ([passage(SENTENCE, clear=False)], None),
        ([passage(SENTENCE, whole=False)], None),
        ([passage(f"{SENTENCE[:-1]} not.")], Outcome.REFUSED),
    ],
    ids=[
        *("said", "after something else", "in two breaths", "a no before it"),
        *("denied in two breaths", "a no long before it", "after unclear words", "unclear"),
        *("not over yet", "denied at its end"),
    ],
)
def test_what_is_said_within_the_time(said: list[Passage], outcome: Outcome | None) -> None:
    permission = Permission(ENGLISH.consent, now=0.0)
    outcomes = [permission.hears(one, one.end_s + 1.0) for one in said]
    assert outcomes[:-1] == [None] * (len(said) - 1)
    assert outcomes[-1] == outcome
    assert bool(permission.passages) == (outcome is Outcome.AGREED)


def test_a_yes_that_comes_too_late_is_none() -> None:
    permission = Permission(ENGLISH.consent, now=5.0)
    assert permission.look(5.0 + ANSWER_S - 0.1) is None
    assert permission.hears(passage(SENTENCE), 5.0 + ANSWER_S) is Outcome.UNSAID
    assert permission.hears(passage(SENTENCE), 5.0 + ANSWER_S) is None
    assert permission.passages == []


def agreed() -> Permission:
    permission = Permission(ENGLISH.consent, now=0.0)
    assert permission.hears(passage(SENTENCE, 3.0), 4.0) is Outcome.AGREED
    return permission


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([("a", 3.0, True), ("b", 2.5, True)], ["a", "b"]),
        ([("a", 5.5, True)], ["a"]),
        ([("a", 2.0, False), ("a b", 4.0, False), ("a b c", 5.2, False)], ["a b c"]),
        # What is longer than there is room for is kept up to a pause, or not at all.
        ([("a", 4.0, False), ("a b", 9.0, False)], ["a"]),
        ([("a", 9.0, True), ("b", 5.0, True)], ["b"]),
        ([("a", 2.0, False), ("a b", 9.0, True), ("c", 3.5, True)], ["a", "c"]),
    ],
    ids=[
        "utterances",
        "one",
        "up to a pause",
        "fair",
        "too long",
        "too long but for its beginning",
    ],
)
def test_whole_utterances_are_kept_until_there_is_enough(
    said: list[tuple[str, float, bool]], kept: list[str]
) -> None:
    permission = agreed()
    outcomes = [
        permission.hears(passage(text, length_s, whole=whole), 10.0)
        for text, length_s, whole in said
    ]
    assert outcomes == [*[None] * (len(said) - 1), Outcome.RECORDED]
    assert permission.text == " ".join([SENTENCE, *kept])
    assert 6.0 <= permission.length_s <= MOST_S
    assert permission.hears(passage("more", 3.0), 11.0) is None
    assert permission.text == " ".join([SENTENCE, *kept])


def test_what_is_not_clearly_speech_is_left_out() -> None:
    permission = agreed()
    assert permission.hears(passage("noise", 3.0, clear=False), 8.0) is None
    assert permission.hears(passage("voice", 5.5), 15.0) is Outcome.RECORDED
    assert permission.text == f"{SENTENCE} voice"


def test_a_no_while_they_are_recorded_takes_it_back() -> None:
    permission = agreed()
    assert permission.hears(passage(DENIED["en"][0]), 9.0) is Outcome.REFUSED
    assert permission.passages == []
    assert permission.length_s == 0.0


def test_who_says_little_more_has_a_short_recording() -> None:
    permission = agreed()
    assert permission.look(4.0 + RECORD_S) is Outcome.RECORDED
    assert permission.length_s == 3.0 < ENOUGH_S


def test_too_little_is_none() -> None:
    permission = Permission(ENGLISH.consent, now=0.0)
    assert permission.hears(passage(SENTENCE, 2.5), 4.0) is Outcome.AGREED
    assert permission.look(4.0 + RECORD_S) is Outcome.TOO_LITTLE
    assert permission.passages == []


def test_what_is_taken_back_is_gone() -> None:
    permission = agreed()
    permission.drop()
    assert permission.passages == []
    assert permission.hears(passage("more", 6.0), 9.0) is None
    assert permission.passages == []
