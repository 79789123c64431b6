"""A real redis on loopback, which keeps nothing; gone when the block ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rejoinder.demo.ports import PortPicker

READY_S = 10.0
STOP_S = 5.0


@asynccontextmanager
async def run_redis(binary: str) -> AsyncIterator[str]:
    """Start a redis-server; gives its address, `127.0.0.1:6379`.

    Raises:
        RuntimeError: it did not answer within READY_S.
    """
    with PortPicker() as free:
        port = free.tcp()
    argv = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    null = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        binary, *argv, stdout=null, stderr=null, start_new_session=True
    )
    try:
        await _ready(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ready(port: int, process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_S):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)
    raise RuntimeError(f"redis-server is not ready (exit {process.returncode})")
