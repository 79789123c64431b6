"""The bounded queue of the model servers, with jobs that wait until the test lets them go."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from model_servers.serving.errors import BadRequest, NotReady, QueueFull, TimedOut, WorkFailed
from model_servers.serving.tickets import Priority
from model_servers.serving.work_queue import WorkQueue
from testbed.waiting import until

PATIENCE_S = 30.0


class Jobs:
    """Makes jobs that note when they begin and go on when they are released."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.stopped: list[str] = []
        self._gates: dict[str, threading.Event] = {}

    def make(self, name: str) -> Callable[[threading.Event], Iterator[str]]:
        gate = self._gates.setdefault(name, threading.Event())

        def job(stop: threading.Event) -> Iterator[str]:
            self.begun.append(name)
            while not gate.wait(0.005):
                if stop.is_set():
                    self.stopped.append(name)
                    return
            yield name

        return job

    def release(self, *names: str) -> None:
        for name in names:
            self._gates.setdefault(name, threading.Event()).set()


async def collect(
    queue: WorkQueue,
    job: Any,
    *,
    priority: Priority = "final",
    timeout_s: float = PATIENCE_S,
    client: str = "",
) -> list[str]:
    async with queue.submit(job, timeout_s=timeout_s, priority=priority, client=client) as results:
        return [item async for item in results]


@pytest.fixture
async def queue() -> AsyncIterator[WorkQueue]:
    made = WorkQueue(workers=1, waiting=2)
    yield made
    assert await made.aclose(timeout_s=PATIENCE_S)


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


async def test_results_come_in_order_and_while_the_job_still_runs(queue: WorkQueue) -> None:
    go_on = threading.Event()

    def job(stop: threading.Event) -> Iterator[int]:
        yield 1
        go_on.wait(PATIENCE_S)
        yield 2

    async with queue.submit(job, timeout_s=PATIENCE_S) as results:
        assert await anext(results) == 1
        assert queue.running == 1
        go_on.set()
        assert [item async for item in results] == [2]


async def test_a_final_request_overtakes_interim_ones_that_wait(
    queue: WorkQueue, jobs: Jobs
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(collect(queue, jobs.make("running")))
        await until(lambda: jobs.begun)
        group.create_task(collect(queue, jobs.make("interim"), priority="interim"))
        await until(lambda: queue.waiting == 1)
        group.create_task(collect(queue, jobs.make("final")))
        await until(lambda: queue.waiting == 2)
        jobs.release("running", "interim", "final")
    assert jobs.begun == ["running", "final", "interim"]


async def test_a_request_beyond_the_waiting_places_is_refused_with_a_time(
    queue: WorkQueue, jobs: Jobs
) -> None:
    async with asyncio.TaskGroup() as group:
        for name in ("a", "b", "c"):
            group.create_task(collect(queue, jobs.make(name)))
        await until(lambda: queue.waiting == 2)
        with pytest.raises(QueueFull) as refusal:
            await collect(queue, jobs.make("d"))
        jobs.release("a", "b", "c")
    assert int(refusal.value.headers["Retry-After"]) >= 1
    assert "d" not in jobs.begun


async def test_a_final_request_takes_the_place_of_the_youngest_interim_one(
    queue: WorkQueue, jobs: Jobs
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(collect(queue, jobs.make("running")))
        await until(lambda: jobs.begun)
        group.create_task(collect(queue, jobs.make("old"), priority="interim"))
        await until(lambda: queue.waiting == 1)
        young = asyncio.ensure_future(collect(queue, jobs.make("young"), priority="interim"))
        await until(lambda: queue.waiting == 2)
        group.create_task(collect(queue, jobs.make("final")))
        with pytest.raises(QueueFull):
            await young
        with pytest.raises(QueueFull):
            await collect(queue, jobs.make("late"), priority="interim")
        jobs.release("running", "old", "final")
    assert jobs.begun == ["running", "final", "old"]


async def test_leaving_while_waiting_means_that_the_job_never_starts(
    queue: WorkQueue, jobs: Jobs
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(collect(queue, jobs.make("running")))
        await until(lambda: jobs.begun)
        waiting = asyncio.ensure_future(collect(queue, jobs.make("left")))
        await until(lambda: queue.waiting == 1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert queue.waiting == 0
        jobs.release("running", "left")
    await collect(queue, jobs.make("left"))  # the same name, to be sure it would be noted
    assert jobs.begun == ["running", "left"]


async def test_leaving_while_running_stops_the_job_and_frees_the_worker(
    queue: WorkQueue, jobs: Jobs
) -> None:
    running = asyncio.ensure_future(collect(queue, jobs.make("left")))
    await until(lambda: jobs.begun)
    running.cancel()
    await asyncio.wait([running])
    jobs.release("next")
    assert await collect(queue, jobs.make("next")) == ["next"]
    assert jobs.stopped == ["left"]


async def test_the_deadline_counts_the_time_in_the_queue(queue: WorkQueue, jobs: Jobs) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(collect(queue, jobs.make("running")))
        await until(lambda: jobs.begun)
        began = time.perf_counter()
        with pytest.raises(TimedOut, match="0.05 s"):
            await collect(queue, jobs.make("late"), timeout_s=0.05)
        assert time.perf_counter() - began < PATIENCE_S
        assert queue.waiting == 0
        jobs.release("running")


async def test_a_running_job_past_its_deadline_is_stopped(queue: WorkQueue, jobs: Jobs) -> None:
    with pytest.raises(TimedOut):
        await collect(queue, jobs.make("slow"), timeout_s=0.05)
    await until(lambda: jobs.stopped == ["slow"])


async def test_a_jobs_own_refusal_reaches_the_client_and_the_worker_goes_on(
    queue: WorkQueue, jobs: Jobs
) -> None:
    def refuses(stop: threading.Event) -> Iterator[str]:
        yield "first"
        raise BadRequest("no audio", param="file")

    async with queue.submit(refuses, timeout_s=PATIENCE_S) as results:
        assert await anext(results) == "first"
        with pytest.raises(BadRequest, match="no audio"):
            await anext(results)
    jobs.release("next")
    assert await collect(queue, jobs.make("next")) == ["next"]


async def test_a_failure_in_the_model_is_reported_by_its_kind_only(
    queue: WorkQueue, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(stop: threading.Event) -> Iterator[str]:
        raise KeyError("what the caller said")
        yield

    with pytest.raises(WorkFailed, match="KeyError") as failure:
        await collect(queue, fails)
    assert "caller" not in str(failure.value)
    assert "caller" not in caplog.text


async def test_closing_refuses_waiting_and_new_requests_and_stops_the_running_one(
    jobs: Jobs,
) -> None:
    queue = WorkQueue(workers=1, waiting=2)
    tasks = [asyncio.ensure_future(collect(queue, jobs.make(n))) for n in ("runs", "waits")]
    await until(lambda: queue.waiting == 1 and jobs.begun)
    assert await queue.aclose(timeout_s=PATIENCE_S)
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(result, NotReady)
    with pytest.raises(NotReady):
        await collect(queue, jobs.make("new"))
    assert await queue.aclose(timeout_s=PATIENCE_S), "closing twice is allowed"
    assert jobs.begun == jobs.stopped == ["runs"]


async def test_closing_says_so_when_a_model_call_does_not_end() -> None:
    queue = WorkQueue(workers=1, waiting=0)
    let_go, begun = threading.Event(), threading.Event()

    def deaf(stop: threading.Event) -> Iterator[str]:
        begun.set()
        let_go.wait(PATIENCE_S)
        yield "never heard"

    running = asyncio.ensure_future(collect(queue, deaf))
    await until(begun.is_set)
    assert not await queue.aclose(timeout_s=0.05)
    let_go.set()
    assert await queue.aclose(timeout_s=PATIENCE_S)
    with pytest.raises(NotReady):
        await running


async def test_two_workers_run_two_jobs_at_the_same_time(jobs: Jobs) -> None:
    queue = WorkQueue(workers=2, waiting=0)
    async with asyncio.TaskGroup() as group:
        group.create_task(collect(queue, jobs.make("a")))
        group.create_task(collect(queue, jobs.make("b")))
        await until(lambda: queue.running == 2)
        with pytest.raises(QueueFull):
            await collect(queue, jobs.make("c"))
        jobs.release("a", "b")
    assert await queue.aclose(timeout_s=PATIENCE_S)


async def begun_in_order(queue: WorkQueue, asked: list[tuple[str, str]]) -> list[str]:
    """The order in which requests (client, name) are served that come while one runs."""
    jobs = Jobs()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(collect(queue, jobs.make("running"), client="a"))
        await until(lambda: jobs.begun)
        for count, (client, name) in enumerate(asked, 1):
            group.create_task(collect(queue, jobs.make(name), client=client))
            await until(lambda count=count: queue.waiting == count)
        jobs.release("running", *(name for _, name in asked))
        await running
    return jobs.begun[1:]


async def test_clients_take_turns() -> None:
    queue = WorkQueue(workers=1, waiting=8)
    asked = [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("b", "b2"), ("c", "c1")]
    assert await begun_in_order(queue, asked) == ["b1", "c1", "a1", "b2", "a2", "a3"]
    assert await queue.aclose(timeout_s=PATIENCE_S)


async def test_who_fills_all_places_loses_its_last_one_to_another_client() -> None:
    queue, jobs = WorkQueue(workers=1, waiting=2), Jobs()
    async with asyncio.TaskGroup() as group:
        group.create_task(collect(queue, jobs.make("a0"), client="a"))
        await until(lambda: jobs.begun)
        group.create_task(collect(queue, jobs.make("a1"), client="a"))
        await until(lambda: queue.waiting == 1)
        last = asyncio.create_task(collect(queue, jobs.make("a2"), client="a"))
        await until(lambda: queue.waiting == 2)
        with pytest.raises(QueueFull), queue.reading("a"):
            pass
        with queue.reading("b"):
            group.create_task(collect(queue, jobs.make("b1"), client="b"))
        with pytest.raises(QueueFull):
            await last
        jobs.release("a0", "a1", "b1")
    assert jobs.begun == ["a0", "b1", "a1"]
    assert await queue.aclose(timeout_s=PATIENCE_S)


async def test_withdrawn_requests_cost_no_turn() -> None:
    queue, jobs = WorkQueue(workers=1, waiting=8), Jobs()
    async with asyncio.TaskGroup() as group:
        group.create_task(collect(queue, jobs.make("running"), client="x"))
        await until(lambda: jobs.begun)
        for _ in range(5):
            gone = asyncio.create_task(collect(queue, jobs.make("gone"), client="a"))
            await until(lambda: queue.waiting == 1)
            gone.cancel()
            await until(lambda: queue.waiting == 0)
        for client in "ab":
            group.create_task(collect(queue, jobs.make(client), client=client))
            await until(lambda client=client: queue.waiting == "ab".index(client) + 1)
        jobs.release("running", "a", "b")
    assert jobs.begun == ["running", "a", "b"]
    assert await queue.aclose(timeout_s=PATIENCE_S)


async def test_bodies_that_are_being_read_are_bounded_with_room_for_another_client() -> None:
    queue = WorkQueue(workers=1, waiting=1)
    with contextlib.ExitStack() as reading:
        for client in "ab":
            for _ in range(2):
                reading.enter_context(queue.reading(client))
            with pytest.raises(QueueFull):
                reading.enter_context(queue.reading(client))
        with pytest.raises(QueueFull):
            reading.enter_context(queue.reading("c"))
    with queue.reading("c"):
        pass
    assert await queue.aclose(timeout_s=PATIENCE_S)


async def test_another_clients_request_is_served_between_two_results_of_a_long_one() -> None:
    queue = WorkQueue(workers=1, waiting=2)
    over = threading.Event()

    def long(stop: threading.Event) -> Iterator[str]:
        while not (stop.is_set() or over.is_set()):
            time.sleep(0.01)
            yield "piece"

    async with asyncio.TaskGroup() as group:
        running = group.create_task(collect(queue, long, client="a"))
        await until(lambda: queue.running)
        own = group.create_task(collect(queue, lambda stop: iter(["own"]), client="a"))
        assert await collect(queue, lambda stop: iter(["short"]), client="b") == ["short"]
        assert not running.done()
        assert not own.done()
        over.set()
    assert await queue.aclose(timeout_s=PATIENCE_S)


async def test_a_long_one_that_waits_for_another_still_stops_when_its_client_leaves() -> None:
    queue, jobs = WorkQueue(workers=1, waiting=2), Jobs()

    def long(stop: threading.Event) -> Iterator[str]:
        while not stop.is_set():
            time.sleep(0.01)
            yield "piece"

    leaving = asyncio.create_task(collect(queue, long, client="a"))
    await until(lambda: queue.running)
    other = asyncio.create_task(collect(queue, jobs.make("other"), client="b"))
    await until(lambda: jobs.begun)
    leaving.cancel()
    await asyncio.wait([leaving])
    jobs.release("other")
    assert await other == ["other"]
    await until(lambda: queue.running == 0)
    assert await queue.aclose(timeout_s=PATIENCE_S)


async def test_a_free_worker_takes_the_next_request_while_another_serves_two() -> None:
    queue, jobs = WorkQueue(workers=2, waiting=4), Jobs()
    over = threading.Event()

    def long(stop: threading.Event) -> Iterator[str]:
        while not (stop.is_set() or over.is_set()):
            time.sleep(0.01)
            yield "piece"

    async with asyncio.TaskGroup() as group:
        beside = group.create_task(collect(queue, jobs.make("beside"), client="b"))
        group.create_task(collect(queue, long, client="a"))
        await until(lambda: queue.running == 2)
        group.create_task(collect(queue, jobs.make("between"), client="c"))
        await until(lambda: queue.running == 3)
        group.create_task(collect(queue, jobs.make("next"), client="d"))
        await until(lambda: queue.waiting == 1)
        beside.cancel()
        await until(lambda: "next" in jobs.begun)
        over.set()
        jobs.release("between", "next")
    assert await queue.aclose(timeout_s=PATIENCE_S)
