"""Builds a Go program with the machine's own Go."""

import asyncio
import os
import re
import shutil
import signal
import time
from collections import deque
from pathlib import Path

from agent.errors import StartupError
from rejoinder.demo.process_group import signal_group, start_group
from rejoinder.demo.progress import Report

_LIMIT_S = 1200.0
"""livekit-server takes about 100 s on two cores, and its modules some 200 MB of download."""
_LINES_KEPT = 5
_QUIET_S = 3.0
"""Go names what it downloads, and says nothing while it compiles."""


async def go_install(module: str, folder: Path, report: Report) -> Path:
    """Run `go install` with the binary going to `folder`.

    Safe to cancel: the build, compilers included, is ended.

    Args:
        module: package path with version, for example `example.org/cmd/server@v1.2.3`.
        folder: where the binary goes; it is named as Go names it.
        report: told every second how long it has taken.

    Raises:
        StartupError: there is no Go, or the build failed or took over 20 minutes.
    """
    go = await asyncio.to_thread(shutil.which, "go")
    if go is None:
        raise StartupError("no go on PATH")
    process = await start_group(
        go,
        "install",
        module,
        env=os.environ | {"GOBIN": str(folder)},
        # `go install pkg@version` outside of any module, whatever the current folder is.
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    last: deque[tuple[float, str]] = deque(maxlen=_LINES_KEPT)
    try:
        async with asyncio.timeout(_LIMIT_S), asyncio.TaskGroup() as group:
            clock = group.create_task(_tick(report, last), name="go-install-clock")
            async for line in process.stderr:
                last.append((time.perf_counter(), line.decode(errors="replace").strip()))
            await process.wait()
            clock.cancel()
    except TimeoutError:
        raise StartupError(f"go install {module} took over {_LIMIT_S / 60:.0f} minutes") from None
    finally:
        if process.returncode is None:
            signal_group(process, signal.SIGKILL)
            await process.wait()
    if process.returncode != 0:
        said = " / ".join(line for _, line in last) or "it said nothing"
        raise StartupError(f"go install {module} ended with {process.returncode}: {said}")
    return folder / _binary_name(module)


async def _tick(report: Report, last: deque[tuple[float, str]]) -> None:
    began = time.perf_counter()
    while True:
        now = time.perf_counter()
        said, line = last[-1] if last else (began, "")
        busy = now - said < _QUIET_S and line.startswith("go: downloading")
        doing = line.removeprefix("go: ") if busy else "compiling"
        report(f"go install, {now - began:.0f} s: {doing}", None)
        await asyncio.sleep(1.0)


def _binary_name(module: str) -> str:
    """Go names a binary after the last element of its package path."""
    path = module.partition("@")[0]
    return re.sub(r"/v\d+$", "", path).rpartition("/")[2]
