"""Who asks for a human being, or tells of an emergency, is understood in each language."""

import pytest

from agent.wording.calls_for_help import asks_for_human, tells_of_emergency
from agent.wording.lexicon import LEXICONS

HUMAN = [
    ("en", "A human, please."),
    ("en", "No. I'd like to speak to a real person now."),
    ("en", "Could you put me through to an operator?"),
    ("en", "OPERATOR!"),
    ("zh", "请转人工。"),
    ("zh", "我想跟真人说话，可以吗？"),
    ("es", "Quiero hablar con una persona, por favor."),
    ("pt", "Quero falar com um atendente."),
    ("fr", "Je voudrais parler à un conseiller, s'il vous plaît."),
    ("de", "Ich möchte bitte mit einem Menschen sprechen."),
    ("it", "Vorrei parlare con un operatore, per favore."),
    ("ja", "オペレーターにつないでください。"),
    ("ko", "상담원 연결해 주세요."),
    ("ru", "Соедините меня с оператором, пожалуйста."),
]
NOBODY = [
    ("en", "Are you a human?"),
    ("en", "How many people work there?"),
    ("en", "What does an operator earn?"),
    ("en", "A person has called me yesterday."),
    ("en", "Please."),
    ("en", ""),
    ("zh", "人工智能是什么？"),
    ("de", "Ist der Mensch von Natur aus gut?"),
    ("ja", "人はなぜ眠るのですか？"),
]
EMERGENCY = [
    ("en", "Quick, my husband is not breathing!"),
    ("en", "Please call an ambulance to Main Street."),
    ("zh", "快帮我叫救护车！"),
    ("es", "Mi padre no respira, ayuda."),
    ("pt", "Acho que é um ataque cardíaco."),
    ("fr", "Mon père fait une crise cardiaque."),
    ("de", "Hilfe, meine Frau atmet nicht!"),
    ("it", "Chiami un'ambulanza, presto."),
    ("ja", "早く救急車を呼んで！"),
    ("ko", "빨리 구급차를 불러 주세요!"),
    ("ru", "Вызовите скорую, ему плохо!"),
]


@pytest.mark.parametrize(("language", "text"), HUMAN)
def test_a_human_being_is_asked_for(language: str, text: str) -> None:
    assert asks_for_human(text, language)
    assert asks_for_human(text, ""), "it is not known which language was spoken"


@pytest.mark.parametrize(("language", "text"), NOBODY)
def test_who_says_more_than_that_is_answered_by_the_model(language: str, text: str) -> None:
    assert not asks_for_human(text, language)
    assert not asks_for_human(text, "")


@pytest.mark.parametrize(("language", "text"), EMERGENCY)
def test_an_emergency_is_heard_among_other_words(language: str, text: str) -> None:
    assert tells_of_emergency(text, language)
    assert tells_of_emergency(text, "")


@pytest.mark.parametrize(
    "text",
    ["Is the emergency room open today?", "Do you sell heart rate monitors?", "火锅店在哪里？"],
)
def test_what_only_sounds_like_one_is_none(text: str) -> None:
    assert not tells_of_emergency(text, "")


def test_a_persona_has_words_of_its_own_beside_those_of_the_language() -> None:
    assert not asks_for_human("The front desk, please.", "en")
    assert asks_for_human("The front desk, please.", "en", further=["the front desk"])
    assert tells_of_emergency("There is gas in the lab.", "en", further=["gas in the lab"])


@pytest.mark.parametrize("code", sorted(LEXICONS))
def test_what_is_said_then_has_a_place_for_the_number(code: str) -> None:
    words = LEXICONS[code].help
    assert words.no_help.format(number="112") != words.no_help
    assert words.nobody
    assert words.own_number
