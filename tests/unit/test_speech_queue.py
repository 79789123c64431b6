"""What a voice track says next, on a clock of the test's own: turns, speed, what is behind."""

import pytest

from agent.interpreting.speech_queue import TURN_S, Saying, SpeechQueue, speed_of

CLAUSE = "Then we walked home along the river."
LONG = CLAUSE * 7


def saying(speaker: str, text: str = CLAUSE, since: float = 0.0, segment: str = "s") -> Saying:
    return Saying(speaker, segment, text, since)


def said(queue: SpeechQueue, now: float = 0.0) -> list[tuple[str, str]]:
    found = []
    while (one := queue.next(now)) is not None:
        found.append((one.speaker, one.text))
    return found


def test_what_one_person_said_is_said_in_its_order() -> None:
    queue = SpeechQueue()
    for text in ("One.", LONG, "Three."):
        queue.add(saying("ann", text))
    assert said(queue) == [("ann", "One."), ("ann", LONG), ("ann", "Three.")]
    assert not queue


def test_short_clauses_that_wait_are_said_in_one_go() -> None:
    queue = SpeechQueue()
    for text in ("One.", "Two.", "Three."):
        queue.add(saying("ann", text))
    assert said(queue) == [("ann", "One. Two. Three.")]


@pytest.mark.parametrize(
    ("waited_s", "order"),
    [(TURN_S - 0.1, ["ann", "ann", "bob"]), (TURN_S + 0.1, ["ann", "bob", "ann"])],
    ids=["stays", "waited too long"],
)
def test_a_voice_stays_with_one_person_until_another_has_waited_too_long(
    waited_s: float, order: list[str]
) -> None:
    queue = SpeechQueue()
    for one in (saying("ann", LONG, 0.0), saying("bob", LONG, 1.0), saying("ann", LONG, 1.1)):
        queue.add(one)
    first = queue.next(1.2)
    assert first is not None
    assert [first.speaker, *(who for who, _ in said(queue, 1.0 + waited_s))] == order


def test_a_correction_changes_what_waits_and_nothing_else() -> None:
    queue = SpeechQueue()
    queue.add(saying("ann", LONG, segment="1"))
    queue.add(saying("ann", LONG, segment="2"))
    queue.next(0.0)
    queue.correct("ann", "1", "too late")
    queue.correct("ann", "2", "in time")
    queue.correct("bob", "2", "of somebody else")
    assert said(queue) == [("ann", "in time")]


def test_what_was_shortened_is_said_in_the_place_of_all_of_it() -> None:
    queue = SpeechQueue()
    for text in ("One.", "Two."):
        queue.add(saying("ann", text))
    waiting = queue.waiting_of("ann")
    queue.add(saying("ann", LONG))
    queue.shorten("ann", waiting, "Both.")
    assert said(queue) == [("ann", "Both."), ("ann", LONG)]


def test_what_was_said_meanwhile_is_not_said_again_in_short() -> None:
    queue = SpeechQueue()
    queue.add(saying("ann"))
    waiting = queue.waiting_of("ann")
    queue.next(0.0)
    queue.shorten("ann", waiting, "again")
    assert said(queue) == []


def test_the_oldest_is_left_out_when_too_much_waits() -> None:
    queue = SpeechQueue()
    for number in range(10):
        queue.add(saying("ann", f"{number} {LONG}", since=number))
    left_out = queue.leave_out(queue.waiting_s / 2)
    assert [one.since for one in left_out] == [0, 1, 2, 3, 4]
    assert said(queue)[0][1].startswith("5")


def test_the_later_the_faster_up_to_a_limit() -> None:
    assert [speed_of(s) for s in (0.0, 0.5, 1.0, 1.5, 600.0)] == [1.0, 1.1, 1.2, 1.3, 1.4]


def test_a_long_clause_is_said_faster_so_that_the_next_is_in_time() -> None:
    assert [speed_of(0.0, s) for s in (1.0, 2.0, 3.0, 6.0)] == [1.0, 1.0, 1.1, 1.4]
