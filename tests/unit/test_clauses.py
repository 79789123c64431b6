"""How a reply begins: two short pieces, then sentences. In the tables `|` marks a cut."""

import pytest

from agent.wording.clauses import CUTS
from agent.wording.sentences import SentenceTokenizer, Splitter

ENGLISH = [
    # At the first comma, or after a few words.
    "Yes,| of course.| The train leaves at nine, as ever.",
    "First,| open the settings.| Second, choose a voice.",
    "The weather today| is sunny with a light breeze| from the west, and it stays dry.",
    "I'm Joe,| your voice assistant.| What can I do for you?",
    "I think so –| really,| that is the best way, if you ask me.",
    # A sentence that is short enough is not cut, nor is a single word left behind.
    "Hello there.| How can I help?| Good!",
    "Good morning Peter.",
    "Well...| I think so.",
    # Not after an article, a preposition, a pronoun, a number.
    "Salt & pepper are on the table| near the window.",
    "It's in the kitchen| of the house that we bought| last year.",
    "That takes twenty five minutes| by train,| or ten by car.",
    "It weighs 5 kg| and runs 3.5 hours on one charge.",
    "The price rose 20 %| over the last year,| they said.",
    "It costs $1,000.50 per month.| That includes everything.",
    "About 1 000 000 people| live here.",
    "On May 5, 2024,| we opened the shop,| and then another, too.",
    "We open at 10:30 a.m. on Monday.",
    # Names.
    "I live in New York City| with my two dogs.",
    "You should ask Dr. Smith| about that next week.| He knows.",
    "Today Mr Smith| and his brother are here.",
    "See Fig. 3 and No. 5 below,| or ask me.",
    # Addresses, names of settings, quotes.
    "See https://example.com/a?x=1,2&y=3 for more information.| Bye.",
    "You can raise TURN_MIN_SILENCE_S,| which is how long the silence| must last.",
    'He said "Stop, please, right now!"| and left the room.',
    '"Hello there, my good friend,"| he said with a smile on his face.',
    "Edit livekit.yaml and app.py| first.",
]
GERMAN = [
    "Ja,| natürlich.| Ich helfe Ihnen gern, wenn Sie wollen.",
    "Das ist eine gute Frage.| Der Zug fährt um 10:30 Uhr.",
    "Guten Tag Frau Müller,| was kann ich für Sie tun?",
    "Das kostet 3,50 €| im Monat,| also 42 € im Jahr.",
    "Er kommt am 3. Oktober| nach Hause.",
    "Das ist z.B. gut,| d.h. nicht schlecht,| für uns.",
    "Der Turm in Berlin| ist 368 Meter hoch.",
]
CHINESE = [
    "好的，|没问题。|请稍等，一下。",
    "你好！|我是你的语音助手，|很高兴认识你，朋友。",
    "嗯，我想想。|好。",
    # Without a comma: after a particle or before a pronoun, else after 8 characters.
    "今天北京的|天气非常好，|最高气温二十五度。",
    "我们可以|在下午三点半开会，|大约需要三十分钟左右。",
    "春眠不觉晓处处闻|啼鸟夜来风雨声花落知多少夜半钟声|到客船。",
    # Words of two characters.
    "这次的会议开得|非常成功。",
    "我们现在开始解释|一下这个问题的原因。",
    # Numbers and units.
    "这台机器|三百二十五万元。",
    "一共收到|一百二十三封信。",
    "大约需要30分钟才能|完成下载，|然后再安装。",
    "一共有1，000封信，|谢谢。",
    "价格是1,000.50元，|时间是10：30。",
    "二〇二四年五月三日|我们开了第一家店。",
    # Latin within Chinese.
    "我现在在New York住了|十年了，|很喜欢这里。",
    "我们用livekit.yaml配置v1.13.5，|没问题。",
    "我们可以|用 LiveKit Agents 来做实时语音对话。",
    "请看https://example.com/a,b的说明，|里面写得很清楚。",
    "用 Python 3.11 写的。|很好。",
    "iPhone 15 Pro Max的价格大约是|九千九百九十九元。",
    # Quotes.
    "他说：|“你好，我是小明。”|然后走了，很快。",
]
OTHERS = [
    # Words of Traditional Chinese are known too, and a Japanese particle stays with its word.
    "我們現在開始解釋|這個問題的原因，|好嗎？",
    "バッテリーの|残量を確認してから、|お試しください。",
    "Bonjour,| je suis là pour vous aider.| À quoi, alors ?",
    "コンピューターサイエンスは|面白いです。",
    "こんにちは、|私は音声アシスタントです。|何でも、聞いてください。",
    "안녕하세요 저는 여러분의| 음성 도우미입니다.| 무엇을 도와드릴까요?",
]


@pytest.mark.parametrize("marked", [*ENGLISH, *GERMAN, *CHINESE, *OTHERS])
def test_the_first_two_pieces_are_clauses(marked: str) -> None:
    assert SentenceTokenizer().tokenize(marked.replace("|", "")) == marked.split("|")


CERTAIN = [
    # What was pushed, and what came out at once.
    ("Yes, ", ["Yes,"]),
    ("Yes,", []),
    ("The weather today", []),
    ("The weather today ", []),
    ("The weather today i", ["The weather today"]),
    ("You should ask D", []),
    ("In May 5, ", []),
    ("In May 5, w", ["In May 5,"]),
    ("好的", []),
    ("好的，", ["好的，"]),
    ("一共3，", []),
    ("今天天气的变", ["今天天气的"]),
]


@pytest.mark.parametrize(("pushed", "emitted"), CERTAIN)
def test_a_clause_comes_out_as_soon_as_its_end_is_certain(pushed: str, emitted: list[str]) -> None:
    assert Splitter(*CUTS).push(pushed) == emitted


@pytest.mark.parametrize(
    "text",
    ["春眠不觉晓处处闻啼鸟夜来风雨声", "我们现在开始解释说明设置方法"],
)
def test_of_chinese_at_most_eight_characters_are_held_back_at_first(text: str) -> None:
    splitter = Splitter(*CUTS)
    held = 0
    while not splitter.push(text[held]):
        held += 1
    assert held <= 8


def test_every_reply_begins_with_clauses_again() -> None:
    splitter = Splitter(*CUTS)
    for _ in range(2):
        assert splitter.push("Yes, of course, I will, if I can") == ["Yes,", " of course,"]
        splitter.flush()


def test_an_endless_word_or_quote_is_cut_as_in_a_sentence() -> None:
    for text in ("x" * 3000, "“" + "word " * 300, "コ" * 300):
        pieces = SentenceTokenizer().tokenize(text)
        assert "".join(pieces) == text
        assert len(pieces) > 1
