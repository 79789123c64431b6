"""The full-duplex scorecard on virtual time: dialogues in English and Mandarin."""

from collections.abc import Callable

import pytest

from agent.turns.schedule import Eagerness
from benchmarks import scorecard
from benchmarks.scorecard import Episode, Line
from tests.fakes.talk import Dialogue

Play = Callable[[Dialogue], Episode]
Act = Callable[[Dialogue], None]

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
LANGUAGES = ("en", "zh")


def turn(language: str, text: str, for_s: float) -> Play:
    """A question, and what it is answered with."""

    def play(talk: Dialogue) -> Episode:
        talk.is_silent(0.7)
        talk.says(text, for_s)
        over = talk.now
        talk.is_silent(3.0)
        late = scorecard.latency(talk.spans, user_ended=over)
        early = scorecard.spoke_in(talk.spans, (0.0, over))
        return Episode("turn", language, late is not None and not early, late)

    return play


def pause(language: str, head: str, tail: str, for_s: float) -> Play:
    """A pause inside a sentence."""

    def play(talk: Dialogue) -> Episode:
        talk.is_silent(0.7)
        talk.says(head, 1.6)
        talk.is_silent(for_s)
        talk.says(tail, 1.2)
        over = talk.now
        talk.is_silent(3.0)
        assert len(talk.ended) == 1, "both parts are one message"
        took = scorecard.spoke_in(talk.spans, (0.0, over))
        return Episode("pause", language, took, scorecard.latency(talk.spans, user_ended=over))

    return play


def interruption(language: str, text: str, for_s: float) -> Play:
    """Words over an answer."""

    def play(talk: Dialogue) -> Episode:
        talk.is_asked(*QUESTIONS[language][0])
        began = talk.now
        talk.says(text, for_s)
        over = talk.now
        talk.is_silent(3.0)
        assert talk.ended[1:] == [text]
        return Episode(
            "interruption", language, talk.answers_begun == 2,
            scorecard.latency(talk.spans, user_ended=over),
            scorecard.stopped(talk.spans, user_began=began),
        )  # fmt: skip

    return play


def over_answer(
    behaviour: scorecard.Behaviour, language: str, act: Callable[[Dialogue], None]
) -> Play:
    """A sound over an answer that should not take the floor."""

    def play(talk: Dialogue) -> Episode:
        talk.is_asked(*QUESTIONS[language][0])
        began = talk.now
        act(talk)
        talk.is_silent(6.0)
        heard = sum(ended - began for began, ended in talk.spans)
        if talk.answers_begun == 1:
            assert heard == pytest.approx(talk.reply_s, abs=0.05), "not a word is lost"
        stop = scorecard.stopped(talk.spans, user_began=began)
        return Episode(behaviour, language, talk.answers_begun > 1, None, stop)

    return play


def dialogues() -> list[Play]:
    plays: list[Play] = []
    for language in LANGUAGES:
        plays += [turn(language, *question) for question in QUESTIONS[language]]
        plays += [
            pause(language, head, tail, for_s)
            for head, tail in UNFINISHED[language]
            for for_s in (0.4, 0.7, 1.0)
        ]
        plays += [interruption(language, *words) for words in INTERRUPTIONS[language]]
        plays += [
            over_answer("backchannel", language, lambda talk, said=said: talk.says(said, 0.35))
            for said in BACKCHANNELS[language]
        ]
    plays += [
        over_answer("noise", "en", lambda talk, for_s=for_s: talk.makes_a_noise(for_s))
        for for_s in (0.02, 0.15, 0.5)
    ]
    return plays


@pytest.mark.parametrize("eagerness", ["eager", "pauses", "patient"])
def test_the_card_is_perfect_whatever_the_eagerness(
    eagerness: Eagerness, record_property: Callable[[str, object], None]
) -> None:
    lines = scorecard.card(play(Dialogue(eagerness=eagerness)) for play in dialogues())
    for line in lines:
        print(line)
        record_property(f"{line.behaviour}, {line.language}", line.take_over_rate)
    assert {line.behaviour for line in lines} == set(scorecard.WANTED)
    wrong = [line for line in lines if line.take_over_rate != scorecard.WANTED[line.behaviour]]
    assert wrong == []


def medians(lines: list[Line]) -> dict[tuple[str, str], Line]:
    return {(line.behaviour, line.language): line for line in lines}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_eager_agent_answers_before_a_patient_one_and_stops_as_soon(language: str) -> None:
    eager, patient = (
        medians(scorecard.card(play(Dialogue(eagerness=chosen)) for play in dialogues()))
        for chosen in ("eager", "patient")
    )
    for behaviour in ("turn", "interruption"):
        quick, slow = eager[behaviour, language].latency_s, patient[behaviour, language].latency_s
        assert quick is not None
        assert slow is not None
        assert quick < slow - 0.2
    for line in (eager["interruption", language], patient["interruption", language]):
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
