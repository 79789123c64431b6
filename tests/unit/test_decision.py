"""How much silence ends a turn."""

import pytest

from agent.options.turns import TurnOptions
from agent.turns.decision import PauseHabits, wait_s
from agent.turns.words import Wording

OPTIONS = TurnOptions(min_delay_s=0.2, min_silence_s=0.6, max_delay_s=1.2)


def habits(*pauses_s: float) -> PauseHabits:
    known = PauseHabits()
    for pause_s in pauses_s:
        known.went_on_after(pause_s)
    return known


@pytest.mark.parametrize(
    ("wording", "pauses_s", "end_probability", "expected_s"),
    [
        # The words alone.
        (Wording.FINISHED, (), None, 0.4),
        (Wording.PLAIN, (), None, 0.6),
        (Wording.UNFINISHED, (), None, 1.2),
        (Wording.DICTATION, (), None, 1.92),
        # A caller who pauses is given more time, but not without limit.
        (Wording.FINISHED, (0.5, 0.5), None, 0.65),
        (Wording.PLAIN, (0.6, 0.6), None, 0.78),
        (Wording.FINISHED, (1.1, 1.1), None, 0.9),
        (Wording.UNFINISHED, (1.1, 1.1), None, 1.2),
        # One long pause is no habit, short gaps are no pauses.
        (Wording.FINISHED, (1.1,), None, 0.4),
        (Wording.FINISHED, (1.1, 0.3, 0.3), None, 0.4),
        (Wording.FINISHED, (0.1, 0.1, 0.19), None, 0.4),
        # An acoustic model moves the wait between floor and ceiling.
        (Wording.FINISHED, (), 0.5, 0.4),
        (Wording.FINISHED, (), 1.0, 0.2),
        (Wording.PLAIN, (), 1.0, 0.3),
        (Wording.PLAIN, (), 0.0, 0.9),
        # Against the words it counts for as much as they do: the wait is that of a doubt.
        (Wording.UNFINISHED, (), 0.3, 1.2),
        (Wording.UNFINISHED, (), 0.9, 0.72),
        (Wording.UNFINISHED, (), 1.0, 0.6),
        (Wording.DICTATION, (), 0.5, 1.92),
        (Wording.DICTATION, (), 1.0, 0.6),
    ],
)
def test_the_wait_follows_words_and_habits(
    wording: Wording, pauses_s: tuple[float, ...], end_probability: float | None, expected_s: float
) -> None:
    known = habits(*pauses_s)
    wait = wait_s(OPTIONS, wording, habits=known, end_probability=end_probability)
    assert wait == pytest.approx(expected_s)


def test_only_the_newest_pauses_count() -> None:
    assert habits(1.0, 1.0).usual_s == 1.0
    assert habits(1.0, 1.0, *[0.3] * 6).usual_s == 0.3


def test_the_ceiling_holds_when_the_floor_is_above_it() -> None:
    options = TurnOptions(min_delay_s=2.0, min_silence_s=0.6, max_delay_s=1.0)
    assert wait_s(options, Wording.FINISHED, habits=habits()) == 1.0
