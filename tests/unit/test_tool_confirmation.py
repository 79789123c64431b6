"""The caller's yes to what a tool is about to do: what is one, and for what it counts."""

import pytest

from agent.tools.confirmation import Confirmation
from agent.wording.lexicon import LEXICONS

CALL = 'book {"people": 2}'
QUESTION = "Shall I book a table for two at seven?"
AGREED = {
    "en": ("Yes.", "yes please", "Yeah, go ahead.", "Um, sure, thanks.", "Okay, do it."),
    "zh": ("是的。", "好的，谢谢", "可以", "没问题", "對"),
    "es": ("Sí, por favor.", "Claro que sí", "si"),
    "pt": ("Sim, por favor.", "Pode ser."),
    "fr": ("Oui, s'il vous plaît.", "D'accord", "Bien sûr !"),
    "de": ("Ja, bitte.", "Ja gerne", "Genau."),
    "ja": ("はい、お願いします。", "もちろんです"),
    "it": ("Sì, grazie.", "Va bene"),
    "ko": ("네, 부탁합니다.", "좋아요"),
    "ru": ("Да, пожалуйста.", "Конечно."),
}
DENIED = {
    "en": ("No.", "Yes, but later.", "Yes?", "Mm-hm.", "Yes, no.", "Of course not.",
           "Yes, wait.", "I said yes to my wife yesterday", "", "Don't do it."),
    "zh": ("不是", "不要", "嗯", "好不好", "可以吗？", "不可以"),
    "es": ("No.", "Sí, pero mañana."),
    "pt": ("Não.", "Sim, mas não agora."),
    "fr": ("Non.", "Oui, mais pas ce soir.", "Si vous voulez"),
    "de": ("Nein.", "Ja, aber nicht heute.", "Ja, wenn es geht.", "Hm."),
    "ja": ("いいえ", "結構です", "いいです", "いりません"),
    "it": ("No.", "Sì, ma non oggi."),
    "ko": ("아니요", "네, 하지만 내일요"),
    "ru": ("Нет.", "Да нет.", "Да, но не сегодня."),
}  # fmt: skip


def is_clear_yes(text: str, languages: list[str], *, question: str) -> bool:
    confirmation = Confirmation(lambda: languages)
    confirmation.asks(CALL)
    confirmation.heard(question)
    confirmation.says(text)
    return confirmation.agreed(CALL)


@pytest.mark.parametrize("code", LEXICONS)
def test_a_clear_yes_is_one_in_every_language(code: str) -> None:
    for text in AGREED[code]:
        assert is_clear_yes(text, [code], question="?"), text


@pytest.mark.parametrize("code", LEXICONS)
def test_what_is_no_clear_yes_is_none(code: str) -> None:
    for text in DENIED[code]:
        assert not is_clear_yes(text, [code], question="?"), text


def test_words_of_the_question_may_stand_beside_the_yes_and_no_others() -> None:
    assert is_clear_yes("Yes, book a table for two, please.", ["en"], question=QUESTION)
    assert not is_clear_yes("Yes, book a table for three.", ["en"], question=QUESTION)
    assert is_clear_yes("好的，订两位", ["zh"], question="要为您订两位吗？")
    assert not is_clear_yes("好的，订三位", ["zh"], question="要为您订两位吗？")
    assert not is_clear_yes("Yes, not for two.", ["en"], question="Book it for two, or not?")


def test_a_yes_in_any_language_of_the_caller_counts() -> None:
    assert is_clear_yes("Ja, bitte.", ["zh", "de-AT"], question="?")
    assert not is_clear_yes("Ja, bitte.", ["zh"], question="?")


def talk() -> Confirmation:
    """The call was made once, and the caller has heard the question."""
    confirmation = Confirmation(lambda: ["en"])
    confirmation.asks(CALL)
    confirmation.heard(QUESTION)
    return confirmation


def test_a_yes_lets_the_same_call_run_once() -> None:
    confirmation = talk()
    confirmation.says("Yes, please.")
    assert confirmation.agreed(CALL)
    assert not confirmation.agreed(CALL)


def test_other_arguments_are_another_call() -> None:
    confirmation = talk()
    confirmation.says("Yes, please.")
    other = 'book {"people": 8}'
    assert not confirmation.agreed(other)
    confirmation.asks(other)
    assert not confirmation.agreed(other)
    assert not confirmation.agreed(CALL)


def test_a_second_call_beside_the_one_that_was_agreed_to_needs_a_yes_of_its_own() -> None:
    confirmation = talk()
    confirmation.says("Yes, please.")
    assert not confirmation.agreed('pay {"sum": 90}')
    assert confirmation.agreed(CALL)


def test_without_a_word_of_the_caller_the_call_does_not_run() -> None:
    confirmation = talk()
    assert not confirmation.agreed(CALL)


def test_a_yes_before_the_question_was_heard_is_none() -> None:
    confirmation = Confirmation(lambda: ["en"])
    confirmation.says("Yes, yes.")
    assert not confirmation.agreed(CALL)
    confirmation.asks(CALL)
    confirmation.says("Yes.")
    confirmation.heard(QUESTION)
    assert not confirmation.agreed(CALL)


def test_a_yes_after_another_answer_comes_too_late() -> None:
    confirmation = talk()
    confirmation.says("How long is it open?")
    confirmation.heard("Until ten.")
    confirmation.says("Yes.")
    assert not confirmation.agreed(CALL)


def test_a_yes_goes_with_what_is_said_right_after_it() -> None:
    confirmation = talk()
    confirmation.says("Yes.")
    confirmation.says("But for three.")
    assert not confirmation.agreed(CALL)


def test_a_yes_is_no_answer_any_more_once_the_talk_has_gone_on() -> None:
    confirmation = talk()
    confirmation.says("Yes.")
    confirmation.heard("Good. Anything else?")
    confirmation.says("Thanks.")
    assert not confirmation.agreed(CALL)


def test_nothing_is_agreed_to_for_another_person() -> None:
    confirmation = talk()
    confirmation.says("Yes.")
    confirmation.forget()
    assert not confirmation.agreed(CALL)


def test_a_yes_is_judged_in_the_language_that_was_heard() -> None:
    confirmation = talk()
    confirmation.says("Sí, claro.", language="es")
    assert confirmation.agreed(CALL)
