"""Russian."""

from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.picture_words import PictureWords
from agent.wording.lexicon.russian.figures import Russian
from agent.wording.lexicon.russian.help import HELP
from agent.wording.lexicon.russian.line import LINE
from agent.wording.lexicon.russian.pieces import PIECES
from agent.wording.lexicon.russian.turns import TURNS
from agent.wording.lexicon.russian.yes_no import YES_NO
from agent.wording.lexicon.turn_words import spaced

RUSSIAN = Lexicon(
    code="ru",
    figures=Russian(),
    turns=TURNS,
    pieces=PIECES,
    common=spaced(
        "и в не на я что с а он как это она мы вы но по из у за к же бы есть да нет так для мне вас"
    ),
    greeting="Здравствуйте! Спросите меня о чём угодно в этом проекте.",
    back="Я снова здесь. Продолжайте, пожалуйста.",
    filler="Одну минуту.",
    apologies={
        "stt": "Извините, не удалось разобрать. Повторите, пожалуйста.",
        "llm": "Извините, сейчас ответ не находится. Попробуйте ещё раз, пожалуйста.",
        "tts": "Голос только что пропал; что не было сказано, стоит в тексте в скобках.",
        "session": (
            "Извините, у меня что-то сломалось. Подождите немного или позвоните ещё раз, "
            "пожалуйста."
        ),
    },
    spare_voice="Голос только что пропал; вместо него говорит другой.",
    stand_by="Один из моих модулей не отвечает; его заменил другой.",
    may_remember="Можно мне запомнить это и то, о чём мы говорим, на следующий раз?",
    recorded="Этот разговор записывается.",
    farewell="Мне нужно закончить наш разговор. До свидания.",
    help=HELP,
    line=LINE,
    pictures=PictureWords(
        blind="Извините, я не вижу изображений. Скажите словами, что на нём.",
        unwanted="В этом разговоре я не смотрю изображения.",
        unreadable="Не получается открыть это как изображение. Пришлите JPEG, PNG, WebP или GIF.",
        too_large="Изображение слишком большое: я принимаю до {mb} МБ и {mp} мегапикселей.",
        too_many="К одному вопросу я беру не больше {most} изображений. Сначала спросите о них.",
        unfinished="Изображение пришло не целиком. Пришлите его ещё раз.",
    ),
    consent=Consent(
        sentence="Я разрешаю переводчику говорить моим голосом.",
        core="разрешаю",
        against=("не", "нет", "ни", "никогда", "нельзя", "запрещаю", "если", "ли", "бы"),
    ),
    yes_no=YES_NO,
)
