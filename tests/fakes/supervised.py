"""A program of its own that supervises shell commands as the demo does, until a signal.

`python -m tests.fakes.supervised LOGS COMMAND…`: each command runs in a shell; the program
prints `ready` when all have written the word to their logs.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from rejoinder.commands.run_demo import until_stopped
from rejoinder.demo.children import Spec, Supervisor
from rejoinder.demo.readiness import log_says


class Supervised:
    """Stands where the demo's own processes would be."""

    def __init__(self, logs: Path, commands: list[str]) -> None:
        self.console = Console()
        self._logs = logs
        self._commands = commands

    async def run(self) -> None:
        async with Supervisor(self._logs) as supervisor:
            for index, command in enumerate(self._commands):
                await supervisor.start(
                    Spec(
                        f"child-{index}",
                        ("/bin/sh", "-c", command),
                        dict(os.environ),
                        log_says("ready"),
                    )
                )
            print("ready", flush=True)
            raise await (await supervisor.first_to_end()).death()


if __name__ == "__main__":
    # As in a terminal, also when the tests were started by `nohup`, which ignores it.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    sys.exit(asyncio.run(until_stopped(Supervised(Path(sys.argv[1]), sys.argv[2:]))))
