"""What callers say that is no question about a topic, in English and Chinese.

Phrases are compared without punctuation and fillers, as a recogniser may or may not write
them. Only a whole utterance counts: "stop" is an order, "how do I stop it" a question. Before
a question they are passed over.
"""

import re
import unicodedata
from collections.abc import Mapping
from enum import Enum

from agent.wording.scripts import HAN


class Intent(Enum):
    """What a caller wants who asks nothing."""

    GREETING = "greeting"
    THANKS = "thanks"
    FAREWELL = "farewell"
    REPEAT = "repeat"
    STOP = "stop"
    HELP = "help"
    MORE = "more"
    ASSENT = "assent"


_PHRASES: Mapping[Intent, str] = {
    Intent.GREETING: (
        "hello|hi|hey|hi there|hello there|hey there|hiya|good morning|good afternoon|good evening|"
        "good day|how are you|how are you doing|how are you today|how is it going|"
        "hello how are you|hi how are you|nice to meet you|are you there|can you hear me|"
        "hello can you hear me|你好|您好|喂|早上好|下午好|晚上好|嗨|"
        "在吗|你好吗|听得到吗|能听到吗"
    ),
    Intent.THANKS: (
        "thanks|thank you|thank you very much|thank you so much|thanks a lot|thanks so much|"
        "many thanks|great thanks|great thank you|okay thanks|okay thank you|cheers|"
        "thanks for your help|thank you for your help|"
        "谢谢|谢谢你|谢谢您|多谢|非常感谢|感谢|好的谢谢"
    ),
    Intent.FAREWELL: (
        "bye|goodbye|good bye|bye bye|see you|see you later|good night|that is all|that was all|"
        "that will be all|that is it|that is all thanks|that is all thank you|thanks bye|"
        "thank you bye|thank you goodbye|i have to go|i have to go now|i must go|take care|"
        "have a nice day|have a good day|have a good one|"
        "再见|拜拜|晚安|就这样"
    ),
    Intent.REPEAT: (
        "repeat|repeat that|repeat it|repeat this|repeat please|say that again|say it again|again|"
        "once again|once more|one more time|come again|pardon|pardon me|sorry|excuse me|what|"
        "what was that|what is that|what did you say|what did you just say|sorry what|"
        "i did not hear that|i did not hear you|i did not catch that|i did not get that|"
        "i did not understand|i do not understand|"
        "再说一遍|再说一次|重复一遍|重复一下|没听清|没听清楚|我没听清|什么|你说什么|再来一遍"
    ),
    Intent.STOP: (
        "stop|stop it|stop that|stop talking|stop speaking|stop stop|stop stop stop|never mind|"
        "nevermind|that is enough|enough|be quiet|quiet|shut up|silence|cancel|cancel that|wait|"
        "wait wait|wait a second|wait a minute|wait a moment|hold on|hang on|one moment|"
        "forget it|forget about it|skip it|"
        "停|停下|停一下|停下来|别说了|不要说了|算了|够了|取消|等一下|等一下等一下|等等|等一等|安静|闭嘴"
    ),
    Intent.HELP: (
        "help|help me|i need help|what can you do|what can you do for me|what do you do|"
        "who are you|what are you|who is this|who am i talking to|who am i speaking to|"
        "what do you know|what do you know about|what can i ask|what can i ask you|"
        "what can i ask about|what can i ask you about|what should i ask|what can i say|"
        "what can you tell me|what can you help me with|how can you help|how can you help me|"
        "what can you answer|what topics|what topics do you know|what are the topics|"
        "list the topics|which topics do you know|what questions can i ask|menu|"
        "你能做什么|你会做什么|你会什么|你能干什么|你是谁|你是什么|你叫什么|帮助|帮帮我|我能问什么|"
        "可以问什么|我可以问什么|有什么功能"
    ),
    Intent.MORE: (
        "more|tell me more|tell me more about it|tell me more about that|tell me more about this|"
        "say more|some more|a bit more|a little more|more please|more details|more detail|"
        "go on|go ahead|continue|keep going|carry on|proceed|and then|then what|what then|"
        "what else|anything else|is there more|is there anything else|and what else|"
        "what next|next|go on then|read on|resume|what else can you tell me|what else do you know|"
        "继续|继续说|继续讲|接着说|说下去|讲下去|往下说|多说一点|再多说一点|再说一点|还有呢|还有吗|"
        "然后呢|更多|详细一点|说详细一点"
    ),
    Intent.ASSENT: (
        "yes|yeah|yep|yup|no|nope|no thanks|no thank you|okay|ok|right|all right|alright|sure|"
        "mhm|mm hmm|mm|uh huh|i see|good|great|fine|perfect|nice|cool|wonderful|excellent|got it|"
        "understood|interesting|very good|of course|exactly|really|wow|"
        "没有了|没了|好|好的|好吧|嗯|嗯嗯|对|对的|是|是的|不|不是|不用|不用了|行|可以|没事|知道了|明白|明白了|哦"
    ),
}

_INTENTS: Mapping[str, Intent] = {
    phrase: intent for intent, phrases in _PHRASES.items() for phrase in phrases.split("|")
}

_FILLER = frozenset(
    """
    um uh er hmm ah oh well so please just now then okay ok hey actually anyway alright and but
    yeah yes no right sorry
    """.split()  # noqa: SIM905 - read as a line of words
)
_FULL_FORMS = (
    (re.compile(r"\b(that|it|what|who|how)['’]?s\b"), r"\1 is"),
    (re.compile(r"\bthat['’]?ll\b"), "that will"),
    (re.compile(r"\b(did|do)n['’]?t\b"), r"\1 not"),
)
_REQUEST = re.compile(
    r"^(?:can|could|would|will) you |^i (?:would like|want) (?:you )?to |^let us "
)
_CJK_POLITE = re.compile("^(?:请|麻烦|你|那就?|好的?|嗯)+(?=.{2})|[吧啊呀哦]$")
_NO_TOPIC = (Intent.GREETING, Intent.THANKS, Intent.STOP, Intent.ASSENT)
"""What a caller may say before a question without asking for it."""
_CORRECTIONS = (
    "i mean|i meant|i said|what i mean is|what i meant is|what i meant was|i want to know|"
    "i wanted to know|what i want to know is|what i wanted to know is|i wanted to ask|"
    "what i wanted to ask is|one more thing|one more question|another question|excuse me|"
    "pardon me|by the way|again"
)
_BEFORE_A_QUESTION = {
    *(phrase for phrase, intent in _INTENTS.items() if intent in _NO_TOPIC),
    *_CORRECTIONS.split("|"),
    *_FILLER,
}
_LEAD_IN = re.compile(
    rf"(?:{'|'.join(sorted(_BEFORE_A_QUESTION, key=len, reverse=True))})\b"
    r"(?P<mark>\s*[,.;:!?…—，。；！？]+)?\s*",
    re.I,
)
_QUESTION = re.compile(
    r"(?:how|what|who|when|where|why|which|can|could|would|will|should|may|do|does|did|is|are|"
    r"was|were|has|have|tell|explain|i|you|we|there)\b",
    re.I,
)
"""How a question or a complaint begins, but not what "stop" may be said of."""
_CJK = re.compile(f"[{HAN}]")
_LETTER = re.compile(r"[^\W\d_]")
_PARTS = re.compile(r"[,.;:!…—，。；！]+|\band\b", re.I)
_AT_THE_END = {Intent.FAREWELL, Intent.THANKS, Intent.ASSENT}
"""What may be said together with a goodbye."""


def intent_of(text: str) -> Intent | None:
    """What a caller wants, if the whole utterance is one of the known phrases.

    Several of them that say goodbye together are a goodbye: "No, that was all. Thanks a lot, bye!"
    """
    intent = _intent_of_phrase(text)
    if intent is not None:
        return intent
    parts = {_intent_of_phrase(part) for part in _PARTS.split(text) if _LETTER.search(part)}
    return Intent.FAREWELL if Intent.FAREWELL in parts and parts <= _AT_THE_END else None


def _intent_of_phrase(text: str) -> Intent | None:
    words = _normal(text)
    phrase = " ".join(words)
    if phrase in _INTENTS:
        return _INTENTS[phrase]
    while words and words[0] in _FILLER:
        words = words[1:]
    while words and words[-1] in _FILLER:
        words = words[:-1]
    phrase = _REQUEST.sub("", " ".join(words))
    return _INTENTS.get(phrase) or _INTENTS.get(_CJK_POLITE.sub("", phrase))


def without_lead_in(text: str) -> str:
    """An utterance from where its question begins.

    "Hello", "wait, stop" and "no, I mean" are passed over where a punctuation mark or the
    first word of a question follows, so "stop the demo" stays whole.
    """
    text = text.strip()
    start = end = 0
    while (said := _LEAD_IN.match(text, end)) and _LETTER.search(text, said.end()):
        end = said.end()
        if said["mark"] or _QUESTION.match(text, end):
            start = end
    return text[start:]


def is_chinese(text: str) -> bool:
    """Whether most letters of a text are Chinese characters."""
    return 2 * len(_CJK.findall(text)) > len(_LETTER.findall(text))


def _normal(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text).lower()
    for short, full in _FULL_FORMS:
        text = short.sub(full, text)
    text = re.sub(rf"(?<=[{HAN}])[啊呀吧哦呢]?[\s,。，！？!?.]+(?=[{HAN}])", "", text)
    return re.sub(r"[^\w\s]", " ", text).split()
