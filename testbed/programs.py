"""Real programs for the room tests: own process group, own log, gone with the block."""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

STOP_S = 10.0
_LOOK_S = 0.05

T = TypeVar("T")


class Program:
    """A running program whose output goes to a file."""

    def __init__(self, name: str, argv: Sequence[str], log: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as sink:
            self.popen = subprocess.Popen(
                list(argv),
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **env},
                start_new_session=True,
            )

    def tail(self) -> str:
        """The last lines it wrote."""
        return self.log.read_text(errors="replace")[-3000:]

    def wait_ready(self, url: str, *, timeout_s: float = 60.0) -> None:
        """Wait until `url` answers 200."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if self.popen.poll() is not None:
                raise RuntimeError(f"{self.name} exited {self.popen.returncode}:\n{self.tail()}")
            with (
                contextlib.suppress(urllib.error.URLError, OSError),
                urllib.request.urlopen(url, timeout=2) as answer,
            ):
                if answer.status == 200:
                    return
            time.sleep(_LOOK_S)
        raise RuntimeError(f"{self.name} is not ready after {timeout_s:.0f} s:\n{self.tail()}")

    def wait_line(self, text: str, *, timeout_s: float = 60.0) -> str:
        """Wait for a line of output that contains `text`; return it."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for line in self.log.read_text(errors="replace").splitlines():
                if text in line:
                    return line
            if self.popen.poll() is not None:
                break
            time.sleep(_LOOK_S)
        raise RuntimeError(f"{self.name} never said {text!r}:\n{self.tail()}")

    def stop(self) -> None:
        """SIGTERM, then SIGKILL to the whole group."""
        if self.popen.poll() is None:
            self.popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(STOP_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


@contextmanager
def running(
    name: str, argv: Sequence[str], *, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Start a program; end it and everything it started with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    program = Program(name, argv, folder / f"{name}-{time.monotonic_ns()}.log", env or {})
    try:
        yield program
    finally:
        program.stop()


class Background:
    """An event loop in a thread, for servers that outlive single tests."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self) -> None:
        """Stop the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
