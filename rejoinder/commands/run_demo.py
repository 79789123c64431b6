"""`rejoinder demo`: everything a first talk needs, on this machine, from one command."""

import argparse
import asyncio
import os
import re
import signal
import sys
import time
import webbrowser
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol, get_args

from rich.console import Console

from agent.errors import ConfigError, RejoinderError
from agent.options.agent import JobMode
from agent.settings.load import Settings, apply_env_file, load
from agent.tasks import begin, first_of
from rejoinder.demo import places, running
from rejoinder.demo.children import ChildDied, Spec, Supervisor
from rejoinder.demo.interpreting import check_interpreting
from rejoinder.demo.livekit_api import list_rooms
from rejoinder.demo.livekit_config import load_or_create_keys
from rejoinder.demo.livekit_server import Found, obtain
from rejoinder.demo.own_servers import check_chat
from rejoinder.demo.page_library import ensure_page_library
from rejoinder.demo.parts import Part
from rejoinder.demo.plan import WORKER, LocalLiveKit, Plan, make_plan, pick_ports
from rejoinder.demo.ports import PortClaims, mentions_taken_port
from rejoinder.demo.progress import Board, Step
from rejoinder.demo.readiness import both, http_ok, log_says
from rejoinder.demo.table import describe_server, print_ready

_TRIES = 3
"""Another program may take a port between its choice and its use."""
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the demo; everything else is a setting."""
    parser.add_argument("--no-browser", action="store_true", help="do not open the talk page")
    parser.add_argument(
        "--mode",
        choices=get_args(JobMode),
        help="call: talk with the agent; captions: it writes what everybody in a room says, in "
        "their languages; interpret: it says it too. Default: AGENT_MODE, else call",
    )
    parser.add_argument(
        "--chat",
        action="store_true",
        help="talk with a small language model on this machine, not with the handbook; it is "
        "downloaded once (0.5 GB)",
    )


def run(args: argparse.Namespace) -> int:
    """Run until Ctrl-C, SIGTERM or the death of a part.

    Returns:
        0 after a signal, 1 when something could not be started or ended by itself.
    """
    console = Console()
    try:
        settings, environ = _load()
        mode: JobMode = args.mode or settings.agent.mode
        if args.chat:
            check_chat(settings)
        if mode != "call":
            check_interpreting(settings)
        demo = Demo(
            console, settings, environ,
            open_browser=not args.no_browser, chat=args.chat, mode=mode,
        )  # fmt: skip
        return asyncio.run(until_stopped(demo))
    except RejoinderError as error:
        console.print("[bold red]The demo has ended.[/bold red]")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1


class Work(Protocol):
    """Something that runs until it is cancelled."""

    console: Console

    async def run(self) -> None:
        """Run; tidy up when cancelled."""


async def until_stopped(work: Work) -> int:
    """Run until a stop signal comes or the work ends by itself; returns 0."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        # `nohup` asks that a lost terminal be ignored.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)
    running_work = begin(work.run(), name="demo")
    stopped = begin(stop.wait(), name="demo-stop")
    await asyncio.wait({running_work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not running_work.done():
        work.console.print("Stopping…")
        running_work.cancel()
    stopped.cancel()
    with suppress(asyncio.CancelledError):
        await running_work
    return 0


class Demo:
    """One run of the demo."""

    def __init__(
        self,
        console: Console,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        open_browser: bool = True,
        chat: bool = False,
        mode: JobMode = "call",
    ) -> None:
        """Prepare a run; `environ` is the environment of the children."""
        self.console = console
        self._settings = settings
        self._environ = environ
        self._open_browser = open_browser
        self._chat = chat
        self._mode = mode
        self._state = places.state_folder()
        self._began = time.perf_counter()

    async def run(self) -> None:
        """Start everything, say so, and hold it. Safe to cancel: everything is ended.

        Raises:
            RejoinderError: something could not be had or started, or a process ended by
                itself.
        """
        with Board(self.console) as board:
            server = await self._prepare(board)
        logs = await asyncio.to_thread(places.new_run_folder, self._state)
        for attempt in range(1, _TRIES + 1):
            started = False
            try:
                with PortClaims() as claims:
                    plan = await asyncio.to_thread(self._plan, server, claims)
                    async with Supervisor(logs) as supervisor:
                        await self._start(plan, supervisor)
                        started = True
                        await self._hold(plan, supervisor, server, logs)
            except ChildDied as death:
                taken = mentions_taken_port(death.last_lines)
                if started or attempt == _TRIES or not taken:
                    raise
                self.console.print(f"{death.name}: its port was taken meanwhile; starting again")

    async def _prepare(self, board: Board) -> Found | None:
        """Get livekit-server, or try the one elsewhere, and the page's library, at once."""
        found: list[Found] = []
        settings = self._settings

        async def server() -> None:
            step = board.step("livekit-server")
            found.append(await obtain(settings.livekit, cache=places.cache_folder(), report=step))
            step.done(describe_server(found[0]))

        async def elsewhere() -> None:
            live = settings.livekit
            assert live.url is not None
            assert live.api_key is not None
            assert live.api_secret is not None
            step = board.step("LiveKit")
            step.done(await list_rooms(live.url, live.api_key, live.api_secret.get_secret_value()))

        async def library() -> None:
            step = board.step("talk page")
            path = await ensure_page_library(step)
            step.done(f"{path.name} is there")

        async with first_of(RejoinderError), asyncio.TaskGroup() as group:
            local = settings.livekit.url is None
            group.create_task(server() if local else elsewhere(), name="livekit-server")
            group.create_task(library(), name="talk-page")
        return found[0] if found else None

    def _plan(self, server: Found | None, claims: PortClaims) -> Plan:
        local = None
        if server is not None:
            keys = load_or_create_keys(self._state)
            local = LocalLiveKit(server.binary, server.version, keys)
        ports = pick_ports(self._settings, claims)
        return make_plan(
            self._settings,
            ports=ports,
            environ=self._environ,
            local=local,
            chat=self._chat,
            mode=self._mode,
        )

    async def _start(self, plan: Plan, supervisor: Supervisor) -> None:
        """Start all parts, each as soon as those it needs are ready."""
        ready = {name: asyncio.Event() for name in plan.names}

        async def start(part: Part, step: Step) -> None:
            for name in part.after:
                await ready[name].wait()
            began = time.perf_counter()
            await supervisor.start(_spec(part), step)
            step.done(f"ready after {time.perf_counter() - began:.1f} s")
            ready[part.name].set()

        with Board(self.console) as board:
            async with first_of(RejoinderError), asyncio.TaskGroup() as group:
                for part in plan.parts:
                    step = board.step(part.name)
                    group.create_task(start(part, step), name=f"start-{part.name}")

    async def _hold(
        self, plan: Plan, supervisor: Supervisor, server: Found | None, logs: Path
    ) -> None:
        """Tell that everything is ready, then wait for a part to die."""
        async with AsyncExitStack() as announced:
            # First: whoever reads that it is ready may ask for it at once.
            if server is not None:
                env = next(part.env for part in plan.parts if part.name == WORKER)
                entry = running.Running(
                    livekit_url=plan.livekit_url,
                    api_key=env["LIVEKIT_API_KEY"],
                    api_secret=env["LIVEKIT_API_SECRET"],
                    talk_url=plan.talk_url,
                )
                await announced.enter_async_context(_announced(entry, self._state))
            took = time.perf_counter() - self._began
            print_ready(self.console, plan, server=server, logs=logs, took_s=took)
            if self._open_browser and _has_browser(self.console):
                await asyncio.to_thread(webbrowser.open, plan.talk_url)
            child = await supervisor.first_to_end()
        raise await child.death()


def _load() -> tuple[Settings, dict[str, str]]:
    """Read the settings; the `.env` file becomes part of the children's environment."""
    settings = load()
    apply_env_file()
    livekit = settings.livekit
    if livekit.url and not (livekit.api_key and livekit.api_secret):
        raise ConfigError(
            "LIVEKIT_URL is set, so LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be set too; "
            "unset LIVEKIT_URL to let the demo start a server of its own"
        )
    return settings, dict(os.environ)


def _spec(part: Part) -> Spec:
    look = both(log_says(re.escape(part.own_line)), http_ok(part.health_url))
    return Spec(
        part.name, part.argv, part.env, look,
        patience_s=part.patience_s, log_is_progress=part.log_is_progress,
    )  # fmt: skip


def _has_browser(console: Console) -> bool:
    """Whether a person sits in front of a graphical screen."""
    screen = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return screen and console.is_terminal


@asynccontextmanager
async def _announced(entry: running.Running, state: Path) -> AsyncIterator[None]:
    announcing = running.announce(entry, state)
    await asyncio.to_thread(announcing.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(announcing.__exit__, None, None, None)
