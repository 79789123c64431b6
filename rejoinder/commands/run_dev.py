"""`rejoinder dev`: the worker, restarted whenever a Python file of the project changes."""

import argparse
import subprocess
import sys
from pathlib import Path

from watchfiles import PythonFilter, watch

import agent
from rejoinder.commands import run_worker

_STOP_S = 5.0
_LOOK_MS = 500
_REFUSED = 2
"""Exit code of a command that ends with an error of ours (`rejoinder.cli`)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `start`."""
    run_worker.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run `start` in a child process; restart it on change, until Ctrl-C.

    When the worker refuses its settings, its exit code is returned: no change of code would
    mend them. After any other end the next change starts it again.
    """
    code = Path(agent.__file__).parent
    command = [sys.executable, "-m", "rejoinder", "start", "--log-level", args.log_level]
    command += ["--log-format", args.log_format, "--health-port", str(args.health_port or 0)]
    child = subprocess.Popen(command)
    try:
        for changes in watch(
            code, watch_filter=PythonFilter(), rust_timeout=_LOOK_MS, yield_on_timeout=True
        ):
            if not changes:
                if child.poll() == _REFUSED:
                    return _REFUSED
                continue
            names = sorted(Path(path).name for _, path in changes)
            print(f"changed: {', '.join(names)}; restarting the worker", file=sys.stderr)
            _stop(child)
            child = subprocess.Popen(command)
    except KeyboardInterrupt:
        pass
    finally:
        _stop(child)
    return 0


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End the worker without waiting for running calls: the developer is waiting."""
    child.terminate()
    try:
        child.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
