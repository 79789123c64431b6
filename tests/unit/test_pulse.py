"""An agent is alive while its beat moves."""

from agent.survival.pulse import LOST_S, Pulse


def test_an_agent_whose_beat_moves_is_alive_however_long_it_is_watched() -> None:
    pulse = Pulse()
    for second in range(100):
        assert pulse.look({"agent": str(second)}, now=float(second)) == ({"agent"}, set())


def test_an_agent_whose_beat_stands_still_is_lost_and_alive_again_when_it_moves() -> None:
    pulse = Pulse()
    pulse.look({"agent": "7"}, now=0.0)
    assert pulse.look({"agent": "7"}, now=LOST_S - 0.1) == ({"agent"}, set())
    assert pulse.look({"agent": "7"}, now=LOST_S) == (set(), {"agent"})
    assert pulse.look({"agent": "8"}, now=LOST_S + 1) == ({"agent"}, set())


def test_an_observer_who_looks_rarely_does_not_take_two_looks_for_a_stop() -> None:
    pulse = Pulse()
    pulse.look({"agent": "1"}, now=0.0)
    assert pulse.look({"agent": "9"}, now=60.0) == ({"agent"}, set())


def test_an_agent_without_a_beat_is_alive_while_it_is_there() -> None:
    pulse = Pulse()
    for second in range(20):
        assert pulse.look({"foreign": None}, now=float(second)) == ({"foreign"}, set())


def test_the_dead_one_and_its_successor_are_told_apart() -> None:
    pulse = Pulse()
    pulse.look({"old": "4"}, now=0.0)
    pulse.look({"old": "4", "new": "1"}, now=2.0)
    assert pulse.look({"old": "4", "new": "2"}, now=3.0) == ({"new"}, {"old"})
    assert pulse.look({"new": "3"}, now=4.0) == ({"new"}, set())
