"""`rejoinder dev`: the worker, restarted whenever a Python file of the project changes."""

import argparse
import subprocess
import sys
from pathlib import Path

from watchfiles import PythonFilter, watch

from agent.commands import run_worker

_STOP_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `start`."""
    run_worker.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run `start` in a child process; restart it on change, until Ctrl-C."""
    code = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "agent", "start", "--log-level", args.log_level]
    command += ["--log-format", args.log_format, "--health-port", str(args.health_port or 0)]
    child = subprocess.Popen(command)
    try:
        for changes in watch(code, watch_filter=PythonFilter()):
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
