"""A caller that hangs up while it is still joining."""

import asyncio
import contextlib
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from livekit import api

from testbed.livekit_process import LiveKitProcess

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

LAG_S = 0.3
"""Joining takes several answers of the server, each later by this."""
LOOK_S = 2.0
"""By then a caller that was not stopped has joined."""

CHANGES_ITS_MIND = """
import asyncio, sys
from rejoinder.scripted_caller.caller import join

async def hold(url, token):
    async with join(url, token):
        await asyncio.sleep(600)

async def main():
    holding = asyncio.create_task(hold(*sys.argv[1:]))
    await asyncio.to_thread(sys.stdin.readline)
    holding.cancel()
    await asyncio.wait({holding})
    print("cancelled" if holding.cancelled() else "not cancelled", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@asynccontextmanager
async def slow_server(target: str, asked: asyncio.Event) -> AsyncIterator[str]:
    """The address of a server that takes its time; `asked` is set at its first connection."""
    host, port = urlsplit(target).hostname, urlsplit(target).port

    async def pass_on(
        source: asyncio.StreamReader, sink: asyncio.StreamWriter, lag_s: float
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(65536):
                await asyncio.sleep(lag_s)
                sink.write(piece)
        sink.close()

    async def serve(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far_in, far_out = await asyncio.open_connection(host, port)
        asked.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(pass_on(near_in, far_out, 0))
            group.create_task(pass_on(far_in, near_out, LAG_S))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_caller_that_hangs_up_while_it_joins_is_not_in_the_room(
    livekit: LiveKitProcess,
) -> None:
    """A connection that is cancelled half-way would stay, and end the process after 15 s."""
    room, asked = f"room-{secrets.token_hex(4)}", asyncio.Event()
    request = api.ListParticipantsRequest(room=room)
    async with (
        slow_server(livekit.url, asked) as url,
        api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as server,
    ):
        caller = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            CHANGES_ITS_MIND,
            url,
            livekit.token(room, "caller"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert caller.stdin is not None
            assert caller.stdout is not None
            await asked.wait()
            caller.stdin.write(b"\n")
            assert (await caller.stdout.readline()).strip() == b"cancelled"
            await asyncio.sleep(LOOK_S)
            there = (await server.room.list_participants(request)).participants
            assert "caller" not in [participant.identity for participant in there]
            assert caller.returncode is None
        finally:
            caller.kill()
            await caller.wait()
