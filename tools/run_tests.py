"""All tests in three parts: those in real time, those of logic, and those that start servers.

Room and browser tests listen and speak in real time: beside others, on two cores, a pause of
0.8 s becomes one of 1.3 s. Tests of logic need nothing but a processor, so they take what the
others leave, at the lowest priority there is. With arguments there is one run: they go to pytest
as they are.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO

_REAL_TIME = "room or browser"
_LOGIC = "unit"
_SERVERS = f"not ({_LOGIC} or {_REAL_TIME})"
_MODELS = ("tests/protocol/model_servers", "tests/protocol/stt")
_LANES = (
    _MODELS,
    ("tests/protocol", *(f"--ignore={folder}" for folder in _MODELS)),
    ("tests/attacks", "tests/packaging"),
)
"""Of those that start servers: they take as long as each other, and wait for much of it."""
_PATIENT_S = 120
"""Longest test of logic, whose processor may be busy with others for seconds."""
_NO_TESTS = 5
"""pytest's exit code when it has found none."""


def main(arguments: Sequence[str]) -> int:
    """Run pytest; returns 0 only if all tests passed."""
    # Hundreds of processes start: without the compiled files each would compile all it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return subprocess.call([*pytest, *arguments])
    shown = [*pytest, "--durations=10", "-m"]
    with ExitStack() as stack:

        def beside(*selected: str, idle: bool = False) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
            sink = stack.enter_context(tempfile.TemporaryFile())
            began = subprocess.Popen(
                [*shown, *selected],
                stdout=sink,
                stderr=subprocess.STDOUT,
                preexec_fn=_idle if idle else None,
            )
            stack.callback(began.kill)
            return began, sink

        logic = beside(_LOGIC, f"--timeout={_PATIENT_S}", idle=True)
        codes = [subprocess.call([*shown, _REAL_TIME])]
        others = [beside(_SERVERS, *lane) for lane in _LANES[1:]]
        codes.append(subprocess.call([*shown, _SERVERS, *_LANES[0]]))
        for run, sink in (*others, logic):
            codes.append(run.wait())
            sink.seek(0)
            sys.stdout.buffer.write(sink.read())
            sys.stdout.flush()
    return next((code for code in codes if code not in (0, _NO_TESTS)), 0)


def _idle() -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):  # macOS has none, and some sandboxes forbid it
        os.nice(19)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
