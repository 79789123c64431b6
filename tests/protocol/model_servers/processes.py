"""Start a model server as a person would, and find out what became of it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx

from tests.conftest import OWN_PREFIXES

ROOT = Path(__file__).parents[3]
T = TypeVar("T")
START_S = 120.0
"""Patience with a loaded machine; a server is ready in a few seconds."""


@dataclass
class ServerProcess:
    """One `python -m model_servers.…` with its own log file."""

    process: subprocess.Popen[bytes]
    log_file: Path
    url: str = ""

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8")

    def wait_until_listening(self) -> None:
        line = re.compile(r"listening on (http://\S+)")
        self.url = _until(lambda: line.search(self.log), self)[1]

    def wait_until_ready(self) -> None:
        # What is imported while a model is loaded may hold the interpreter for seconds.
        _until(lambda: httpx.get(f"{self.url}/ready", timeout=START_S).status_code == 200, self)

    def exit_status(self, timeout_s: float = START_S) -> int:
        return self.process.wait(timeout_s)

    def terminate(self) -> tuple[int, float]:
        """Send SIGTERM; exit status and seconds until then."""
        began = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        return self.exit_status(), time.perf_counter() - began


@contextmanager
def started(
    module: str,
    *argv: str,
    log_file: Path,
    before: Sequence[str] = (),
    python: str = sys.executable,
    **environ: str,
) -> Iterator[ServerProcess]:
    """A server on a free port until the block ends; `argv` may be anything.

    Args:
        module: run with `python -m`.
        argv: behind `--port 0`.
        log_file: gets both of its streams.
        before: arguments before that.
        python: the interpreter.
        environ: further variables.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(OWN_PREFIXES)}
    environment = inherited | {"HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"} | environ
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", module, *before, "--port", "0", *argv],
            cwd=ROOT,
            env=environment,
            stderr=log,
            stdout=log,
        )
    try:
        yield ServerProcess(process, log_file)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _until(condition: Callable[[], T | None], server: ServerProcess) -> T:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert server.process.poll() is None, f"the server has ended:\n{server.log}"
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"the server is not there after {START_S} s:\n{server.log}")
