"""What a stand-in recogniser's requests cost, on virtual time."""

import asyncio

import pytest

from benchmarks.cost import Cost, Machine
from tests.fakes import virtual_time

SHARED = Cost(base_s=0.2, per_s=0.02, company=0.5)
SERIAL = Cost(base_s=0.2, per_s=0.02, serial=True)
UPLOAD_S = 2.5


def answered_at(
    cost: Cost, *asked_at: float, upload_s: float = UPLOAD_S, given_up: float | None = None
) -> list[float]:
    """When each request is answered; the last one is given up after some time."""

    async def ask(machine: Machine, at: float, *, most_s: float | None) -> float:
        await asyncio.sleep(at)
        try:
            async with asyncio.timeout(most_s):
                await machine.work(upload_s)
        except TimeoutError:
            return -1.0
        return asyncio.get_running_loop().time()

    async def all_of_them() -> list[float]:
        began, machine = asyncio.get_running_loop().time(), Machine(cost)
        last = len(asked_at) - 1
        asking = [
            ask(machine, at, most_s=given_up if n == last else None)
            for n, at in enumerate(asked_at)
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in asking]
        return [task.result() - began for task in tasks]

    found: list[float] = virtual_time.run(all_of_them())
    return found


def test_a_longer_upload_takes_longer() -> None:
    assert answered_at(SHARED, 0.0) == pytest.approx([0.25])
    assert answered_at(SHARED, 0.0, upload_s=10.0) == pytest.approx([0.4])


def test_company_slows_all() -> None:
    assert answered_at(SHARED, 0.0, 0.0) == pytest.approx([0.375, 0.375])
    first, second = answered_at(SHARED, 0.0, 0.1)
    assert 0.25 < first < second < 0.5


def test_who_gives_up_leaves_the_others_more_room() -> None:
    first, _ = answered_at(SHARED, 0.0, 0.0, given_up=0.1)
    assert 0.25 < first < 0.375


def test_one_at_a_time_waits_for_those_before_it() -> None:
    assert answered_at(SERIAL, 0.0, 0.0) == pytest.approx([0.25, 0.5])
