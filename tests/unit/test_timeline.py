import pytest

from agent.metrics.timeline import Timeline


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spoken_turn(timeline: Timeline, clock: Clock, *, zero: float) -> None:
    timeline.utterance_ended(last_voiced=zero, at=zero + 0.55)
    timeline.begin("stt", at=zero + 0.55)
    timeline.end("stt", at=zero + 0.95)
    clock.at = zero + 0.96
    timeline.begin("llm")
    clock.at = zero + 1.2
    timeline.end("llm")
    timeline.begin("tts")
    clock.at = zero + 1.3
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
            {"stage": "end_of_turn", "from_ms": 0.0, "to_ms": 550.0},
            {"stage": "stt", "from_ms": 550.0, "to_ms": 950.0},
            {"stage": "llm", "from_ms": 960.0, "to_ms": 1200.0},
            {"stage": "tts", "from_ms": 1200.0, "to_ms": 1300.0},
        ],
        "total_ms": 1300.0,
    }


def test_an_interrupted_reply_is_reported_although_the_next_turn_has_begun(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    spoken_turn(timeline, clock, zero=100.0)
    timeline.utterance_ended(last_voiced=103.0, at=103.55)
    timeline.begin("stt", at=103.55)
    first = timeline.reply_ended(interrupted=True)
    assert first is not None
    assert (first.interrupted, first.total_ms) == (True, pytest.approx(1300))
    timeline.end("stt", at=103.9)
    clock.at = 104.0
    timeline.begin("llm")
    timeline.end("llm")
    timeline.reply_began()
    second = timeline.reply_ended(interrupted=False)
    assert second is not None
    assert (second.turn, second.total_ms) == (2, pytest.approx(1000))


def test_a_reply_begun_again_replaces_the_first_attempt(clock: Clock) -> None:
    timeline = Timeline(now=clock)
    spoken_turn_marks = (100.0, 100.55)
    timeline.utterance_ended(last_voiced=spoken_turn_marks[0], at=spoken_turn_marks[1])
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
