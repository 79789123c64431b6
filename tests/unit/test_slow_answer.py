"""A second request when the first is slow, and a word to the caller: on virtual time."""

import asyncio
import mmap
from collections.abc import AsyncGenerator

import pytest

from agent.remote.hedging import Pace, hedged, hedged_stream, with_filler
from tests.fakes.virtual_time import run


class Engine:
    """Answers one request after the other with these delays; an exception is raised."""

    def __init__(self, *delays: float, fails: tuple[int, ...] = ()) -> None:
        self.delays = list(delays)
        self.fails = fails
        self.asked: list[float] = []
        self.ended: list[str] = []

    async def ask(self) -> int:
        number = len(self.asked)
        self.asked.append(asyncio.get_running_loop().time())
        try:
            await asyncio.sleep(self.delays[number])
        except asyncio.CancelledError:
            self.ended.append(f"{number} cancelled")
            raise
        self.ended.append(f"{number} answered")
        if number in self.fails:
            raise ConnectionError(number)
        return number

    async def stream(self) -> AsyncGenerator[str, None]:
        number = await self.ask()
        try:
            for item in range(3):
                yield f"{number}.{item}"
                await asyncio.sleep(0.1)
        finally:
            self.ended.append(f"{number} closed")


async def _exhausted(stream: AsyncGenerator[str, None]) -> list[str]:
    return [item async for item in stream]


def clock() -> float:
    return asyncio.get_running_loop().time()


def test_a_quick_answer_is_asked_for_once() -> None:
    async def scene() -> None:
        engine = Engine(0.2)
        assert await hedged(engine.ask, after_s=0.5) == 0
        assert len(engine.asked) == 1

    run(scene())


def test_a_slow_one_is_asked_for_twice_and_the_first_answer_counts() -> None:
    async def scene() -> None:
        engine = Engine(9.0, 0.2)
        began = clock()
        assert await hedged(engine.ask, after_s=0.5) == 1
        assert clock() - began == pytest.approx(0.7)
        assert engine.ended == ["1 answered", "0 cancelled"]

    run(scene())


def test_a_slow_first_request_may_still_be_the_first_to_answer() -> None:
    async def scene() -> None:
        engine = Engine(0.6, 0.9)
        assert await hedged(engine.ask, after_s=0.5) == 0
        assert engine.ended == ["0 answered", "1 cancelled"]

    run(scene())


def test_without_a_time_it_is_never_asked_twice() -> None:
    async def scene() -> None:
        engine = Engine(60.0)
        assert await hedged(engine.ask, after_s=None) == 0

    run(scene())


@pytest.mark.parametrize(
    ("delays", "fails", "expected"),
    [
        ((0.1,), (0,), None),
        ((0.7, 0.5), (0,), 1),
        ((0.7, 0.1), (1,), 0),
        ((0.7, 0.5), (0, 1), None),
        ((0.7, 0.2), (0,), 1),
        ((0.7, 0.2), (1,), 0),
        ((0.7, 0.2), (0, 1), None),
    ],
    ids=[
        "at once",
        "the slow one",
        "the second one",
        "both",
        "the slow one as the other answers",
        "the second one as the other answers",
        "both in one turn of the loop",
    ],
)
def test_a_failure_counts_only_when_no_other_answer_can_come(
    delays: tuple[float, ...], fails: tuple[int, ...], expected: int | None
) -> None:
    async def scene() -> None:
        engine = Engine(*delays, fails=fails)
        if expected is None:
            with pytest.raises(ConnectionError):
                await hedged(engine.ask, after_s=0.5)
        else:
            assert await hedged(engine.ask, after_s=0.5) == expected

    run(scene())


def test_whoever_stops_waiting_stops_both_requests() -> None:
    async def scene() -> None:
        engine = Engine(9.0, 9.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.0):
                await hedged(engine.ask, after_s=0.5)
        assert sorted(engine.ended) == ["0 cancelled", "1 cancelled"]

    run(scene())


def test_of_two_streams_the_one_that_begins_first_is_heard_and_the_other_closed() -> None:
    async def scene() -> None:
        engine, pace = Engine(9.0, 0.2), Pace()
        items = [item async for item in hedged_stream(engine.stream, after_s=0.5, pace=pace)]
        assert items == ["1.0", "1.1", "1.2"]
        assert engine.ended == ["1 answered", "0 cancelled", "1 closed"]

    run(scene())


def test_a_stream_that_is_left_is_closed() -> None:
    async def scene() -> None:
        engine = Engine(0.1)
        stream = hedged_stream(engine.stream, after_s=None)
        assert await anext(stream) == "0.0"
        await stream.aclose()
        assert engine.ended == ["0 answered", "0 closed"]

    run(scene())


def test_an_empty_stream_is_empty() -> None:
    async def nothing() -> AsyncGenerator[str, None]:
        await asyncio.sleep(0.1)
        for item in ():
            yield item

    async def scene() -> None:
        assert [item async for item in hedged_stream(nothing, after_s=0.5)] == []
        assert [item async for item in with_filler(nothing(), "One moment.", after_s=0.5)] == []

    run(scene())


@pytest.mark.parametrize(("delay_s", "led"), [(0.4, False), (2.0, True)])
def test_a_slow_stream_is_led_by_the_filler(delay_s: float, led: bool) -> None:
    async def scene() -> None:
        engine = Engine(delay_s)
        began = clock()
        items: list[tuple[float, str]] = []
        async for item in with_filler(engine.stream(), "One moment.", after_s=1.0):
            items.append((clock() - began, item))
        expected = ["0.0", "0.1", "0.2"]
        assert [item for _, item in items] == (["One moment.", *expected] if led else expected)
        assert items[0][0] == pytest.approx(1.0 if led else delay_s)

    run(scene())


@pytest.mark.parametrize("after_s", [0.5, 1.5])
def test_leaving_before_the_first_item_closes_the_stream(after_s: float) -> None:
    async def scene() -> None:
        engine = Engine(9.0)
        stream = with_filler(engine.stream(), "One moment.", after_s=0.8)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_exhausted(stream), after_s)
        await stream.aclose()
        assert engine.ended == ["0 cancelled"]

    run(scene())


def late(*readings: float) -> float | None:
    pace = Pace()
    for reading in readings:
        pace.took(reading)
    return pace.late_s


def test_the_tail_is_known_after_some_answers() -> None:
    assert late(*[0.2] * 7) is None
    assert late(*[0.2] * 20) == pytest.approx(0.22)
    spread = [0.2] * 18 + [0.3, 2.0]
    found = late(*spread)
    assert found is not None
    assert found > 0.3


def test_what_one_call_learns_is_known_to_the_next() -> None:
    memory = mmap.mmap(-1, Pace.BYTES)
    first = Pace(memory)
    for _ in range(70):
        first.took(0.2)
    assert Pace(memory).late_s == pytest.approx(0.22)


def test_an_engine_that_became_faster_is_known_anew() -> None:
    found = late(*[5.0] * 60, *[0.1] * 60)
    assert found == pytest.approx(0.11)
