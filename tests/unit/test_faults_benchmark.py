"""The benchmark of faults: what a trial writes down of calls that go wrong. No call is held."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from benchmarks.faults import Bench, Trial, measure
from benchmarks.faulty_engines import NAMES, STAGES, Engine
from rejoinder.scripted_caller.caller import Caller, CallLost, Exchange, Log
from rejoinder.scripted_caller.hearing import Hearing
from rejoinder.stand_ins import tones


@dataclass
class Agent:
    sid: str


@dataclass
class Scripted:
    """A caller whose turns are answered at once, but for what is told otherwise."""

    on_turn: Callable[[int, "Scripted"], None] = lambda number, caller: None
    """Called in each turn; may raise."""
    agent: Agent | None = field(default_factory=lambda: Agent("first"))
    hearing: Hearing = field(default_factory=Hearing)
    log: Log = field(default_factory=Log)
    turns: int = 0

    async def say(self, pcm: Any) -> None:
        self.turns += 1

    async def wait_for_reply(self, utterance: Any, *, timeout_s: float) -> Exchange:
        self.on_turn(self.turns, self)
        return Exchange(voice_to_voice_ms=900.0)


def bench_of(caller: Scripted | Exception) -> Bench:
    @asynccontextmanager
    async def call() -> AsyncIterator[Caller]:
        if isinstance(caller, Exception):
            raise caller
        yield cast(Caller, caller)

    near = {stage: Engine(0) for stage in STAGES}
    for stage, engine in near.items():
        # It has answered by the time that somebody looks: the call is over with the fourth turn.
        engine.server.of = _answers(stage)  # type: ignore[method-assign]
    joins = cast(Callable[[], AbstractAsyncContextManager[Caller]], call)
    return Bench(joins, near, Engine(0), np.zeros(480, np.float32))


def _answers(stage: str) -> Any:
    counts = iter(range(1000))

    def of(route: str) -> list[Any]:
        done = cast(Any, type("Done", (), {"outcome": "completed"}))
        return [done] * next(counts)

    return of


async def trial(caller: Scripted | Exception) -> Trial:
    bench = bench_of(caller)
    try:
        return await bench.trial("tts", "hung")
    finally:
        for engine in (*bench._near.values(), bench._far):
            await engine.stop()


async def test_a_call_without_a_fault_is_measured_turn_by_turn() -> None:
    row = await trial(Scripted())
    assert (row.call_lost, row.failed) == (False, "")
    assert [turn.wait_ms for turn in (row.before, row.during, row.after)] == [900.0] * 3
    assert row.during.lost_words == len(NAMES)
    assert row.back_s is not None


async def test_a_call_whose_agent_dies_is_lost_though_the_caller_stays() -> None:
    def die(number: int, caller: Scripted) -> None:
        if number == 2:
            caller.agent = None
            raise TimeoutError

    row = await trial(Scripted(die))
    assert row.call_lost
    assert row.during.wait_ms is None


async def test_another_agent_in_its_place_is_a_lost_call_too() -> None:
    def change(number: int, caller: Scripted) -> None:
        if number == 3:
            caller.agent = Agent("second")

    assert (await trial(Scripted(change))).call_lost


async def test_a_caller_who_is_thrown_out_has_lost_the_call() -> None:
    def lose(number: int, caller: Scripted) -> None:
        if number == 2:
            raise CallLost("the room was closed")

    row = await trial(Scripted(lose))
    assert (row.call_lost, row.before.wait_ms) == (True, 900.0)


async def test_a_call_that_nobody_takes_is_a_row_that_says_so() -> None:
    row = await trial(ExceptionGroup("join", [TimeoutError("nobody")]))
    assert "nobody" in row.failed
    assert row.before.wait_ms is None


async def test_what_was_measured_is_written_after_each_call(tmp_path: Path) -> None:
    class Broken(Bench):
        calls = 0

        async def trial(self, stage: Any, fault: str) -> Trial:
            self.calls += 1
            if self.calls == 2:
                raise RuntimeError("the machine is gone")
            return Trial(stage, fault)

    out = tmp_path / "faults.json"
    bench = Broken(cast(Any, None), {}, cast(Any, None), np.zeros(1, np.float32))
    with pytest.raises(RuntimeError):
        await measure(bench, [("stt", "hung")], 3, out)
    [row] = json.loads(await asyncio.to_thread(out.read_text))["trials"]
    assert (row["stage"], row["fault"]) == ("stt", "hung")

    bench.calls = 2
    await measure(bench, [("stt", "hung")], 3, out, [row])
    assert len(json.loads(await asyncio.to_thread(out.read_text))["trials"]) == 3


def test_an_apology_is_not_heard_as_words_of_the_reply() -> None:
    server = Engine(0).server
    text = " ".join(f"word{number}" for number in range(60))
    pcm = tones.speak(server.spoken_words(f"{text} alpha tango"), rate_hz=24000)
    samples = np.frombuffer(pcm, "<i2") / np.float32(32768)
    heard = [word for word, _, _ in server.heard_words(samples, rate_hz=24000)]
    assert [word for word in heard if word in NAMES] == ["alpha", "tango"]
