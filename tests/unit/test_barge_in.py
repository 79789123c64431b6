"""What becomes of a held reply, as a table."""

import pytest

from agent.turns.actions import GoOn, Hold
from agent.turns.barge_in import Overlap, Verdict, judge
from tests.fakes.talk import Talk

STOP, GO_ON, WAIT = Verdict.STOP, Verdict.GO_ON, Verdict.WAIT


@pytest.mark.parametrize(
    ("held_s", "voiced_s", "silence_s", "text", "complete", "verdict"),
    [
        # A noise: sound without speech in it, or almost none.
        (0.05, 0.00, 0.05, None, False, WAIT),
        (0.14, 0.00, 0.14, None, False, GO_ON),
        (0.14, 0.00, 0.00, None, False, GO_ON),
        (0.10, 0.05, 0.05, None, False, WAIT),
        (0.20, 0.05, 0.05, None, False, WAIT),
        (0.20, 0.05, 0.11, None, False, GO_ON),
        # A voice that goes on.
        (0.10, 0.10, 0.00, None, False, WAIT),
        (0.70, 0.70, 0.00, None, False, WAIT),
        (0.76, 0.76, 0.00, None, False, STOP),
        (0.76, 0.76, 0.00, "mm-hm", False, STOP),
        # Words that take the floor stop it at once.
        (0.30, 0.30, 0.00, "wait", False, STOP),
        (0.30, 0.30, 0.20, "What is", True, STOP),
        (0.30, 0.30, 0.00, "等一下", False, STOP),
        # Words of listening: once they are over.
        (0.30, 0.30, 0.00, "okay", False, WAIT),
        (0.40, 0.30, 0.11, "okay", False, GO_ON),
        (0.40, 0.30, 0.11, "嗯", True, GO_ON),
        # Voice without words.
        (0.40, 0.30, 0.11, "", True, GO_ON),
        (0.40, 0.30, 0.11, "", False, WAIT),
        # The recogniser is slow.
        (1.50, 0.30, 1.20, None, False, WAIT),
        (2.40, 0.30, 2.01, None, False, GO_ON),
    ],
)
def test_what_becomes_of_a_held_reply(
    held_s: float,
    voiced_s: float,
    silence_s: float,
    text: str | None,
    complete: bool,
    verdict: Verdict,
) -> None:
    overlap = Overlap(held_s, voiced_s, silence_s, text, complete)
    assert judge(overlap, least_speech_s=0.1) is verdict


def test_a_person_may_want_more_speech_than_that() -> None:
    spoken = Overlap(held_s=0.6, voiced_s=0.5, silence_s=0.0, text="wait", complete=False)
    assert judge(spoken, least_speech_s=0.4) is STOP
    assert judge(spoken, least_speech_s=0.6) is WAIT
    over = Overlap(held_s=0.7, voiced_s=0.5, silence_s=0.2, text="wait", complete=True)
    assert judge(over, least_speech_s=0.6) is GO_ON


class TestEcho:
    """An agent that hears itself."""

    def test_the_first_echo_holds_the_reply_for_a_moment_and_later_ones_do_not(self) -> None:
        talk = Talk(playing=True, busy=True, echo=True)
        talk.says("I am the agent and I hear myself.", 2.0)
        talk.is_silent(1.0)
        assert talk.told == [Hold(), GoOn("echo")]
        assert talk.at(GoOn) - talk.at(Hold) <= 0.15
        assert not talk.requests

    def test_the_end_of_the_echo_after_the_reply_is_no_turn(self) -> None:
        talk = Talk(playing=True, busy=True, echo=True)
        talk.says("I am the agent and I", 1.2)
        talk.playing = talk.busy = False
        talk.says("hear myself.", 0.4)
        talk.is_silent(3.0)
        assert talk.told == [Hold(), GoOn("echo")]

    def test_a_caller_over_the_echo_stops_it(self) -> None:
        talk = Talk(playing=True, busy=True, echo=True)
        talk.says("I am the agent", 1.0)
        talk.echo = False
        talk.says("Wait, I have a question.", 1.5)
        talk.is_silent(3.0)
        assert talk.outline[:4] == ["Hold", "GoOn", "Hold", "Stop"]
        assert talk.ended == ["Wait, I have a question."]

    def test_three_coughs_over_the_agent_leave_the_caller_heard(self) -> None:
        talk = Talk(playing=True, busy=True)
        for _ in range(3):
            talk.makes_a_noise(0.3)
            talk.is_silent(1.0)
        talk.says("Wait, I have a question.", 1.5)
        talk.is_silent(3.0)
        assert talk.ended == ["Wait, I have a question."]
