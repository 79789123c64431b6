"""Fetches the talk page's client library in a process that can be ended.

`rejoinder.web.client_library` blocks while npm runs; in a thread, Ctrl-C would wait for npm.
"""

import asyncio
import signal
import sys
from pathlib import Path

from agent.errors import StartupError
from agent.tasks import begin
from rejoinder.demo.process_group import signal_group, start_group
from rejoinder.demo.progress import Report, silent
from rejoinder.web import client_library

_STOP_S = 2.0


async def ensure_page_library(report: Report = silent) -> Path:
    """Path of livekit-client for browsers; it is fetched when it is not there.

    Safe to cancel: npm is ended and its temporary folder removed.

    Raises:
        StartupError: there is no npm, or it failed.
    """
    path = await asyncio.to_thread(client_library.library_path)
    if await asyncio.to_thread(path.is_file):
        return path
    process = await start_group(
        sys.executable,
        "-m",
        "rejoinder.demo.page_library",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async for line in process.stdout:
            report(line.decode(errors="replace").strip(), None)
        said = (await process.stderr.read()).decode(errors="replace").strip()
        await process.wait()
    finally:
        await _end(process)
    if process.returncode != 0:
        raise StartupError(said or f"fetching livekit-client ended with {process.returncode}")
    return path


async def _end(process: asyncio.subprocess.Process) -> None:
    """Interrupt the process and npm, so that they tidy up; then kill them."""
    ended = begin(process.wait(), name="page-library-end")
    for number in (signal.SIGINT, signal.SIGKILL):
        if process.returncode is None:
            signal_group(process, number)
            # Not asyncio.timeout: before Python 3.11.3 it raises CancelledError in a task that
            # is being cancelled.
            await asyncio.wait({ended}, timeout=_STOP_S)
    await ended


def main() -> int:
    """Fetch, saying each step in a line; returns the exit code."""
    # A shell's background job starts with SIGINT ignored; here it means: tidy up and end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        client_library.fetch_library(lambda line: print(line, flush=True))
    except StartupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
