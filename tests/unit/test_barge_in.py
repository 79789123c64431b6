"""What becomes of a held reply, as a table."""

import pytest

from agent.turns.barge_in import Overlap, Verdict, judge

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
