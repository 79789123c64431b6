"""An agent is alive while its beat moves."""

import pytest

from agent.survival.pulse import BEAT_S, LOST_S, Pulse


def seen(pulse: Pulse, beats: dict[str, str | None], now: float) -> tuple[set[str], set[str]]:
    """Look at a room that answers at once."""
    return pulse.look(beats, asked=now, now=now)


def test_an_agent_whose_beat_moves_is_alive_however_long_it_is_watched() -> None:
    pulse = Pulse()
    for second in range(100):
        assert seen(pulse, {"agent": str(second)}, float(second)) == ({"agent"}, set())


def test_an_agent_whose_beat_stands_still_is_lost_and_alive_again_when_it_moves() -> None:
    pulse = Pulse()
    seen(pulse, {"agent": "7"}, 0.0)
    assert seen(pulse, {"agent": "7"}, LOST_S - 0.1) == ({"agent"}, set())
    assert seen(pulse, {"agent": "7"}, LOST_S) == (set(), {"agent"})
    assert seen(pulse, {"agent": "8"}, LOST_S + 1) == ({"agent"}, set())


def test_an_observer_who_looks_rarely_does_not_take_two_looks_for_a_stop() -> None:
    pulse = Pulse()
    seen(pulse, {"agent": "1"}, 0.0)
    assert seen(pulse, {"agent": "9"}, 60.0) == ({"agent"}, set())


def test_an_agent_without_a_beat_is_alive_while_it_is_there() -> None:
    pulse = Pulse()
    for second in range(20):
        assert seen(pulse, {"foreign": None}, float(second)) == ({"foreign"}, set())


def test_the_dead_one_and_its_successor_are_told_apart() -> None:
    pulse = Pulse()
    seen(pulse, {"old": "4"}, 0.0)
    seen(pulse, {"old": "4", "new": "1"}, 2.0)
    assert seen(pulse, {"old": "4", "new": "2"}, 3.0) == ({"new"}, {"old"})
    assert seen(pulse, {"new": "3"}, 4.0) == ({"new"}, set())


def test_the_silence_of_who_looks_is_not_the_agents() -> None:
    pulse = Pulse()
    seen(pulse, {"agent": "7"}, 0.0)
    answered_late = pulse.look({"agent": "7"}, asked=1.0, now=1.0 + LOST_S)
    assert answered_late == ({"agent"}, set())


def test_a_silence_is_counted_from_the_beat_and_not_from_the_look_that_showed_it() -> None:
    pulse = Pulse()
    began, last = 100.0, 104.0
    for look in range(9):
        # Every 0.7 s, so that the newest beat is up to that old.
        now = began + 0.2 + look * 0.7
        beat = min(now, last) - began
        seen(pulse, {"agent": f"{beat // BEAT_S * BEAT_S + 3:.1f} AD_1"}, now)
    assert pulse.due == pytest.approx(last + LOST_S, abs=0.25)
    assert pulse.due is not None
    assert seen(pulse, {"agent": "7.0 AD_1"}, pulse.due) == (set(), {"agent"})
    assert pulse.due is None, "it is told"


@pytest.mark.parametrize("every_s", [0.7, 7.0])
def test_who_beats_is_never_due(every_s: float) -> None:
    pulse = Pulse()
    for look in range(100):
        now = look * every_s
        seen(pulse, {"agent": f"{now // BEAT_S * BEAT_S:.1f} AD_1", "foreign": None}, now)
        assert pulse.due is None


@pytest.mark.parametrize("slept_s", [0.7, 1.3, 2.2, 40.0])
def test_an_agent_whose_clock_stood_still_is_alive_by_its_next_beats(slept_s: float) -> None:
    pulse = Pulse()
    for look in range(100):
        now = look * 0.7
        beat = now // BEAT_S * BEAT_S + 60.0 - (slept_s if now > 30.0 else 0.0)
        assert seen(pulse, {"agent": f"{beat:.1f} AD_1"}, now) == ({"agent"}, set())
