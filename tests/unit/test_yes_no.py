"""A caller's own yes or no to "May I?": what is one in each language, and what is neither."""

import pytest

from agent.wording.lexicon import LEXICONS
from agent.wording.yes_no import said_yes

YES = {
    "en": (
        *("Yes.", "yeah sure", "Okay!", "Of course you may.", "Yes, please do, thank you."),
        *("No problem.", "Go ahead", "Sure, remember that for next time.", "I don’t mind."),
    ),
    "zh": ("是的。", "好啊", "可以，谢谢", "當然可以", "没问题。", "嗯，请记住", "我同意。"),
    "es": ("Sí.", "si, claro", "Claro que sí, gracias.", "¡Por supuesto!", "Vale, adelante."),
    "pt": ("Sim.", "Pode sim.", "Claro, por favor.", "Tudo bem!", "Não há problema."),
    "fr": ("Oui.", "oui oui", "Bien sûr, allez-y.", "D’accord, merci.", "Pas de problème."),
    "de": ("Ja.", "Ja, gerne!", "Na klar, merken Sie sich das.", "Das dürfen Sie.", "ok danke"),
    "it": ("Sì.", "si certo", "Va bene, grazie.", "Certo che sì!", "D'accordo, faccia pure."),
    "ru": ("Да.", "да, конечно", "Хорошо, спасибо.", "Я не против.", "Можно, запомните это."),
    "ja": (
        "はい。",
        "ええ、お願いします",
        "もちろんです！",
        "うん、いいよ",
        "はい、覚えてください。",
    ),
    "ko": ("네.", "네, 좋아요", "물론이죠!", "예, 기억해 주세요.", "그렇게 하세요"),
}
NO = {
    "en": (
        *("No.", "nope", "No, thank you.", "Please don't.", "No, I have changed my mind."),
        *("Absolutely not!", "I'd rather not", "don't remember that"),
    ),
    "zh": ("不。", "不用了，谢谢", "不可以", "不要记住", "不，我再想一想", "算了", "當然不"),
    "es": ("No.", "no, gracias", "Claro que no.", "Mejor no.", "No, eso es privado."),
    "pt": ("Não.", "nao, obrigado", "Claro que não.", "De jeito nenhum!", "Não, é segredo."),
    "fr": ("Non.", "Non merci.", "Bien sûr que non !", "Surtout pas.", "Non, c'est privé."),
    "de": (
        "Nein.",
        "nein danke",
        "Lieber nicht.",
        "Das möchte ich nicht.",
        "Nein, das ist privat.",
    ),
    "it": ("No.", "no grazie", "Certo che no!", "Preferisco di no.", "No, è una cosa privata."),
    "ru": ("Нет.", "нет, спасибо", "Конечно, нет.", "Не надо!", "Нет, это личное."),
    "ja": ("いいえ。", "いいえ、結構です", "だめです", "やめてください。", "いや、秘密です"),
    "ko": ("아니요.", "아니요, 괜찮습니다만 싫어요", "하지 마세요", "안 돼요!", "싫어요."),
}
NEITHER = {
    "en": (
        *("", "…", "Yes?", "Yes, but not my name.", "yes but no", "Yes and no.", "Maybe."),
        *("If you must, yes.", "I don't know.", "What time is it?", "No, wait, yes.", "no idea"),
        *("Yes, my name is Anna.", "Thank you.", "Somebody said yes.", "No, I don't mind."),
        *("Yes, if you delete it later.", "Never mind", "Yesterday.", "yes no"),
    ),
    "zh": (
        "可以吗？",
        "好不好",
        "是，但是不要我的名字",
        "也许吧",
        "你好",
        "不，可以",
        "对了",
        "行了",
    ),
    "es": ("¿Sí?", "Sí, pero no mi nombre.", "sí y no", "Tal vez.", "No sé.", "No, bueno, sí."),
    "pt": ("Sim?", "Sim, mas não o meu nome.", "sim e não", "Talvez.", "Não sei.", "Não, sim."),
    "fr": (
        "Oui ?",
        "Oui, mais pas mon nom.",
        "oui et non",
        "Peut-être.",
        "Je sais pas.",
        "non oui",
    ),
    "de": ("Ja?", "Ja, aber nicht meinen Namen.", "Jein.", "ja nein", "Vielleicht.", "Bitte."),
    "it": ("Sì?", "Sì, ma non il mio nome.", "sì e no", "Forse.", "Non lo so.", "No, anzi, sì."),
    "ru": ("Да?", "Да, но не моё имя.", "да нет", "Может быть.", "Не знаю.", "Нет, не против."),
    "ja": (
        "いいですか？",
        "はい、でも名前はだめです",
        "結構です",
        "大丈夫です",
        "たぶん",
        "そうですか",
    ),
    "ko": ("네?", "네, 하지만 이름은 안 돼요", "글쎄요", "몰라요", "아마도요", "안녕하세요"),
}


def cases(texts: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(code, text) for code, listed in texts.items() for text in listed]


@pytest.mark.parametrize(("code", "text"), cases(YES))
def test_a_clear_yes_is_one(code: str, text: str) -> None:
    assert said_yes(text, code) is True


@pytest.mark.parametrize(("code", "text"), cases(NO))
def test_a_clear_no_is_one(code: str, text: str) -> None:
    assert said_yes(text, code) is False


@pytest.mark.parametrize(("code", "text"), cases(NEITHER))
def test_anything_else_is_neither(code: str, text: str) -> None:
    assert said_yes(text, code) is None


def test_every_language_has_its_sentences_here() -> None:
    assert set(YES) == set(NO) == set(NEITHER) == set(LEXICONS)


@pytest.mark.parametrize("code", LEXICONS)
def test_what_a_language_lists_is_what_it_is_listed_as(code: str) -> None:
    words = LEXICONS[code].yes_no
    assert [phrase for phrase in words.yes if said_yes(phrase, code) is not True] == []
    assert [phrase for phrase in words.no if said_yes(phrase, code) is not False] == []
    assert [phrase for phrase in words.beside if said_yes(phrase, code)] == []


@pytest.mark.parametrize("language", ["", "nl", "und"])
def test_without_a_known_language_all_are_asked(language: str) -> None:
    heard = [said_yes(text, language) for text in ("Ja", "はい", "Não.", "Yes, but no.", "qwerty")]
    assert heard == [True, True, False, None, None]


def test_a_tag_with_a_region_is_understood() -> None:
    assert said_yes("Na klar", "de-AT") is True
    assert said_yes("好", "cmn-Hans-CN") is True


def test_a_long_text_is_no_answer() -> None:
    assert said_yes("yes " * 3, "en") is True
    assert said_yes("yes " * 20_000, "en") is None
