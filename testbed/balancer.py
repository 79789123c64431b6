"""What stands before several nodes of one service: each connection goes to one that takes it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

_PIECE = 65536


@asynccontextmanager
async def balanced(targets: Sequence[str]) -> AsyncIterator[str]:
    """Give a ws:// address; its connections go in turn to the targets, past those that refuse.

    Nothing else is known of a node: one that takes a connection and never answers is waited for.
    """
    taken = 0
    serving: set[asyncio.Task[None]] = set()

    async def far_end() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        nonlocal taken
        for _ in targets:
            target = urlsplit(targets[taken % len(targets)])
            taken += 1
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(target.hostname, target.port)
        raise ConnectionRefusedError("no node takes it")

    async def serve(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        ends = [near_out]
        try:
            far_in, far_out = await far_end()
            ends.append(far_out)
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(near_in, far_out), name="to-node")
                group.create_task(_pass_on(far_in, near_out), name="from-node")
        except OSError:
            pass
        finally:
            for end in ends:
                end.close()
            for end in ends:
                with contextlib.suppress(OSError):
                    await end.wait_closed()

    def begin(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(near_in, near_out), name="balanced")
        serving.add(task)
        task.add_done_callback(lambda _: near_out.close())  # one that was ended before it began
        task.add_done_callback(serving.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Until either end closes; then the other is closed."""
    with contextlib.suppress(OSError):
        while piece := await source.read(_PIECE):
            sink.write(piece)
            await sink.drain()
    sink.close()
