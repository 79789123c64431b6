"""The full-duplex scorecard on virtual time: dialogues in English and Mandarin."""

import functools
from collections.abc import Callable
from typing import Literal

import pytest

from agent.turns.schedule import Eagerness
from agent.turns.words import same_words
from benchmarks import scorecard
from benchmarks.scorecard import Episode, Line
from tests.fakes.scripted_engines import Reply, Voice
from tests.fakes.whole_talk import Knocks, Says, WholeTalk
from tests.fakes.whole_talk import Line as Act
from tests.fakes.whole_talk import play as whole_talk

pytestmark = pytest.mark.timeout(120)

Kind = Eagerness | Literal["streams"]
"""How eager an agent is whose recogniser takes whole utterances, or that it streams."""
Play = Callable[[Kind], Episode]

ANSWER = Reply("This is what there is to say about it, and it takes four seconds.", first_s=0.3)
QUESTIONS = {
    "en": (
        ("What is the weather like today?", 1.6),
        ("How do I start the demo?", 1.2),
        ("Tell me something about the languages that you speak", 2.6),
        ("Where are my settings?", 1.0),
    ),
    "zh": (
        ("今 天 天 气 怎 么 样？", 1.4),
        ("这 个 系 统 怎 么 启 动 呢？", 1.8),
        ("请 告 诉 我 设 置 写 在 哪 里", 2.2),
    ),
}
UNFINISHED = {
    "en": (
        ("I would like to book a table for", "two people tonight."),
        ("Could you tell me what happens when", "the network is gone?"),
        ("My number is five five five", "one two three four."),
    ),
    "zh": (
        ("我 想 订 一 张 桌 子 因 为", "明 天 有 两 个 人 来。"),
        ("今 天 我 们", "去 哪 里 吃 饭？"),
    ),
}
BACKCHANNELS = {"en": ("mm-hm", "yeah", "okay", "right", "I see"), "zh": ("嗯", "对", "好 的")}
INTERRUPTIONS = {
    "en": (
        ("Wait, I have another question about it.", 2.2),
        ("No, tell me about the languages instead.", 2.0),
        ("And what about the phone, does that work?", 2.3),
    ),
    "zh": (("等 一 下，我 有 另 外 一 个 问 题。", 2.4), ("不 是，请 说 说 价 格。", 1.8)),
}
NOISES_S = {"en": (0.02, 0.15, 0.5), "zh": (0.3,)}
LANGUAGES = ("en", "zh")


def held(kind: Kind, *acts: Act) -> WholeTalk:
    """A talk whose every answer is the same."""
    streams = kind == "streams"
    return whole_talk(
        *acts, otherwise=ANSWER, voice=Voice(first_s=0.15), streams=streams,
        recognised_s=0.15 if streams else 0.2,
        settings={} if streams else {"TURN_EAGERNESS": kind},
    )  # fmt: skip


def messages(talk: WholeTalk) -> list[str]:
    return [text for role, text in talk.messages if role == "user"]


def turn(language: str, text: str, for_s: float) -> Play:
    """A question, and what it is answered with."""

    def play(kind: Kind) -> Episode:
        talk = held(kind, Says(text, 0.7, 0.7 + for_s))
        [(_, over)] = talk.spoken
        late = scorecard.latency(talk.spans, user_ended=over)
        early = scorecard.spoke_in(talk.spans, (0.0, over))
        return Episode("turn", language, late is not None and not early, late)

    return play


def pause(language: str, head: str, tail: str, for_s: float) -> Play:
    """A pause inside a sentence."""

    def play(kind: Kind) -> Episode:
        went_on = 2.3 + for_s
        talk = held(kind, Says(head, 0.7, 2.3), Says(tail, went_on, went_on + 1.2))
        _, (_, over) = talk.spoken
        (message,) = messages(talk)
        assert same_words(message, f"{head} {tail}"), "both parts are one message"
        took = scorecard.spoke_in(talk.spans, (0.0, over))
        return Episode("pause", language, took, scorecard.latency(talk.spans, user_ended=over))

    return play


def over_answer(language: str, act: Act, kind: Kind) -> WholeTalk:
    text, for_s = QUESTIONS[language][0]
    return held(kind, Says(text, 0.7, 0.7 + for_s), act)


def interruption(language: str, text: str, for_s: float) -> Play:
    """Words over an answer."""

    def play(kind: Kind) -> Episode:
        talk = over_answer(language, Says(text, 0.5, 0.5 + for_s, over=1), kind)
        _, (began, over) = talk.spoken
        (message,) = messages(talk)[1:]
        assert same_words(message, text)
        return Episode(
            "interruption", language, len(talk.replies) == 2,
            scorecard.latency(talk.spans, user_ended=over),
            scorecard.stopped(talk.spans, user_began=began),
        )  # fmt: skip

    return play


def listening(behaviour: scorecard.Behaviour, language: str, act: Act) -> Play:
    """A sound over an answer that should not take the floor."""

    def play(kind: Kind) -> Episode:
        talk = over_answer(language, act, kind)
        if len(talk.replies) == 1:
            assert talk.heard == ANSWER.text, "not a word is lost"
        _, (began, _) = talk.spoken
        stop = scorecard.stopped(talk.spans, user_began=began)
        return Episode(behaviour, language, len(talk.replies) > 1, None, stop)

    return play


def dialogues(language: str) -> list[Play]:
    plays = [turn(language, *question) for question in QUESTIONS[language]]
    plays += [
        pause(language, head, tail, for_s)
        for head, tail in UNFINISHED[language]
        for for_s in (0.4, 0.7, 1.0)
    ]
    plays += [interruption(language, *words) for words in INTERRUPTIONS[language]]
    plays += [
        listening("backchannel", language, Says(said, 0.5, 0.85, over=1))
        for said in BACKCHANNELS[language]
    ]
    plays += [
        listening("noise", language, Knocks("", 0.5, 0.5 + for_s, over=1))
        for for_s in NOISES_S[language]
    ]
    return plays


@functools.cache
def card(kind: Kind, language: str) -> list[Line]:
    return scorecard.card(play(kind) for play in dialogues(language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["eager", "pauses", "patient", "streams"])
def test_the_card_is_perfect_whatever_the_recogniser_and_the_eagerness(
    kind: Kind, language: str, record_property: Callable[[str, object], None]
) -> None:
    lines = card(kind, language)
    for line in lines:
        print(line)
        record_property(f"{line.behaviour}, {line.language}", line.take_over_rate)
    assert {line.behaviour for line in lines} == set(scorecard.WANTED)
    wrong = [line for line in lines if line.take_over_rate != scorecard.WANTED[line.behaviour]]
    assert wrong == []


def medians(lines: list[Line]) -> dict[str, Line]:
    return {line.behaviour: line for line in lines}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_eager_agent_answers_before_a_patient_one_and_stops_as_soon(language: str) -> None:
    eager = medians(card("eager", language))
    patient = medians(card("patient", language))
    for behaviour in ("turn", "interruption"):
        quick, slow = eager[behaviour].latency_s, patient[behaviour].latency_s
        assert quick is not None
        assert slow is not None
        assert quick < slow - 0.2
    for line in (eager["interruption"], patient["interruption"]):
        assert line.stop_s is not None
        assert line.stop_s <= 0.03


def test_an_agent_that_speaks_at_once_fails_the_card() -> None:
    """What the card is for: one that takes every pause for an end loses it."""
    lines = scorecard.card(
        [
            Episode("pause", "en", took_over=True, latency_s=0.9),
            Episode("pause", "en", took_over=False, latency_s=0.7),
            Episode("interruption", "zh", took_over=True, latency_s=0.8, stop_s=0.2),
        ]
    )
    assert lines == [
        Line("pause", "en", 2, 0.5, 0.8, None),
        Line("interruption", "zh", 1, 1.0, 0.8, 0.2),
    ]


def test_the_trials_of_a_benchmark_become_episodes() -> None:
    trials = [
        {"scenario": "turn", "voice": "piper", "v2v_ms": 800.0},
        {"scenario": "turn", "voice": "piper", "failed": "TimeoutError()"},
        {"scenario": "pause", "voice": "flite:slt", "false_start": True, "v2v_ms": None},
        {"scenario": "barge_in", "voice": "espeak:cmn", "answer_ms": 900.0, "stop_ms": 100.0},
        {"scenario": "backchannel", "voice": "espeak:cmn", "new_answer": False},
        {"scenario": "noise", "voice": "piper", "new_answer": False},
        {"scenario": "stop", "voice": "piper"},
    ]
    assert scorecard.from_trials(trials) == [
        Episode("turn", "en", took_over=True, latency_s=0.8),
        Episode("pause", "en", took_over=True),
        Episode("interruption", "zh", took_over=True, latency_s=0.9, stop_s=0.1),
        Episode("backchannel", "zh", took_over=False),
        Episode("noise", "en", took_over=False),
    ]
