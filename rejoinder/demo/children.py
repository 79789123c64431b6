"""Starts child processes, waits until they serve, names the one that dies, ends them all."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from agent.errors import StartupError
from agent.tasks import begin
from rejoinder.demo.process_group import signal_group, start_group
from rejoinder.demo.progress import Report, silent
from rejoinder.demo.readiness import Look, Waiting

STOP_S = 3.0
"""From the wish to stop until everything is killed."""
_TURN_S = 0.5
"""How long one child may take to end before the next one is asked to."""
_GRACE_S = 2.0
"""How long children may take to end when the supervisor itself was killed."""
_LOOK_EVERY_S = 0.1
_LINES_SHOWN = 15
_TAIL_BYTES = 16384
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True, slots=True)
class Spec:
    """A process to run."""

    name: str
    """What people call it; its log file is named so."""
    argv: Sequence[str]
    env: Mapping[str, str]
    """Its whole environment."""
    look: Look
    """Says whether it is ready."""
    patience_s: float = 30.0
    """How long it may take to be ready, counted from its last sign of progress, seconds."""
    log_is_progress: bool = False
    """Whether a growing log is such a sign too; for what draws progress bars there."""
    cwd: Path | None = None
    """Where it runs; None: in this process's folder."""


class ChildDied(StartupError):
    """A child process ended by itself; the message names it, its exit code and its last lines."""

    def __init__(self, name: str, message: str, last_lines: Sequence[str]) -> None:
        super().__init__(message)
        self.name = name
        self.last_lines = tuple(last_lines)


class Child:
    """One process and what it started, in a session and process group of their own."""

    def __init__(self, name: str, log: Path, process: asyncio.subprocess.Process, leash: int):
        self.name = name
        self.log = log
        self._process = process
        self._leash = leash

    @property
    def returncode(self) -> int | None:
        """Exit code, 128 + signal when a signal ended it; None while it runs."""
        code = self._process.returncode
        return code if code is None or code >= 0 else 128 - code

    async def wait(self) -> None:
        """Wait until it has ended."""
        await self._process.wait()

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the command itself."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """Kill the process and everything it started, and let go of the leash."""
        signal_group(self._process, signal.SIGKILL)
        if self._leash >= 0:
            os.close(self._leash)
            self._leash = -1

    async def last_lines(self) -> list[str]:
        """The end of its log, at most 15 lines."""
        return await asyncio.to_thread(_tail, self.log)

    async def death(self) -> ChildDied:
        """The error that tells of its end."""
        code = self.returncode
        assert code is not None
        lines = await self.last_lines()
        how = f"exit code {code}" + (f", {_signal_name(code - 128)}" if code > 128 else "")
        return ChildDied(
            self.name, f"{self.name} ended by itself ({how})" + _quoted(self.log, lines), lines
        )


class Supervisor:
    """Holds child processes; leaving its block ends them, the last started first.

    Every child gets its standard input, output and environment from here alone. Should this
    process be killed, even by SIGKILL, each child's leash (`leash.py`) ends it.
    """

    def __init__(self, logs: Path) -> None:
        """Make a supervisor whose children log to `<logs>/<name>.log`."""
        self._logs = logs
        self._children: list[Child] = []

    async def __aenter__(self) -> "Supervisor":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self, spec: Spec, report: Report = silent) -> Child:
        """Start a process and wait until it is ready.

        Safe to cancel: the process is then ended with the others.

        Args:
            spec: what to run.
            report: told what the process says it waits for.

        Raises:
            ChildDied: it, or another child, ended before it was ready.
            StartupError: it showed no progress for `patience_s`.
        """
        child = await self._spawn(spec)
        last, moved, written = Waiting("starting"), time.perf_counter(), 0
        report(last.text, None)
        while True:
            for any_child in self._children:
                if any_child.returncode is not None:
                    raise await any_child.death()
            state = await spec.look(child.log)
            if state is None:
                return child
            if state != last:
                last, moved = state, time.perf_counter()
                report(state.text, state.fraction)
            if spec.log_is_progress:
                size = await asyncio.to_thread(_size, child.log)
                if size != written:
                    written, moved = size, time.perf_counter()
            if time.perf_counter() - moved > spec.patience_s:
                lines = await child.last_lines()
                raise StartupError(
                    f"{spec.name} is not ready and showed no progress for {spec.patience_s:.0f} s; "
                    f"last state: {last.text}" + _quoted(child.log, lines)
                )
            await asyncio.sleep(_LOOK_EVERY_S)

    async def first_to_end(self) -> Child:
        """Wait until any child has ended, whatever its exit code."""
        waits = {begin(child.wait(), name=f"wait-{child.name}"): child for child in self._children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        return waits[done.pop()]

    async def stop(self, *, within_s: float = STOP_S) -> None:
        """End all children: SIGTERM in reverse order, then SIGKILL to what is left. Idempotent."""
        deadline = time.perf_counter() + within_s
        for child in reversed(self._children):
            child.ask_to_stop()
            await _ended([child], min(_TURN_S, deadline - time.perf_counter()))
        left = [child for child in self._children if child.returncode is None]
        for child in left:
            # livekit-server and the worker wait for calls to end, until asked a second time.
            child.ask_to_stop()
        await _ended(left, deadline - time.perf_counter())
        for child in self._children:
            child.kill()
        for child in self._children:
            await child.wait()
        self._children.clear()

    async def _spawn(self, spec: Spec) -> Child:
        log = self._logs / f"{spec.name}.log"
        sink = await asyncio.to_thread(_open_log, log)
        held, leash = os.pipe()
        try:
            process = await start_group(
                sys.executable, "-I", "-S", str(_LEASH), str(_GRACE_S), *spec.argv,
                env=dict(spec.env), stdin=held, stdout=sink, stderr=sink, cwd=spec.cwd,
            )  # fmt: skip
        except BaseException:
            os.close(leash)
            raise
        finally:
            os.close(held)
            os.close(sink)
        child = Child(spec.name, log, process, leash)
        self._children.append(child)
        return child


async def _ended(children: Sequence[Child], within_s: float) -> None:
    """Wait until all have ended, or the time is over; also in a task that is being cancelled."""
    if children:
        # Not asyncio.timeout: before Python 3.11.3 it raises CancelledError in such a task.
        waits = {begin(child.wait(), name=f"end-{child.name}") for child in children}
        _, left = await asyncio.wait(waits, timeout=max(within_s, 0.0))
        for task in left:
            task.cancel()


def _open_log(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)


def _size(log: Path) -> int:
    return log.stat().st_size


def _tail(log: Path) -> list[str]:
    try:
        with log.open("rb") as source:
            source.seek(0, os.SEEK_END)
            source.seek(max(0, source.tell() - _TAIL_BYTES))
            text = source.read().decode(errors="replace")
    except OSError:
        return []
    return _COLOURS.sub("", text).rstrip().splitlines()[-_LINES_SHOWN:]


def _quoted(log: Path, lines: Sequence[str]) -> str:
    if not lines:
        return f"; its log {log} is empty"
    return f"; the last lines of {log}:\n" + "\n".join(f"  | {line}" for line in lines)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
