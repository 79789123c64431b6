"""Several calls at once: latency, processor time and memory per call, ours beside a plain worker.

python -m benchmarks.load --calls 1 4 8 12
"""

import argparse
import asyncio
import json
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from agent.caller.caller import Caller
from benchmarks.bench import DELAYS, RESULTS
from benchmarks.rig import OURS, THREADS, VANILLA, Rig, rig
from benchmarks.scenarios import QUESTIONS
from benchmarks.voices import speak

_TURNS = 4
_LOST_S = 20.0
"""An answer that has not come by then is counted as lost."""


def footprint(pid: int) -> tuple[float, float]:
    """Processor seconds and PSS in MB of a process with all its children."""
    seconds = memory = 0.0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            times = process.cpu_times()
            seconds += times.user + times.system
            memory += process.memory_full_info().pss / 2**20
        except psutil.Error:
            continue
    return seconds, memory


async def talk(caller: Caller, number: int) -> tuple[list[float], list[float]]:
    """Ask some questions, every second one over the answer to the one before.

    Returns:
        Voice-to-voice and times until silent, in milliseconds.
    """
    answered: list[float] = []
    silenced: list[float] = []
    # One script serves all callers: they ask the same, each in its own time.
    spoken = speak(QUESTIONS[0], voice="piper")
    await asyncio.sleep(number * 0.7 % 3)
    for step in range(_TURNS):
        utterance = await caller.say(spoken.pcm)
        try:
            await caller.wait_for_answer(utterance, timeout_s=_LOST_S)
        except TimeoutError:
            continue
        measured = caller.measure(utterance)
        if measured.voice_to_voice_ms is not None:
            answered.append(measured.voice_to_voice_ms)
        if measured.barge_in_ms is not None:
            silenced.append(measured.barge_in_ms)
        if step % 2:
            await caller.hearing.wait_for_silence(lasting_s=1.2 + 0.17 * ((number + step) % 5))
        else:
            await asyncio.sleep(0.9 + 0.13 * (number % 5))
    return answered, silenced


async def measure(running: Rig, system: str, calls: int) -> dict[str, Any]:
    """Hold `calls` calls at once."""
    pid = running.workers[system].popen.pid
    await running.script(speak(QUESTIONS[0], voice="piper"))
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(running.call(system)) for _ in range(calls)]
        before, began = footprint(pid), time.perf_counter()
        results = await asyncio.gather(
            *(talk(caller, number) for number, caller in enumerate(callers))
        )
        after, took = footprint(pid), time.perf_counter() - began
    answered = np.array([ms for row, _ in results for ms in row] or [np.nan])
    silenced = np.array([ms for _, row in results for ms in row] or [np.nan])
    return {
        "system": system, "calls": calls, "n": len(answered),
        "lost": calls * _TURNS - sum(len(row) for row, _ in results),
        "v2v_p50": float(np.median(answered)), "v2v_p95": float(np.percentile(answered, 95)),
        "stop_p50": float(np.median(silenced)), "stop_p95": float(np.percentile(silenced, 95)),
        "cpu_share": (after[0] - before[0]) / took, "pss_mb": after[1],
    }  # fmt: skip


async def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure each number of calls with each system, one system at a time."""
    rows = []
    await asyncio.to_thread(speak, QUESTIONS[0], voice="piper")
    for system in args.systems:
        folder = Path(tempfile.mkdtemp(prefix="load-"))
        async with rig(folder, systems=[system], delays=DELAYS) as running:
            await asyncio.sleep(8)
            seconds, idle = footprint(running.workers[system].popen.pid)
            rows.append({"system": system, "calls": 0, "pss_mb": idle, "cpu_s": seconds})
            print(f"{system:8} idle: {idle:.0f} MB", flush=True)
            for calls in args.calls:
                row = await measure(running, system, calls)
                rows.append(row)
                print(
                    f"{system:8} {calls:2} calls: v2v {row['v2v_p50']:.0f} / "
                    f"{row['v2v_p95']:.0f} ms, silent after {row['stop_p50']:.0f} / "
                    f"{row['stop_p95']:.0f} ms, "
                    f"{row['cpu_share'] * 100:.0f} % of a core, {row['pss_mb']:.0f} MB",
                    flush=True,
                )
    return rows


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 4, 8, 12])
    parser.add_argument("--systems", nargs="+", default=[VANILLA, OURS, THREADS])
    parser.add_argument("--out", type=Path, default=RESULTS / "load.json")
    args = parser.parse_args()
    rows = asyncio.run(run(args))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps({"load": rows}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
