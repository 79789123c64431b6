import pytest

from agent.call.timeline import Timeline


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spoken_turn(timeline: Timeline, clock: Clock, *, zero: float) -> None:
    """A reply that was begun on a guess, 250 ms before the turn was over."""
    timeline.recognised(asked=zero - 0.05, answered=zero + 0.15)
    clock.at = zero + 0.15
    timeline.begin("llm")
    clock.at = zero + 0.3
    timeline.end("llm")
    timeline.begin("tts")
    timeline.utterance_ended(last_voiced=zero, at=zero + 0.4)
    clock.at = zero + 0.45
    timeline.end("tts")
    timeline.reply_began()


def test_a_turn_is_reported_from_the_last_voiced_sample(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    spoken_turn(timeline, clock, zero=100.0)
    report = timeline.reply_ended(interrupted=False)
    assert report is not None
    assert report.as_json() == {
        "turn": 1,
        "interrupted": False,
        "stages": [
            {"stage": "end_of_turn", "from_ms": 0.0, "to_ms": 400.0},
            {"stage": "stt", "from_ms": -50.0, "to_ms": 150.0},
            {"stage": "llm", "from_ms": 150.0, "to_ms": 300.0},
            {"stage": "tts", "from_ms": 300.0, "to_ms": 450.0},
        ],
        "total_ms": 450.0,
    }
    assert report.as_log() == {
        "turn": 1,
        "interrupted": False,
        "end_of_turn_ms": 400.0,
        "stt_ms": 200.0,
        "llm_ms": 150.0,
        "tts_ms": 150.0,
        "total_ms": 450.0,
    }


def test_stages_may_be_over_before_the_last_voiced_sample(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    timeline.recognised(asked=99.2, answered=99.4)
    timeline.begin("llm", at=99.4)
    timeline.end("llm", at=99.9)
    timeline.utterance_ended(last_voiced=100.0, at=100.3)
    clock.at = 100.31
    timeline.reply_began()
    report = timeline.reply_ended(interrupted=False)
    assert report is not None
    assert [(s.stage, round(s.from_ms), round(s.to_ms)) for s in report.stages] == [
        ("end_of_turn", 0, 300),
        ("stt", -800, -600),
        ("llm", -600, -100),
    ]


def test_other_words_make_the_earlier_guess_void(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    timeline.recognised(asked=99.0, answered=99.2)
    timeline.begin("llm", at=99.2)
    timeline.end("llm", at=99.4)
    timeline.begin("tts", at=99.4)
    timeline.end("tts", at=99.6)
    timeline.recognised(asked=100.0, answered=100.2)
    timeline.utterance_ended(last_voiced=100.0, at=100.4)
    timeline.begin("llm", at=100.2)
    clock.at = 100.5
    timeline.end("llm")
    timeline.reply_began()
    report = timeline.reply_ended(interrupted=False)
    assert report is not None
    assert [(s.stage, round(s.from_ms), round(s.to_ms)) for s in report.stages] == [
        ("end_of_turn", 0, 400),
        ("stt", 0, 200),
        ("llm", 200, 500),
    ]


def test_a_later_end_of_the_turn_replaces_the_first(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    timeline.utterance_ended(last_voiced=98.0, at=98.5)
    spoken_turn(timeline, clock, zero=100.0)
    report = timeline.reply_ended(interrupted=False)
    assert report is not None
    assert (report.turn, report.total_ms) == (1, pytest.approx(450))


def test_an_interrupted_reply_is_reported_although_the_next_turn_has_begun(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    spoken_turn(timeline, clock, zero=100.0)
    timeline.recognised(asked=103.0, answered=103.2)
    timeline.utterance_ended(last_voiced=103.0, at=103.4)
    first = timeline.reply_ended(interrupted=True)
    assert first is not None
    assert (first.interrupted, first.total_ms) == (True, pytest.approx(450))
    clock.at = 104.0
    timeline.begin("llm")
    timeline.end("llm")
    timeline.reply_began()
    second = timeline.reply_ended(interrupted=False)
    assert second is not None
    assert (second.turn, second.total_ms) == (2, pytest.approx(1000))


def test_a_reply_begun_again_replaces_the_first_attempt(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    timeline.utterance_ended(last_voiced=100.0, at=100.55)
    for began, ended in ((100.6, 100.7), (101.0, 101.4)):
        clock.at = began
        timeline.begin("llm")
        clock.at = ended
        timeline.end("llm")
    timeline.reply_began()
    report = timeline.reply_ended(interrupted=False)
    assert report is not None
    assert [(s.stage, round(s.from_ms)) for s in report.stages] == [
        ("end_of_turn", 0),
        ("llm", 1000),
    ]


def test_a_typed_message_has_neither_end_of_turn_nor_stt(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    timeline.typed()
    timeline.begin("llm")
    clock.at += 0.2
    timeline.end("llm")
    timeline.reply_began()
    report = timeline.reply_ended(interrupted=False)
    assert report is not None
    assert [s.stage for s in report.stages] == ["llm"]


def test_speech_that_answers_nobody_is_not_reported(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    timeline.reply_began()
    assert timeline.reply_ended(interrupted=False) is None
    timeline.utterance_ended(last_voiced=100.0, at=100.5)
    timeline.reply_began()
    assert timeline.reply_ended(interrupted=False) is None


def test_an_answer_to_a_guess_alone_is_not_reported(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    timeline.recognised(asked=99.0, answered=99.2)
    timeline.begin("llm", at=99.2)
    timeline.end("llm", at=99.4)
    timeline.reply_began()
    assert timeline.reply_ended(interrupted=False) is None
