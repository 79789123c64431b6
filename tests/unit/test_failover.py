"""Who of a list is asked, and when one that failed is asked again: on virtual time."""

import asyncio
import mmap

import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError

from agent.remote.failover import Health, LineUp, Member, ServingPace
from agent.remote.hedging import Pace
from tests.fakes.virtual_time import run

LIMITS = APIConnectOptions(max_retry=0, timeout=1.0)
DEAD = APIConnectionError("refused")


class Engine:
    """Is probed; `works` says with what success."""

    def __init__(self, *, works: bool = True) -> None:
        self.works = works
        self.probes: list[float] = []

    async def probe(self) -> str:
        self.probes.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.1)
        if not self.works:
            raise ConnectionError
        return "fine"

    async def aclose(self) -> None:
        """Nothing is open."""


def clock() -> float:
    return asyncio.get_running_loop().time()


def member(label: str, engine: Engine, health: Health | None = None) -> Member[Engine]:
    health = health or Health(clock=clock)
    return Member(label, engine, LIMITS, health, probe=engine.probe, pace=Pace())


def labels(line_up: LineUp[Engine]) -> list[str]:
    return [member.label for member in line_up.order()]


def test_one_that_failed_is_asked_last_until_a_probe_finds_that_it_works() -> None:
    async def scene() -> None:
        engine = Engine(works=False)
        line_up = LineUp([member(*pair) for pair in (("a", engine), ("b", Engine()))])
        first = line_up.members[0]
        assert labels(line_up) == ["a", "b"]
        line_up.failed(first, DEAD)
        assert labels(line_up) == ["b", "a"]
        await asyncio.sleep(16.0)
        assert engine.probes == pytest.approx([5.0, 15.0], abs=0.01)
        assert labels(line_up) == ["b", "a"]
        engine.works = True
        await asyncio.sleep(20.0)
        assert engine.probes == pytest.approx([5.0, 15.0, 35.0], abs=0.01)
        assert labels(line_up) == ["a", "b"]
        await line_up.aclose()

    run(scene())


def test_one_that_answers_probes_and_fails_in_calls_rests_longer_each_time() -> None:
    async def scene() -> None:
        engine = Engine()
        line_up = LineUp([member("a", engine), member("b", Engine())])
        for _ in range(3):
            line_up.failed(line_up.members[0], DEAD)
            while labels(line_up) != ["a", "b"]:
                await asyncio.sleep(0.5)
        assert [round(at) for at in engine.probes][0] == 5
        assert engine.probes[2] - engine.probes[1] > engine.probes[1] - engine.probes[0] > 10.0
        line_up.answered(line_up.members[0])
        line_up.failed(line_up.members[0], DEAD)
        began = clock()
        await asyncio.sleep(6.0)
        assert engine.probes[3] - began == pytest.approx(5.0, abs=0.01)
        await line_up.aclose()

    run(scene())


def test_of_all_calls_of_a_worker_one_probes_and_all_know_the_outcome() -> None:
    async def scene() -> None:
        memory = mmap.mmap(-1, Health.BYTES)
        engine = Engine()
        calls = [
            LineUp([member("a", engine, Health(memory, clock=clock)), member("b", Engine())])
            for _ in range(3)
        ]
        calls[0].failed(calls[0].members[0], DEAD)
        assert [labels(call) for call in calls] == [["b", "a"]] * 3
        await asyncio.sleep(5.5)
        assert len(engine.probes) == 1
        assert [labels(call) for call in calls] == [["a", "b"]] * 3
        for call in calls:
            await call.aclose()

    run(scene())


def test_a_probe_goes_on_when_the_call_that_found_out_is_over() -> None:
    async def scene() -> None:
        memory = mmap.mmap(-1, Health.BYTES)
        engine = Engine()
        ended = LineUp([member("a", engine, Health(memory, clock=clock)), member("b", Engine())])
        ended.failed(ended.members[0], DEAD)
        await ended.aclose()
        await asyncio.sleep(60.0)
        assert engine.probes == []
        later = LineUp([member("a", engine, Health(memory, clock=clock)), member("b", Engine())])
        assert labels(later) == ["b", "a"]
        await asyncio.sleep(0.5)
        assert labels(later) == ["a", "b"]
        await later.aclose()

    run(scene())


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_may_be_of_the_request_alone_is_not_held_against_the_engine(status: int) -> None:
    async def scene() -> None:
        line_up = LineUp([member("a", Engine()), member("b", Engine())])
        line_up.failed(line_up.members[0], APIStatusError("no", status_code=status))
        assert labels(line_up) == ["a", "b"]
        line_up.failed(line_up.members[0], APIStatusError("no", status_code=401))
        assert labels(line_up) == ["b", "a"]
        await line_up.aclose()

    run(scene())


def test_each_change_of_who_answers_is_told_once() -> None:
    async def scene() -> None:
        told: list[str] = []
        line_up = LineUp([member("a", Engine()), member("b", Engine())])
        line_up.watch(lambda now: told.append(now.label))
        first, second = line_up.members
        for answering in (first, second, second, first):
            line_up.answered(answering)
        assert told == ["b", "a"]
        assert line_up.serving is first

    run(scene())


def test_until_somebody_has_answered_who_is_asked_first_serves() -> None:
    async def scene() -> None:
        health = Health(clock=clock)
        health.failed()
        told: list[str] = []
        line_up = LineUp([member("a", Engine(), health), member("b", Engine())])
        line_up.watch(lambda now: told.append(now.label))
        assert line_up.serving.label == "b"
        line_up.answered(line_up.serving)
        assert told == ["b"]

    run(scene())


def test_the_pace_is_that_of_the_engine_that_is_asked() -> None:
    async def scene() -> None:
        line_up = LineUp([member("a", Engine()), member("b", Engine())])
        pace = ServingPace(line_up)
        for _ in range(10):
            pace.took(0.2)
        assert pace.late_s == pytest.approx(0.22)
        line_up.failed(line_up.members[0], DEAD)
        line_up.answered(line_up.members[1])
        assert pace.late_s is None
        for _ in range(10):
            pace.took(1.0)
        assert pace.late_s == pytest.approx(1.1)
        await line_up.aclose()

    run(scene())
