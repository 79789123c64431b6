"""Child processes in a process group of their own, so that what they start ends with them."""

import asyncio
import os
import signal
from contextlib import suppress
from typing import Any

from agent.tasks import begin


async def start_group(*argv: str, **options: Any) -> asyncio.subprocess.Process:
    """Start a program in a new session.

    Safe to cancel: the whole group is killed then. `create_subprocess_exec` alone would kill
    only the program when it is cancelled, and what that had started would stay.

    Args:
        argv: the command.
        options: as `asyncio.create_subprocess_exec` takes them.

    Raises:
        OSError: it cannot be run.
    """
    starting = begin(
        asyncio.create_subprocess_exec(*argv, start_new_session=True, **options),
        name=f"start {argv[0]}",
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait({starting})  # milliseconds
        if starting.exception() is None:
            signal_group(starting.result(), signal.SIGKILL)
            await starting.result().wait()
        raise


def signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Send a signal to a process of `start_group` and to everything in its group."""
    # PermissionError: macOS, when only a zombie is left of the group.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
