"""A demo of one's own for the time of a rehearsal: livekit-server, a worker, what settings need."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from rejoinder.demo import places, running
from rejoinder.demo.children import Spec, Supervisor
from rejoinder.demo.readiness import log_says
from rejoinder.demo.running import Running

_PATIENCE_S = 120.0
"""Longest wait for a sign of progress, seconds: the first time servers fetch their models."""
_STOP_S = 6.0
"""A demo takes five to end."""


@asynccontextmanager
async def own_demo(environ: Mapping[str, str]) -> AsyncIterator[Running]:
    """Run a demo with these settings, and a server of its own, until the block ends.

    Raises:
        StartupError: it cannot be started; the message has its last lines.
    """
    alone = {name: value for name, value in environ.items() if name != "LIVEKIT_URL"}
    with tempfile.TemporaryDirectory(prefix="rejoinder-rehearsal-") as folder:
        spec = Spec(
            "demo",
            (sys.executable, "-m", "rejoinder", "demo", "--no-browser"),
            {**alone, "COLUMNS": "200", "NO_COLOR": "1"},
            log_says(r"Ready after"),
            patience_s=_PATIENCE_S,
            log_is_progress=True,
            # `.env` is in `environ` already: where there is one, it is not read again.
            cwd=Path(folder) if await asyncio.to_thread(Path(".env").is_file) else None,
        )
        async with Supervisor(Path(folder)) as supervisor:
            child = await supervisor.start(spec)
            try:
                yield await _found(child.log)
            finally:
                await supervisor.stop(within_s=_STOP_S)


async def _found(log: Path) -> Running:
    """The demo that has written this log: it is announced once that says so."""
    said = await asyncio.to_thread(log.read_text, "utf-8", errors="replace")
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            for demo in await asyncio.to_thread(running.all_of, places.state_folder()):
                if demo.talk_url in said:
                    return demo
            await asyncio.sleep(0.1)
