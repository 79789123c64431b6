"""What callers notice when workers and nodes go away: three workers, two nodes, twelve calls.

python -m benchmarks.survival

Half of the callers are telephones (participants of kind SIP), who hear the replies; the others
read them. All type what others would say: so two cores hold twelve calls. Engines are stand-ins.
One worker is killed with its jobs (SIGKILL), one is told to stop (SIGTERM), then a node of
livekit-server is killed. Three callers at most, of those whom it concerns, have asked something
just before and take the reply in meanwhile. All ask something afterwards, two at a time, and once
more if nothing comes of it. Clients and workers reach the nodes through one address, as through a
load balancer.

Writes benchmarks/results/survival.json, and the table into docs/survival.md.
"""

import argparse
import asyncio
import json
import os
import platform
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from livekit import rtc

from benchmarks.bench import RESULTS
from benchmarks.tables import grid
from rejoinder.scripted_caller.caller import Caller, CallLost, Caption, join
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.balancer import balanced
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from testbed.programs import Program, running
from testbed.redis_process import run_redis

OUT = RESULTS / "survival.json"
PAGE = Path(__file__).parents[1] / "docs" / "survival.md"
_MARK = "<!-- benchmarks.survival -->"

WORKERS = ("first", "second", "third")
GREETING, BACK = "Hello.", "I am back. Please go on."
REPLY = (
    "this is the answer to what you have asked and it goes on for so long that whatever happens "
    "does so while you listen to it"
)
_FRAME_S = 0.1
_ASKED_BEFORE_S = 2.0
"""From the question to what happens: its answer is being said."""
_STAGGER_S = 0.4
"""Between two callers who join."""
_AT_LENGTH, _BRIEFLY = "at length", "briefly"
_LISTENERS = 3
_ASKS = 2
_MISSED_S = 12.0
_ANSWER_S = 15.0
_SETTLED_S = 45.0
"""Who has no agent by then has none."""
_LOOK_S = 0.05


@dataclass
class Row:
    """What one caller noticed of one event."""

    event: str
    caller: str
    telephone: bool
    worker: str
    """That had the call before; empty: none."""
    outcome: str = ""
    """`as before`: nothing happened to the call; `served again`: by another agent, or by the same
    one after a gap; `not answered`: an agent is there or not, no question reaches one; `ended`:
    thrown out of the room."""
    without_s: float = 0.0
    """From the event to the first word of an agent that came afterwards, or until the caller's own
    connection was back; 0: neither was away."""
    asks: int = 0
    """How often they had to ask until they were answered."""
    words_lost: int | None = None
    """Of the reply that was being said; None: none was."""
    history: bool | None = None
    """Whether the model still knew what the caller had said before."""


class Talker:
    """One caller, from joining to the end."""

    def __init__(self, name: str, room: str, *, telephone: bool, turn: asyncio.Semaphore) -> None:
        """Prepare; `turn` is whose turn it is to have something said."""
        self.name = name
        self.room = room
        self.telephone = telephone
        self.asked: list[str] = []
        self.caller: Caller | None = None
        self.joined = asyncio.Event()
        self._turn = turn
        self.lost = asyncio.Event()
        self.back_at = 0.0
        """When the caller's connection was back last."""

    async def hold(self, url: str, token: str, over: asyncio.Event) -> None:
        """Stay in the room until `over`, or until thrown out."""
        try:
            speaks = self.telephone
            async with join(url, token, frame_s=_FRAME_S, speaks=speaks) as self.caller:
                self.caller.room.on("reconnected", self._on_reconnected)
                self.joined.set()
                await over.wait()
        except* (CallLost, OSError, ConnectionError):
            self.lost.set()

    def _on_reconnected(self) -> None:
        self.back_at = time.perf_counter()

    @property
    def agent(self) -> str:
        """Identity of the agent that serves; empty: none is there."""
        agent = self.caller.agent if self.caller else None
        return agent.identity if agent else ""

    @property
    def captions(self) -> list[Caption]:
        """What the agents have said."""
        assert self.caller is not None
        return [caption for caption in self.caller.log.captions if caption.by_agent]

    async def ask(self, *, how: str) -> None:
        """Type a question that nobody else types."""
        assert self.caller is not None
        question = f"question {len(self.asked) + 1} of {self.name}, {how}"
        with suppress(Exception):  # a room that is away takes nothing
            async with asyncio.timeout(5):
                await self.caller.type(question)
        self.asked.append(question)

    async def answered(self) -> int:
        """Ask until the whole answer was said, twice at most; gives how often, 0: never."""
        async with self._turn:
            for ask in range(1, _ASKS + 1):
                if await self._asks_once():
                    return ask
                del self.asked[-1]  # nobody has heard it
        return 0

    async def _asks_once(self) -> bool:
        before = len(self._turns())
        await self.ask(how=_BRIEFLY)
        return await self._until(lambda: len(self._turns()) > before, _ANSWER_S)

    def _turns(self) -> list[dict[str, Any]]:
        return self.caller.log.turns if self.caller else []

    async def _until(self, holds: Callable[[], bool], within_s: float) -> bool:
        end = time.perf_counter() + within_s
        while not holds():
            if self.lost.is_set() or time.perf_counter() > end:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    async def live_through(
        self, row: Row, engines: OpenAIStandIn, happened: asyncio.Event, *, listening: bool
    ) -> None:
        """Have something said and listen while it happens, or not; see what became of the call."""
        said, turns, agent = len(self.captions), len(self._turns()), self.agent
        if listening:
            await self.ask(how=_AT_LENGTH)
        await happened.wait()
        at = time.perf_counter()
        if listening:
            over = lambda: len(self._turns()) > turns or self._back(at) is not None  # noqa: E731
            await self._until(over, _SETTLED_S)
            heard = self.captions[said].text.split() if len(self.captions) > said else []
            row.words_lost = max(0, len(REPLY.split()) - len(heard))
        else:
            # Whoever is lost has been missed by then.
            await self._until(lambda: self._back(at) is not None, _MISSED_S)
        # Whose connection is away comes back by itself.
        await self._until(lambda: self._is_there() and bool(self.agent), _SETTLED_S)
        if self.lost.is_set():
            row.outcome = "ended"
            return
        row.asks = await self.answered()
        back = self._back(at)
        row.without_s = round(max(0.0, self.back_at - at, back.began - at if back else 0.0), 2)
        if not row.asks:
            row.outcome = "not answered"
            return
        row.outcome = "as before" if self.agent == agent and back is None else "served again"
        row.history = set(self.asked) <= set(_questions(engines, self.asked[-1]))

    def _is_there(self) -> bool:
        assert self.caller is not None
        return self.caller.room.connection_state == rtc.ConnectionState.CONN_CONNECTED

    def _back(self, at: float) -> Caption | None:
        first = (GREETING, BACK)
        return next((c for c in self.captions if c.began > at and c.text.strip() in first), None)


def _questions(engines: OpenAIStandIn, last: str) -> list[str]:
    """What a model was told of a caller whose newest question is `last`."""
    for request in reversed(engines.of("llm")):
        told = [str(m["content"]) for m in request.body["messages"] if m["role"] == "user"]
        told = [line for text in told for line in text.splitlines()]
        if last in told:
            return told
    return []


def _reply(messages: list[dict[str, Any]]) -> str:
    return REPLY if _AT_LENGTH in str(messages[-1]["content"]).splitlines()[-1] else "Noted."


@dataclass
class Stage:
    """All that runs."""

    url: str
    """That clients and workers know."""
    nodes: list[LiveKitProcess]
    workers: dict[str, Program]
    engines: OpenAIStandIn
    talkers: list[Talker]

    def worker_of(self, talker: Talker) -> str:
        """Who has taken the call that this caller is in."""
        job = talker.agent.removeprefix("agent-")
        for name, program in self.workers.items():
            if job and f'"job_id": "{job}"' in program.log.read_text(errors="replace"):
                return name
        return ""


@asynccontextmanager
async def stage(folder: Path, calls: int, *, copies: bool) -> AsyncIterator[Stage]:
    """Start all, and the calls; `copies`: redis keeps their histories, too."""
    over = asyncio.Event()
    redis_binary = shutil.which("redis-server")
    if redis_binary is None:
        raise SystemExit("redis-server is missing: apt-get install redis-server")
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(run_redis(redis_binary))
        binary = await asyncio.to_thread(livekit_binary)
        first = await stack.enter_async_context(run_livekit(binary, folder / "a", redis=redis))
        second = run_livekit(binary, folder / "b", redis=redis, like=first)
        nodes = [first, await stack.enter_async_context(second)]
        url = await stack.enter_async_context(balanced([node.url for node in nodes]))
        engines = OpenAIStandIn(reply=_reply)
        await stack.enter_async_context(engines.serve())
        programs = stack.enter_context(ExitStack())
        settings = {"OPENAI_BASE_URL": engines.url}
        if copies:
            settings["AGENT_HISTORY_URL"] = f"redis://{redis}"
        workers = {
            name: programs.enter_context(_worker(name, url, first, folder, **settings))
            for name in WORKERS
        }
        for program in workers.values():
            await asyncio.to_thread(program.wait_line, "registered worker")
        turn = asyncio.Semaphore(2)
        talkers = [
            Talker(
                f"caller {n + 1}", f"call-{secrets.token_hex(4)}", telephone=n % 2 == 1, turn=turn
            )
            for n in range(calls)
        ]
        async with asyncio.TaskGroup() as group:
            for talker in talkers:
                token = first.token(
                    talker.room, talker.name, phone=talker.telephone, dispatch="pool"
                )
                group.create_task(talker.hold(url, token, over), name=talker.name)
                await talker.joined.wait()
                assert talker.caller is not None
                await talker.caller.wait_for_agent(timeout_s=60)
                await asyncio.sleep(_STAGGER_S)
            yield Stage(url, nodes, workers, engines, talkers)
            over.set()


@contextmanager
def _worker(name: str, url: str, node: LiveKitProcess, folder: Path, **settings: str) -> Any:
    argv = [sys.executable, "-m", "rejoinder", "start", "--health-port", "0"]
    env = {
        "LIVEKIT_URL": url, "LIVEKIT_API_KEY": node.api_key, "LIVEKIT_API_SECRET": node.api_secret,
        "AGENT_NAME": "pool", "AGENT_MAX_CALLS": "10", "AGENT_IDLE_PROCESSES": "3",
        "AGENT_GREETING": GREETING, "AGENT_BACK_TEXT": BACK,
        "TURN_EAGERNESS": "patient", "PYTHONUNBUFFERED": "1", **settings,
    }  # fmt: skip
    with running(name, argv, folder=folder, env=env) as program:
        yield program


def kill(program: Program) -> None:
    """A worker and its jobs, as when their machine is lost."""
    os.killpg(program.popen.pid, signal.SIGKILL)


async def _event(
    on: Stage, event: str, happens: Callable[[], None], *, concerns: str = ""
) -> list[Row]:
    """Let something happen, which `concerns` the calls of a worker, or all."""
    there = [talker for talker in on.talkers if not talker.lost.is_set()]
    rows = [Row(event, t.name, t.telephone, on.worker_of(t)) for t in there]
    happened = asyncio.Event()
    listeners = [row for row in rows if concerns in (row.worker, "")][:_LISTENERS]
    async with asyncio.TaskGroup() as group:
        for talker, row in zip(there, rows, strict=True):
            listening = any(row is listener for listener in listeners)
            group.create_task(
                talker.live_through(row, on.engines, happened, listening=listening),
                name=talker.name,
            )
        await asyncio.sleep(_ASKED_BEFORE_S)
        happens()
        happened.set()
    for row in rows:
        print(
            f"{event}: {row.caller} of {row.worker or 'nobody'}: {row.outcome}, "
            f"{row.without_s} s without, {row.words_lost} words lost, history {row.history}, "
            f"asked {row.asks} times",
            flush=True,
        )
    return rows


async def run(calls: int, *, copies: bool) -> list[Row]:
    """Hold the calls and let the three things happen."""
    folder = Path(tempfile.mkdtemp(prefix="survival-"))
    async with stage(folder, calls, copies=copies) as on:
        for talker in on.talkers:
            await talker.answered()
        busy = [on.worker_of(talker) for talker in on.talkers]
        killed, drained, *_ = sorted(WORKERS, key=busy.count, reverse=True)
        rows = await _event(on, "worker killed", lambda: kill(on.workers[killed]), concerns=killed)
        rows += await _event(
            on,
            "worker drained",
            lambda: on.workers[drained].popen.send_signal(signal.SIGTERM),
            concerns=drained,
        )
        rows += await _event(on, "node killed", lambda: os.kill(on.nodes[0].pid, signal.SIGKILL))
        return [_of(row, killed, drained) for row in rows]


def _of(row: Row, killed: str, drained: str) -> Row:
    row.worker = {killed: "killed", drained: "drained"}.get(row.worker, "other")
    return row


def table(rows: list[Row]) -> str:
    """A line for each event and each fate."""
    head = [
        "what happened", "callers", "of these", "seconds without an agent",
        "words of the reply lost", "asked twice", "history kept",
    ]  # fmt: skip
    lines = []
    for event in dict.fromkeys(row.event for row in rows):
        of_event = [row for row in rows if row.event == event]
        for outcome in dict.fromkeys(row.outcome for row in of_event):
            those = [row for row in of_event if row.outcome == outcome]
            times = sorted(row.without_s for row in those)
            lost = sorted(row.words_lost for row in those if row.words_lost is not None)
            kept = sum(row.history is True for row in those)
            lines.append(
                [
                    event,
                    f"{len(of_event)}",
                    f"{len(those)} {outcome} ({sum(r.telephone for r in those)} by telephone)",
                    f"{median(times):.1f} (at most {times[-1]:.1f})" if times[-1] else "0",
                    ", ".join(str(words) for words in lost),
                    f"{sum(row.asks > 1 for row in those)}",
                    f"{kept} of {len(those)}",
                ]
            )
    return grid(head, lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=12)
    parser.add_argument(
        "--no-copies",
        action="store_true",
        help="without AGENT_HISTORY_URL: histories in the rooms alone",
    )
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--keep", action="store_true", help="leave docs/survival.md as it is")
    args = parser.parse_args()
    rows = asyncio.run(run(args.calls, copies=not args.no_copies))
    told = {
        "survival": [asdict(row) for row in rows],
        "machine": f"{platform.machine()}, {platform.system()}", "when": date.today().isoformat(),
        "livekit_agents": version("livekit-agents"),
    }  # fmt: skip
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    if not args.keep:
        before, _, _ = PAGE.read_text("utf-8").partition(_MARK)
        PAGE.write_text(f"{before}{_MARK}\n\n{table(rows)}\n", "utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
