"""Several calls at once: latency, processor time and memory per call, ours beside a plain worker.

python -m benchmarks.load --calls 1 4 6 8 12
python -m benchmarks.load --flood            # four callers, alone and beside one who floods
python -m benchmarks.load --flood --calls 11 # where there are more than two cores
"""

import argparse
import asyncio
import contextlib
import json
import secrets
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.bench import DELAYS, RESULTS
from benchmarks.load_callers import TURNS
from benchmarks.rig import OURS, THREADS, VANILLA, Rig, rig
from benchmarks.texts import EN
from benchmarks.voices import speak

_IN_A_PROCESS = 3
_CALLS = [1, 4, 6, 8, 12]
_FLOODED = [4]
_APART_S, _TWO_ANSWERS_S = 5.0, 12.0
"""Two cores hold six calls of callers who talk without a rest. So one begins every so many seconds,
and rests after two answers until the others have begun: as many talk at once in eleven calls as in
four, two or three of them."""
_LOOK_S = 0.5
_REST_S = 90.0
"""A worker is at rest by then."""
_AT_REST = 0.05
"""Share of a core, over `_REST_LOOK_S`."""
_REST_LOOK_S = 2.0
_STILL = 3
"""So many looks in a row find a worker at rest: between two of its steps it may be quiet."""


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def memory_mb(pid: int) -> float:
    """PSS of a process with all its children."""
    total = 0.0
    for process in _family(pid):
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().pss / 2**20
    return total


class Meter:
    """Processor seconds of a process with all its children, those that come and go included."""

    def __init__(self, pid: int) -> None:
        """Begin to count."""
        self._pid = pid
        self._newest: dict[int, float] = {}
        self._begin = 0.0
        self._begin = self.look()

    def look(self) -> float:
        """Seconds so far; what a process uses after the last look at it is not seen."""
        for process in _family(self._pid):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                self._newest[process.pid] = times.user + times.system
        return sum(self._newest.values()) - self._begin

    async def keep_looking(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            self.look()


async def _rest(pid: int) -> None:
    """Wait until processes of earlier calls are gone and the next one's has been prepared."""
    async with asyncio.timeout(_REST_S):
        still = 0
        while still < _STILL:
            size, meter = len(_family(pid)), Meter(pid)
            await asyncio.sleep(_REST_LOOK_S)
            at_rest = len(_family(pid)) == size and meter.look() < _AT_REST * _REST_LOOK_S
            still = still + 1 if at_rest else 0


@asynccontextmanager
async def callers(
    running: Rig, system: str, calls: int, *, apart_s: float = 0.0, flood: bool = False
) -> AsyncIterator[list[Process]]:
    """Hold `calls` calls, three to a process; all have an agent that listens.

    With `apart_s` one begins to talk so long after the other, and rests while the others do.
    With `flood` there is one more, whose process is the last: it floods when it is told to talk.
    """
    async with AsyncExitStack() as stack:
        processes = []
        together = [
            list(range(first, min(calls, first + _IN_A_PROCESS)))
            for first in range(0, calls, _IN_A_PROCESS)
        ]
        for numbers in [*together, *([[calls]] if flood else [])]:
            rooms = [f"load-{secrets.token_hex(4)}" for _ in numbers]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.load_callers", stdin=PIPE, stdout=PIPE
            )
            processes.append(process)
            stack.push_async_callback(_end, process)
            told = {
                "url": running.livekit.url, "numbers": numbers,
                "tokens": [running.token(system, room) for room in rooms],
                "apart_s": apart_s, "rest_s": max(0.0, calls * apart_s - _TWO_ANSWERS_S),
                "flood": numbers == [calls],
            }  # fmt: skip
            await _tell(process, json.dumps(told))
        for process in processes:
            line = await _line(process)
            if line != "ready":
                raise RuntimeError(f"a caller did not come: {line or 'it has ended'}")
        yield processes


async def _tell(process: Process, line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n".encode())
    await process.stdin.drain()


async def _line(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


async def measure(
    running: Rig, system: str, calls: int, *, apart_s: float = 0.0, flood: bool = False
) -> dict[str, Any]:
    """Hold `calls` calls at once, and with `flood` one more that floods and is not measured."""
    pid = running.workers[system].popen.pid
    await running.script(speak(EN.questions[0], voice="piper"))
    async with callers(running, system, calls, apart_s=apart_s, flood=flood) as processes:
        meter, began = Meter(pid), time.perf_counter()
        looking = asyncio.create_task(meter.keep_looking(), name="meter")
        for process in processes:
            await _tell(process, "talk")
        talking = processes[:-1] if flood else processes
        lines = [await _line(process) for process in talking]
        used, took = meter.look(), time.perf_counter() - began
        looking.cancel()
        pss_mb = memory_mb(pid)
    # Callers who were cut off end without a word: their answers are lost.
    results = [row for line in lines for row in json.loads(line or "[]")]
    answered = np.array([ms for row, _ in results for ms in row] or [np.nan])
    silenced = np.array([ms for _, row in results for ms in row] or [np.nan])
    return {
        "system": system, "calls": calls, "n": len(answered),
        "lost": calls * TURNS - sum(len(row) for row, _ in results),
        "v2v_p50": float(np.median(answered)), "v2v_p95": float(np.percentile(answered, 95)),
        "stop_p50": float(np.median(silenced)), "stop_p95": float(np.percentile(silenced, 95)),
        "cpu_share": used / took, "pss_mb": pss_mb,
    }  # fmt: skip


async def run_flood(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Some calls alone, and beside one more that floods, with each system."""
    rows = []
    await asyncio.to_thread(speak, EN.questions[0], voice="piper")
    for system in args.systems:
        folder = Path(tempfile.mkdtemp(prefix="flood-"))
        async with rig(folder, systems=[system], delays=DELAYS) as running:
            for calls, flood in product(args.calls or _FLOODED, (False, True)):
                await _rest(running.workers[system].popen.pid)
                row = await measure(running, system, calls, apart_s=args.apart, flood=flood)
                rows.append(row | {"flood": flood, "apart_s": args.apart})
                _print(rows[-1])
    return rows


async def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure each number of calls with each system, one system at a time."""
    rows = []
    await asyncio.to_thread(speak, EN.questions[0], voice="piper")
    for system in args.systems:
        folder = Path(tempfile.mkdtemp(prefix="load-"))
        async with rig(folder, systems=[system], delays=DELAYS) as running:
            pid = running.workers[system].popen.pid
            await _rest(pid)
            rows.append({"system": system, "calls": 0, "pss_mb": memory_mb(pid)})
            print(f"{system:8} idle: {rows[-1]['pss_mb']:.0f} MB", flush=True)
            for calls in args.calls or _CALLS:
                await _rest(pid)
                row = await measure(running, system, calls)
                rows.append(row)
                _print(row)
    return rows


def _print(row: dict[str, Any]) -> None:
    beside = " beside a flood" if row.get("flood") else ""
    print(
        f"{row['system']:8} {row['calls']:2} calls{beside}: v2v {row['v2v_p50']:.0f} / "
        f"{row['v2v_p95']:.0f} ms, silent after {row['stop_p50']:.0f} / {row['stop_p95']:.0f} ms, "
        f"{row['cpu_share'] * 100:.0f} % of a core, {row['pss_mb']:.0f} MB, "
        f"{row['lost']} of {row['calls'] * TURNS} answers lost",
        flush=True,
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+")
    parser.add_argument("--systems", nargs="+", default=[VANILLA, OURS, THREADS])
    parser.add_argument("--flood", action="store_true", help="beside one who floods")
    parser.add_argument(
        "--apart", type=float, default=_APART_S, metavar="S",
        help=f"beside one who floods: one begins so long after the other (default {_APART_S:g})",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, help="default: benchmarks/results/load.json, or flood.json"
    )
    args = parser.parse_args()
    kind = "flood" if args.flood else "load"
    rows = asyncio.run(run_flood(args) if args.flood else run(args))
    out: Path = args.out or RESULTS / f"{kind}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({kind: rows}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
