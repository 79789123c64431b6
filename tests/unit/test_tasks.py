"""The tree of a call's tasks, on virtual time: what a failure of each kind costs."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from agent.tasks import (
    MOST_RESTARTS,
    RESTARTS_S,
    CallTasks,
    begin,
    fault,
    first_of,
    undivided,
)
from tests.fakes import virtual_time


def run(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    virtual_time.run(scene())


async def fails(text: str = "what the caller said") -> None:
    raise ConnectionError(text)


def never() -> None:
    pytest.fail("nothing was lost")


def test_a_message_that_is_lost_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with CallTasks() as tasks:
            tasks.inform(fails(), name="publish")
            tasks.inform(asyncio.sleep(3600), name="hangs")  # type: ignore[arg-type]
            await asyncio.sleep(10)
        assert tasks.uninformed == 2

    with caplog.at_level(logging.DEBUG):
        run(scene)
    assert "what the caller said" not in caplog.text


@pytest.mark.parametrize(("takes_s", "ended", "given_up_s"), [(1.5, ["whole"], 1.5), (9, [], 2.1)])
def test_a_request_is_not_cut_in_two_by_a_cancellation_and_holds_it_up_for_two_seconds(
    takes_s: float, ended: list[str], given_up_s: float
) -> None:
    done: list[str] = []

    async def request() -> None:
        await asyncio.sleep(takes_s)
        done.append("whole")

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        asking = begin(undivided(request(), name="request"), name="asking")
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.wait({asking})
        assert asking.cancelled()
        assert loop.time() == pytest.approx(given_up_s, abs=0.01)
        assert done == ended

    run(scene)


def test_a_request_gives_what_it_gives_and_raises_what_it_raises() -> None:
    async def scene() -> None:
        assert await undivided(asyncio.sleep(1, "answer"), name="request") == "answer"
        with pytest.raises(ConnectionError):
            await undivided(fails(), name="request")

    run(scene)


def test_after_the_call_nothing_is_told() -> None:
    async def scene() -> None:
        async with CallTasks() as tasks:
            pass
        tasks.inform(fails(), name="late")
        assert tasks.uninformed == 0

    run(scene)


def test_what_is_told_as_the_call_ends_is_still_told() -> None:
    told = []

    async def tell() -> None:
        await asyncio.sleep(1)
        told.append("the last turn")

    async def scene() -> None:
        async with CallTasks() as tasks:
            tasks.inform(tell(), name="publish")

    run(scene)
    assert told == ["the last turn"]


def test_a_part_that_fails_is_started_afresh() -> None:
    starts = []

    async def part() -> None:
        starts.append("start")
        if len(starts) == 1:
            raise ValueError
        await asyncio.Event().wait()

    async def scene() -> None:
        restarts = []
        async with CallTasks() as tasks:
            tasks.carry(part, name="listen", restarted=lambda: restarts.append(1), lost=never)
            await asyncio.sleep(1)
        assert tasks.restarts == len(restarts) == 1

    run(scene)
    assert len(starts) == 2


def test_a_part_that_fails_again_and_again_is_lost_and_nothing_else() -> None:
    async def scene() -> None:
        lost = asyncio.Event()
        async with CallTasks() as tasks:
            tasks.carry(lambda: fails(), name="listen", lost=lost.set)
            async with asyncio.timeout(1):
                await lost.wait()
            await asyncio.sleep(1)
        assert tasks.restarts == MOST_RESTARTS

    run(scene)


def test_failures_far_apart_are_forgiven() -> None:
    async def part() -> None:
        await asyncio.sleep(RESTARTS_S / 2)
        raise ValueError

    async def scene() -> None:
        clock = asyncio.get_running_loop().time
        async with CallTasks(clock=clock) as tasks:
            tasks.carry(part, name="listen", lost=never)
            await asyncio.sleep(20 * RESTARTS_S)

    run(scene)


def test_without_what_it_needs_the_call_ends() -> None:
    async def scene() -> None:
        with pytest.RaisesGroup(ConnectionError):
            async with CallTasks() as tasks:
                tasks.need(fails(), name="connect")
                await asyncio.sleep(3600)

    run(scene)


def test_the_end_of_the_call_ends_all_that_it_needed() -> None:
    async def scene() -> None:
        async with CallTasks() as tasks:
            needed = tasks.need(asyncio.sleep(3600), name="connect")
            carried = tasks.carry(asyncio.Event().wait, name="listen", lost=never)  # type: ignore[arg-type]
            await asyncio.sleep(1)
        assert needed.cancelled()
        assert carried.cancelled()

    run(scene)


def test_a_fault_says_what_and_where_but_not_its_text() -> None:
    try:
        raise ExceptionGroup("parts", [ValueError("what the caller said")])
    except ExceptionGroup as error:
        found = fault(error)
    assert found["error"] == "ValueError"
    assert "caller" not in str(found)


def test_a_task_without_a_group_tells_of_its_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        task = begin(fails(), name="warm-up")
        await asyncio.wait({task})
        await asyncio.sleep(0)

    with caplog.at_level(logging.INFO):
        run(scene)
    assert [r.__dict__["error"] for r in caplog.records] == ["ConnectionError"]


def test_what_is_being_told_is_waited_for_with_what_it_begins() -> None:
    async def scene() -> None:
        told: list[str] = []

        async def tell(what: str) -> None:
            await asyncio.sleep(1)
            told.append(what)
            if what == "first":
                tasks.inform(tell("second"), name="tell")

        async with CallTasks() as tasks:
            tasks.inform(tell("first"), name="tell")
            tasks.inform(fails(), name="fails")
            await tasks.informed()
            assert told == ["first", "second"]
            await tasks.informed()

    run(scene)


@pytest.mark.parametrize("others", [(), (TimeoutError(),)])
def test_of_a_group_the_first_failure_is_raised_unless_there_is_one_of_another_kind(
    others: tuple[Exception, ...],
) -> None:
    first = ConnectionError("first")

    async def scene() -> None:
        async with first_of(ConnectionError):
            parts = ExceptionGroup("parts", [first, ConnectionError("second")])
            raise ExceptionGroup("all", [parts, *others])

    with pytest.raises(ExceptionGroup if others else ConnectionError) as raised:
        run(scene)
    assert (raised.value is first) is not bool(others)
