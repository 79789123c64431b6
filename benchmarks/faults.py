"""Each engine of a list fails in the middle of a turn: what the caller notices.

    python -m benchmarks.faults
    python -m benchmarks.faults --resume
    python -m benchmarks.faults --stage tts --fault hung --calls 1 --out artifacts/faults.json

A real livekit-server, a worker and a caller; for each stage a list of two stand-ins, `near` and
`far`. A call has four turns at least: one while all is well; one in which `near` of the stage meets
its fault as the request reaches it; one after it; and, when `near` works again, as many as it takes
until it is asked again. `docs/engines.md` has the table.
"""

import argparse
import asyncio
import json
import platform
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agent.wording.lexicon import ENGLISH
from benchmarks.bench import RESULTS, dumped
from benchmarks.faulty_engines import FAULTS, NAMES, QUESTION, STAGES, TIMEOUT_S, Engine, Stage
from benchmarks.rig import calling
from benchmarks.voices import speak
from rejoinder.demo.ports import PortPicker
from rejoinder.scripted_caller.caller import Caller, CallLost
from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from testbed.programs import running

OUT = RESULTS / "faults-1.json"
_ANSWER_S = 20.0
"""An answer that has not come by then is lost."""
_BACK_S = 40.0
_CALL_S = 240.0
"""A call whose turns are lost, each with its longest wait, takes most of this."""


@dataclass
class Turn:
    """What the caller noticed of one question."""

    wait_ms: float | None = None
    """From the last voiced sample to the first sound of the answer; None: there was none."""
    hole_ms: float = 0.0
    """The longest silence within the answer."""
    apology: bool = False
    """Whether the agent said that it cannot."""
    lost_words: int = 0
    """Words of the reply that were not heard."""
    again: int = 0
    """Words that were heard twice."""
    by: str = ""
    """Who of the list answered for the stage."""


@dataclass
class Trial:
    """One call."""

    stage: Stage
    fault: str
    call_lost: bool = False
    """Whether the caller was thrown out, or the agent that took the call has gone."""
    failed: str = ""
    """Why the call ended early; what was measured until then stands."""
    before: Turn = field(default_factory=Turn)
    during: Turn = field(default_factory=Turn)
    after: Turn = field(default_factory=Turn)
    back_s: float | None = None
    """From the moment that `near` works again until it has answered a turn."""


class Bench:
    """All that runs."""

    def __init__(
        self,
        call: Callable[[], AbstractAsyncContextManager[Caller]],
        near: dict[Stage, Engine],
        far: Engine,
        question: Pcm,
    ) -> None:
        """`call` joins a new room, and waits for an agent that listens."""
        self._call, self._near, self._far = call, near, far
        self._question = question

    async def trial(self, stage: Stage, fault: str) -> Trial:
        """One call with one fault."""
        row = Trial(stage, fault)
        near = self._near[stage]
        try:
            async with asyncio.timeout(_CALL_S), self._call() as caller:
                await self._turns(caller, row)
        except* CallLost:
            row.call_lost = True
        except* Exception as failed:  # noqa: BLE001 - one bad call is a row like the others
            row.failed = ", ".join(repr(error)[:200] for error in failed.exceptions)
        finally:
            near.recover()
            await near.start()
        return row

    async def _turns(self, caller: Caller, row: Trial) -> None:
        near, agent = self._near[row.stage], _agent_of(caller)
        row.before = await self._turn(caller, row.stage)
        near.strike(row.stage, row.fault)
        for turn in ("during", "after"):
            setattr(row, turn, await self._turn(caller, row.stage))
            # Another one in its place does not know what was said.
            row.call_lost = row.call_lost or _agent_of(caller) != agent
        near.recover()
        await near.start()
        row.back_s = await self._back(caller, row.stage)

    async def _back(self, caller: Caller, stage: Stage) -> float | None:
        began = time.perf_counter()
        while time.perf_counter() - began < _BACK_S:
            if (await self._turn(caller, stage)).by == "near":
                return time.perf_counter() - began
        return None

    async def _turn(self, caller: Caller, stage: Stage) -> Turn:
        turn, heard = Turn(), caller.hearing.samples
        captions = len(caller.log.captions)
        asked = {engine: len(engine.server.of(stage)) for engine in (self._near[stage], self._far)}
        utterance = await caller.say(self._question)
        try:
            exchange = await caller.wait_for_reply(utterance, timeout_s=_ANSWER_S)
            turn.wait_ms = exchange.voice_to_voice_ms
        except TimeoutError:
            pass
        said = " ".join(c.text for c in caller.log.captions[captions:] if c.by_agent)
        turn.apology = any(text in said for text in ENGLISH.apologies.values())
        for name, engine in (("near", self._near[stage]), ("far", self._far)):
            since = engine.server.of(stage)[asked[engine] :]
            if any(request.outcome == "completed" for request in since):
                turn.by = f"{turn.by}, then {name}" if turn.by else name
        pcm = (await asyncio.to_thread(caller.hearing.pcm))[heard:]
        words = self._far.server.heard_words(pcm, rate_hz=RATE_HZ)
        names = [word for word, _, _ in words if word in NAMES]
        turn.lost_words = len(set(NAMES) - set(names))
        turn.again = len(names) - len(set(names))
        ends = [(start, start + length) for _, start, length in words]
        holes = [later[0] - earlier[1] for earlier, later in zip(ends, ends[1:], strict=False)]
        turn.hole_ms = 1e3 * max(holes, default=0.0)
        return turn


def _agent_of(caller: Caller) -> str | None:
    """Which agent is in the room, by what no other one has."""
    return caller.agent.sid if caller.agent is not None else None


@asynccontextmanager
async def _bench(folder: Path) -> AsyncIterator[Bench]:
    with PortPicker() as free:
        engines = [Engine(free.tcp()) for _ in range(len(STAGES) + 1)]
    near, far = dict(zip(STAGES, engines, strict=False)), engines[-1]
    async with AsyncExitStack() as stack:
        for engine in engines:
            await engine.start()
            stack.push_async_callback(engine.stop)
        livekit = await stack.enter_async_context(run_livekit(livekit_binary(), folder))
        programs = stack.enter_context(ExitStack())
        argv = [sys.executable, "-m", "rejoinder", "start", "--health-port", "0"]
        worker = programs.enter_context(
            running("worker", argv, folder=folder, env=_settings(livekit, near, far))
        )
        await asyncio.to_thread(worker.wait_line, "registered worker")

        @asynccontextmanager
        async def call() -> AsyncIterator[Caller]:
            room = f"faults-{secrets.token_hex(4)}"
            token = livekit.token(room, "caller", dispatch="faults")
            try:
                async with calling(livekit.url, token) as caller:
                    yield caller
            except* TimeoutError:
                print(f"the worker's last lines:\n{worker.tail()}", file=sys.stderr, flush=True)
                raise

        yield Bench(call, near, far, speak(QUESTION).pcm)


def _settings(livekit: LiveKitProcess, near: dict[Stage, Engine], far: Engine) -> dict[str, str]:
    lists: dict[str, str] = {}
    for stage in STAGES:
        name = stage.upper()
        lists |= {
            f"{name}_ENGINE": "openai:near,openai:far",
            f"{name}_NEAR_URL": near[stage].url,
            f"{name}_FAR_URL": far.url,
            f"{name}_NEAR_TIMEOUT_S": str(TIMEOUT_S),
        }
    return {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.api_key,
        "LIVEKIT_API_SECRET": livekit.api_secret,
        "AGENT_NAME": "faults",
        "AGENT_GREETING": "",
        "AGENT_IDLE_PROCESSES": "1",
        # By the machine's load alone the worker takes no call while something else works too.
        "AGENT_MAX_CALLS": "4",
        "LLM_FILLER": "",
        "LLM_STALL_S": str(TIMEOUT_S),
        "TTS_NEAR_STALL_S": str(TIMEOUT_S),
        "PYTHONUNBUFFERED": "1",
        **lists,
    }


async def measure(
    bench: Bench,
    chosen: Sequence[tuple[Stage, str]],
    calls: int,
    out: Path,
    before: Sequence[dict[str, Any]] = (),
) -> None:
    """Hold all calls; what came of them is written after each.

    Args:
        bench: what runs.
        chosen: stages and faults.
        calls: how many with each.
        out: where it is written, JSON.
        before: trials of a run that was broken off, which count.
    """
    rows, kinds = [*before], list(FAULTS)
    record = {
        "began": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {platform.system()}",
        "livekit-agents": version("livekit-agents"),
        "timeout_s": TIMEOUT_S,
        "trials": rows,
    }
    for stage, fault in chosen:
        held = sum((row["stage"], row["fault"]) == (stage, fault) for row in before)
        for _ in range(held, calls):
            row = asdict(await bench.trial(stage, fault))
            rows.append(row)
            # A run that was resumed reads like one that was not.
            rows.sort(key=lambda row: (STAGES.index(row["stage"]), kinds.index(row["fault"])))
            print(json.dumps(row), flush=True)
            await asyncio.to_thread(_write, record, out)


def _write(record: dict[str, Any], out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    part.write_text(dumped(record))
    part.replace(out)


async def _run(chosen: Sequence[tuple[Stage, str]], args: argparse.Namespace) -> None:
    before = []
    if args.resume and args.out.exists():
        trials = json.loads(args.out.read_text())["trials"]
        before = [trial for trial in trials if trial["before"]["wait_ms"] is not None]
    with tempfile.TemporaryDirectory() as folder:
        async with _bench(Path(folder)) as bench:
            await measure(bench, chosen, args.calls, args.out, before)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", choices=STAGES, action="append")
    parser.add_argument("--fault", choices=list(FAULTS), action="append")
    parser.add_argument("--calls", type=int, default=3, help="calls with each fault")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--resume", action="store_true", help="keep the trials of --out that began")
    args = parser.parse_args()
    chosen = [
        (stage, fault)
        for stage in args.stage or STAGES
        for fault in args.fault or FAULTS
        if stage in FAULTS[fault]
    ]
    asyncio.run(_run(chosen, args))


if __name__ == "__main__":
    main()
