"""`rejoinder demo` in a process of its own, in folders of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from testbed.livekit_process import livekit_binary

READY_S = 130.0


class DemoProcess:
    """A demo in a process of its own, in folders of its own."""

    def __init__(self, folder: Path, env: Mapping[str, str], argv: Sequence[str]) -> None:
        self.state = folder / "state" / "rejoinder"
        own = {"XDG_STATE_HOME": str(folder / "state"), "LIVEKIT_SERVER_BIN": livekit_binary()}
        folder.mkdir(exist_ok=True)
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "rejoinder", "demo", "--no-browser", *argv],
            cwd=folder, env={**os.environ, **own, "COLUMNS": "200", **env},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        )  # fmt: skip
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.output += line

    def wait_ready(self) -> None:
        self.wait_says("Ready after")

    def wait_says(self, text: str) -> None:
        end = time.monotonic() + READY_S
        while text not in self.output:
            assert self.popen.poll() is None, self.output
            assert time.monotonic() < end, self.output
            time.sleep(0.05)

    def wait_end(self, within_s: float) -> int:
        code = self.popen.wait(within_s)
        self._reader.join(5)
        return code

    @property
    def talk_url(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:\d+/(?=\s)", self.output)
        assert found is not None, self.output
        return found[0]

    @property
    def log_folder(self) -> Path:
        (folder,) = (self.state / "logs").iterdir()
        return folder

    def processes(self) -> list[int]:
        """Everything below the demo's process, its children's children too."""
        shown = subprocess.run(
            ["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        )
        parents = [tuple(map(int, line.split())) for line in shown.stdout.splitlines()]
        found, new = set[int](), {self.popen.pid}
        while new:
            new = {pid for pid, parent in parents if parent in new} - found
            found |= new
        return sorted(found)


@contextmanager
def demo(folder: Path, *argv: str, **env: str) -> Iterator[DemoProcess]:
    started = DemoProcess(folder, env, argv)
    try:
        yield started
    finally:
        if started.popen.poll() is None:
            started.popen.send_signal(signal.SIGINT)
            try:
                started.popen.wait(10)
            except subprocess.TimeoutExpired:
                started.popen.kill()
                started.popen.wait()
        started._reader.join(5)
        assert started.popen.stdout is not None
        started.popen.stdout.close()
