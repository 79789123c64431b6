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
    near: set[asyncio.StreamWriter] = set()

    async def far_end() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        nonlocal taken
        for _ in targets:
            target = urlsplit(targets[taken % len(targets)])
            taken += 1
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(target.hostname, target.port)
        raise ConnectionRefusedError("no node takes it")

    async def serve(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        near.add(near_out)
        try:
            far_in, far_out = await far_end()
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(near_in, far_out))
                group.create_task(_pass_on(far_in, near_out))
        except OSError:
            pass
        finally:
            near.discard(near_out)
            near_out.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in near:
            writer.close()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Until either end closes; then the other is closed."""
    with contextlib.suppress(OSError):
        while piece := await source.read(_PIECE):
            sink.write(piece)
            await sink.drain()
    sink.close()
