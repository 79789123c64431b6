"""Who is served, and when a call is over: read as a table of comings and goings."""

import pytest

from agent.call.presence import GAP_S, Action, Hush, Over, Presence, Refuse, Resume, Serve, TakeOn

RETURN_S, GOODBYE_S = 30.0, 5.0


def run(
    *events: tuple[float, str, str], served: str | None = None, free: bool = False
) -> list[tuple[float, Action]]:
    """Play (time, what, who) and let time pass in between; what was done, and when."""
    presence = Presence(return_s=RETURN_S, goodbye_s=GOODBYE_S, free=free)
    if served is not None:
        presence.expect(served)
    done: list[tuple[float, Action]] = []

    def pass_until(now: float) -> None:
        while presence.due is not None and presence.due <= now:
            at = presence.due
            done.extend((at, action) for action in presence.elapsed(now=at))

    for at, what, who in events:
        pass_until(at)
        if what == "joined":
            done.extend((at, action) for action in presence.joined(who))
        elif what == "takes":
            done.extend((at, action) for action in presence.takes(who))
        else:
            done.extend((at, a) for a in presence.left(who, what, now=at))  # type: ignore[arg-type]
    pass_until(1000.0)
    return done


@pytest.mark.parametrize("away_s", [0.0, 0.5, 1.0, 4.9])
@pytest.mark.parametrize("how", ["lost", "goodbye"])
def test_a_caller_who_comes_back_is_served_on(how: str, away_s: float) -> None:
    done = run((0, "joined", "ann"), (5, how, "ann"), (5 + away_s, "joined", "ann"))
    assert done[0] == (0, Serve("ann"))
    assert done[-1] == (5 + away_s, Resume("ann"))
    assert [a for _, a in done[1:-1]] == ([Hush()] if away_s >= GAP_S else [])


def test_a_lost_caller_is_waited_for_longer_than_one_who_said_goodbye() -> None:
    assert run((0, "joined", "ann"), (5, "lost", "ann"))[-1] == (5 + RETURN_S, Over())
    assert run((0, "joined", "ann"), (5, "goodbye", "ann"))[-1] == (5 + GOODBYE_S, Over())
    assert run((0, "joined", "tel"), (5, "final", "tel"))[-1] == (5, Over())


def test_a_second_person_is_told_and_served_when_the_first_has_gone_for_good() -> None:
    assert run((0, "joined", "ann"), (1, "joined", "bob"), (5, "goodbye", "ann")) == [
        (0, Serve("ann")),
        (1, Refuse("bob")),
        (5 + GAP_S, Hush()),
        (5 + GOODBYE_S, Hush()),
        (5 + GOODBYE_S, Serve("bob")),
    ]


def test_the_first_keeps_the_turn_when_they_come_back_in_time() -> None:
    done = run(
        (0, "joined", "ann"), (1, "joined", "bob"), (5, "lost", "ann"), (20, "joined", "ann")
    )
    assert done[-1] == (20, Resume("ann"))
    assert Serve("bob") not in [action for _, action in done]


def test_those_who_wait_are_served_in_the_order_of_their_coming() -> None:
    done = run(
        (0, "joined", "ann"),
        (1, "joined", "bob"),
        (2, "joined", "cat"),
        (3, "goodbye", "bob"),
        (4, "final", "ann"),
    )
    assert done[-1] == (4, Serve("cat"))


def test_somebody_else_leaving_changes_nothing() -> None:
    assert run((0, "joined", "ann"), (1, "joined", "bob"), (2, "final", "bob"))[-1] == (
        1,
        Refuse("bob"),
    )


def test_a_caller_whom_a_lost_job_has_served_is_not_greeted_again() -> None:
    assert run((0, "joined", "ann"), served="ann") == [(0, Resume("ann"))]
    assert run((0, "joined", "bob"), served="ann") == [(0, Serve("bob"))]


def test_a_second_departure_in_a_row_counts_from_its_own_time() -> None:
    done = run(
        (0, "joined", "ann"), (5, "lost", "ann"), (5.2, "joined", "ann"), (9, "goodbye", "ann")
    )
    assert done[-1] == (9 + GOODBYE_S, Over())


def test_where_the_floor_is_free_the_turn_is_taken_and_who_had_it_is_told() -> None:
    both = ((0, "joined", "ann"), (1, "joined", "bob"))
    done = run(
        *both, (2, "takes", "ann"), (3, "takes", "bob"), (4, "takes", "ann"), (5, "takes", "cat"),
        free=True,
    )  # fmt: skip
    assert done[2:] == [
        (3, TakeOn("bob")), (3, Refuse("ann")), (4, TakeOn("ann")), (4, Refuse("bob")),
    ]  # fmt: skip
    assert run(*both, (3, "takes", "bob"))[2:] == []


def test_a_turn_taken_from_somebody_who_is_away_is_not_given_back() -> None:
    done = run(
        (0, "joined", "ann"), (1, "joined", "bob"), (2, "lost", "ann"), (2.5, "takes", "bob"),
        (9, "joined", "ann"), (50, "final", "bob"),
        free=True,
    )  # fmt: skip
    assert done[2:] == [
        (2.5, TakeOn("bob")), (9, Refuse("ann")), (50, Hush()), (50, TakeOn("ann")),
    ]  # fmt: skip
