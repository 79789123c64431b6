"""What is taken out of recognisers' results, as tables, and on the turn taker's clock."""

import time

import pytest

from agent.turns.actions import Ended, GoOn, Guess, Hold
from agent.wording.hallucinations import CREDITS, STOCK_PHRASES, is_stock_phrase
from agent.wording.transcripts import spoken, tagged_language, without_tags
from tests.fakes.talk import Talk


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "...",
        "。",
        "[BLANK_AUDIO]",
        " [ Silence ]",
        "(wind blowing)",
        "*sighs*",
        "♪ la ♪",
        "♪♪♪",
        "（音乐）",
        "[MUSIC] (applause).",
        "<|nospeech|><|EMO_UNKNOWN|><|Event_UNK|><|woitn|>",
        "<|zh|><|NEUTRAL|><|BGM|>",
        "< | en | > < | Speech | >",
        "<unk>",
        "<s></s>",
        "🎼😊",
        "language None<asr_text>",
        "Subtitles by the Amara.org community",
        "Untertitel der Amara.org-Community",
        "字幕由Amara.org社区提供",
        "字幕由 Amara.org 社区提供",
        "Sous-titrage Société Radio-Canada",
        "Subtítulos realizados por la comunidad de Amara.org",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
    ],
)
def test_tags_remarks_and_credits_are_no_words(text: str) -> None:
    assert spoken(text) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<|en|><|NEUTRAL|><|Speech|><|woitn|>what time is it", "what time is it"),
        ("<|zh|><|HAPPY|><|Speech|><|withitn|>今天天气很好。", "今天天气很好。"),
        (
            "<|en|><|HAPPY|><|Laughter|>that is funny<|en|><|SAD|><|Cry|>oh no",
            "that is funny oh no",
        ),
        ("🎼Hello there.😊", "Hello there."),
        ("<|0.00|> Hello.<|1.20|>", "Hello."),
        ("language English<asr_text>Hello.", "Hello."),
        ("Hello <unk> there", "Hello there"),
        ("[noise] hello", "hello"),
        ("Hello. (Music)", "Hello."),
        ("[BLANK_AUDIO] Yes, I do. [ Silence ]", "Yes, I do."),
        ("and then and then and then and then and then and then and then and then", "and then"),
        ("Well, I said no. I said no. I said no. I said no.", "Well, I said no."),
        ("啊啊啊啊啊啊啊啊啊啊啊啊", "啊"),
    ],
)
def test_words_come_without_what_nobody_said(text: str, words: str) -> None:
    assert spoken(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "Hello.",
        "Hello (again).",
        "2",
        "你好",
        "5 * 3 * 2",
        "No, no, no, no, no.",
        "对对对对对",
        "My number is 0 0 0 0 0 0 0 0 0.",
        "Thank you.",
        "谢谢。",
        "Turn the subtitles off, please.",
        "Untertitel ausschalten, bitte.",
        "Untertitelung ausschalten.",
        "Sous-titrage, c'est possible ?",
        "字幕制作需要多久？",
        "Is 3 < 5 or 5 > 3?",
        "It costs 5 € [I think].",
        "I'd like music in the evening",
    ],
)
def test_words_are_kept_as_they_are(text: str) -> None:
    assert spoken(text) == text


@pytest.mark.parametrize(
    "text",
    ["Thank you.", "THANKS FOR WATCHING!", "ご視聴ありがとうございました。", "you", "谢谢观看！"],
)
def test_a_stock_phrase_is_known_as_a_whole(text: str) -> None:
    assert is_stock_phrase(text)
    assert not is_stock_phrase(text + " And now?")


@pytest.mark.parametrize(
    "text",
    [
        "Thank you. Thank you.",
        "Thank you for watching! Please subscribe to our channel!",
        "谢谢。谢谢观看。",
    ],
)
def test_several_stock_phrases_are_one(text: str) -> None:
    assert is_stock_phrase(text)
    assert not is_stock_phrase(f"Tomorrow. {text}")


@pytest.mark.parametrize("language", STOCK_PHRASES)
def test_every_language_s_phrases_are_known_and_are_words_until_there_is_doubt(
    language: str,
) -> None:
    for phrase in STOCK_PHRASES[language]:
        assert is_stock_phrase(f"{phrase.capitalize()}!"), phrase
        assert spoken(phrase) == phrase


@pytest.mark.parametrize("language", CREDITS)
def test_every_language_s_credits_are_no_words(language: str) -> None:
    for beginning in CREDITS[language]:
        assert spoken(f"{beginning.capitalize()} XYZ") == "", beginning


ANSWERS = """
Yes No Okay Hello Ja Nein Hallo Oui Non Bonjour Sí Hola Sim Não Да Нет Привет Sì Ciao Tak Nie Nej
Hej Evet Hayır はい いいえ もしもし 네 아니요 是 不是 对 好 喂 你好
"""


def test_what_answers_a_question_is_no_stock_phrase() -> None:
    assert [answer for answer in ANSWERS.split() if is_stock_phrase(answer)] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<|nospeech|><|EMO_UNKNOWN|><|Event_UNK|><|woitn|>Thank you.", ""),
        ("<|nocaptions|> Thanks for watching!", ""),
        ("<|nospeech|><|Event_UNK|>谢谢。", ""),
        ("<|en|><|NEUTRAL|><|Speech|><|woitn|>thank you", "thank you"),
        ("<|zh|><|HAPPY|><|Laughter|>谢谢大家", "谢谢大家"),
        ("<|nospeech|><|Event_UNK|>Thank you.<|en|><|NEUTRAL|><|Speech|>Thank you.", "Thank you."),
        ("<|en|><|Speech|>Tomorrow.<|nospeech|><|BGM|>Thank you.", "Tomorrow."),
        ("<|nospeech|><|Event_UNK|>Take the second road.", "Take the second road."),
    ],
)
def test_a_stock_phrase_goes_with_a_tag_that_says_that_nobody_speaks(text: str, words: str) -> None:
    assert spoken(text) == words
    assert without_tags(text) == words


def test_tags_between_characters_of_chinese_leave_no_space() -> None:
    assert without_tags("<|zh|><|NEUTRAL|>今天<|zh|><|HAPPY|>天气很好。") == "今天天气很好。"
    assert tagged_language("<|yue|><|NEUTRAL|><|Speech|>你好") == "yue"
    assert tagged_language("<|nospeech|><|Event_UNK|>") == ""


class TestEvidence:
    """The recogniser answers all requests with the same words."""

    def answers(self, text: str, talk: Talk, *, sure: float, for_s: float) -> Talk:
        talk.words, talk.lengths = [text], [1]
        for _ in range(round(for_s * 100)):
            talk.hop(-20.0, loud=True, probability=sure, word=1)
        talk.is_silent(3.0)
        return talk

    @pytest.mark.parametrize(
        ("text", "for_s"),
        [
            ("Thank you.", 0.45),
            ("Thank you. Thank you.", 0.9),
            ("谢谢", 0.4),
            ("Gracias.", 0.4),
            ("Merci.", 0.4),
            ("Thanks for watching!", 1.1),
        ],
    )
    def test_what_a_voice_says_counts(self, text: str, for_s: float) -> None:
        assert self.answers(text, Talk(), sure=0.97, for_s=for_s).ended == [text]

    @pytest.mark.parametrize(
        ("text", "sure", "for_s"),
        [
            ("Thank you.", 0.7, 0.5),
            ("Thank you.", 0.97, 0.1),
            ("Thanks for watching!", 0.97, 0.3),
            ("ご視聴ありがとうございました", 0.97, 0.4),
            ("谢谢观看", 0.8, 0.6),
            ("you", 0.6, 0.6),
            ("Thank you. Thank you.", 0.97, 0.3),
            ("Gracias.", 0.7, 0.5),
            ("Спасибо за просмотр", 0.97, 0.3),
        ],
    )
    def test_what_a_doubtful_voice_can_hardly_have_said_does_not(
        self, text: str, sure: float, for_s: float
    ) -> None:
        talk = self.answers(text, Talk(), sure=sure, for_s=for_s)
        assert talk.actions(Guess) == []
        assert set(talk.ended) <= {""}

    def test_other_words_of_a_doubtful_voice_count(self) -> None:
        assert self.answers("Tomorrow.", Talk(), sure=0.7, for_s=0.5).ended == ["Tomorrow."]

    def test_tags_alone_are_not_answered(self) -> None:
        talk = self.answers("<|nospeech|><|Event_UNK|>", Talk(), sure=0.97, for_s=0.8)
        assert talk.actions(Guess) == []
        assert talk.ended == [""]

    def test_tags_alone_over_the_agent_do_not_stop_it(self) -> None:
        talk = Talk(playing=True, busy=True)
        self.answers("<|en|><|NEUTRAL|><|Cough|>", talk, sure=0.97, for_s=0.4)
        assert talk.told == [Hold(), GoOn("noise")]
        assert talk.actions(Ended) == []


@pytest.mark.parametrize("text", ["(", "[a", "[no ", "(background "])
def test_a_result_without_end_is_cut_and_read_in_no_time(text: str) -> None:
    began = time.thread_time()
    assert len(spoken(text * 20_000)) <= 4000
    assert time.thread_time() - began < 1.0
