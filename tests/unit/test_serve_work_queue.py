"""The bounded queue of the model servers, with jobs that wait until the test lets them go."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from model_servers.serving.errors import BadRequest, NotReady, QueueFull, TimedOut, WorkFailed
from model_servers.serving.work_queue import Priority, WorkQueue

PATIENCE_S = 5.0


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


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def collect(
    queue: WorkQueue, job: Any, *, priority: Priority = "final", timeout_s: float = PATIENCE_S
) -> list[str]:
    async with queue.submit(job, timeout_s=timeout_s, priority=priority) as results:
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
        assert time.perf_counter() - began < 1
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
