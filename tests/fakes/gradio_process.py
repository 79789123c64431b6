"""`gradio_m4t.py` of the stand-ins as a process: started, scripted, read, ended from a test."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rejoinder import stand_ins

_SCRIPT = Path(stand_ins.__file__).parent / "gradio_m4t.py"
_END_S = 5.0
_LOOK_S = 0.02
_CALM_S = 0.2


class GradioProcess:
    """Three Gradio servers in one process; see `gradio_m4t.py`."""

    def __init__(self, folder: Path, ready: dict[str, str]) -> None:
        self._folder = folder
        self.version = ready["gradio"]
        self.open = ready["open"]
        """URL of the server as the demo starts it."""
        self.locked = ready["locked"]
        """URL of the server behind the login user/secret."""
        self.tight = ready["tight"]
        """URL of the server whose queue holds one job besides the running one."""

    def script(self, **script: Any) -> None:
        """What the model does from now on: text, delay_s, hold, error, failures, malformed."""
        fresh = self._folder / "script.new"
        fresh.write_text(json.dumps(script))
        fresh.replace(self._folder / "script.json")

    def calls(self, event: str = "began") -> list[dict[str, Any]]:
        """Records of one kind, oldest first."""
        file = self._folder / "calls.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        records: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [record for record in records if record["event"] == event]

    def settle(self) -> None:
        """Wait until no job runs, then forget everything. Blocks."""
        self.script()
        until = time.perf_counter() + _END_S
        # Gradio 4 still runs a job whose client went away while it was in the queue.
        calm_s = _CALM_S if self.version.startswith("4.") else 0.0
        calm_since = time.perf_counter()
        while self._running() or time.perf_counter() - calm_since < calm_s:
            if self._running():
                calm_since = time.perf_counter()
            if time.perf_counter() > until:
                raise AssertionError("a job of the Gradio stand-in does not end")
            time.sleep(_LOOK_S)
        (self._folder / "calls.jsonl").unlink(missing_ok=True)

    def _running(self) -> bool:
        over = sum(map(len, map(self.calls, ("ended", "failed", "cancelled"))))
        return len(self.calls()) > over


@contextmanager
def gradio_process(python: Sequence[str], folder: Path) -> Iterator[GradioProcess]:
    """Run the stand-in with an interpreter, given as the beginning of a command line."""
    hidden = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    log = folder / "log.txt"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*python, "-P", str(_SCRIPT), str(folder), "--poll-s", "0.02"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
            env={**env, "GRADIO_ANALYTICS_ENABLED": "False"},
            start_new_session=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the Gradio stand-in did not start:\n{log.read_text()[-3000:]}")
        yield GradioProcess(folder, json.loads(line))
    finally:
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
