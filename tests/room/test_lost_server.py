"""livekit-server is killed with its rooms, and another one stands in its place.

The agent that was there comes back. If the worker has registered by then the server begins another
one beside it. One that does not come back has left a copy of what was said in redis, where there is
one.
"""

import asyncio
import os
import secrets
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
from livekit import api, rtc
from redis.asyncio import Redis

from agent.survival.rooms import dispatches
from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.balancer import balanced
from testbed.livekit_process import livekit_binary, run_livekit
from testbed.redis_process import run_redis
from tests.conftest import require
from tests.room.conftest import Worker
from tests.room.test_conversation import user_messages
from tests.room.test_killed_jobs import ask, job_of
from tests.room.test_leaving import active_jobs

AGENT = "lost"
_SENT_S = 3.0
"""By then the server has sent the second agent, if it sends one."""

BACK_S = 120.0
"""LiveKit's own client was once back after 41 s, on a machine that did nothing else."""

pytestmark = [pytest.mark.timeout(300), pytest.mark.patient]


async def begins(server: api.LiveKitAPI, room: str) -> bool:
    """Whether an agent is on its way."""
    pending = api.JobStatus.JS_PENDING
    sent = await dispatches(server, room, AGENT)
    return any(job.state.status == pending for dispatch in sent for job in dispatch.state.jobs)


async def is_reached(caller: Caller) -> bool:
    """Whether one agent is there, and the way to it and back is open."""
    if caller.agent is None or len(caller.room.remote_participants) != 1:
        return False
    try:
        await caller.room.local_participant.perform_rpc(
            destination_identity=caller.agent.identity, method="nobody-has-it", payload=""
        )
    except rtc.RpcError as error:
        return error.code == rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD
    return True


class Lost:
    """A call whose livekit-server can be killed; another one takes its place then."""

    def __init__(self, stack: AsyncExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._binary = livekit_binary()

    async def begin(self, start_worker: Callable[..., ExitStack], **settings: str) -> None:
        """Start a server and a worker, which has AGENT's settings and these, and call."""
        stack = self._stack
        running = run_livekit(self._binary, self._folder / "first")
        self.server = first = await stack.enter_async_context(running)
        self._there = [first.url]
        url = await stack.enter_async_context(balanced(self._there))
        started = await asyncio.to_thread(
            start_worker,
            LIVEKIT_URL=url,
            LIVEKIT_API_KEY=first.api_key,
            LIVEKIT_API_SECRET=first.api_secret,
            AGENT_NAME=AGENT,
            AGENT_RETURN_S=f"{BACK_S:g}",
            **settings,
        )
        stack.enter_context(started)
        self.worker: Worker = started.worker  # type: ignore[attr-defined]
        token = first.token(f"room-{secrets.token_hex(4)}", "caller", dispatch=AGENT)
        self.line = await stack.enter_async_context(AsyncExitStack())
        self.caller = await self.line.enter_async_context(join(url, token))
        await self.caller.wait_for_agent()

    async def lose(self, *others: int) -> None:
        """Kill the server, and other processes, and wait until the caller has an agent again."""
        lost, caller = self.server, self.caller
        running = run_livekit(self._binary, self._folder / "second", like=lost)
        self.server = await self._stack.enter_async_context(running)
        self._there[:] = [self.server.url]
        gone = asyncio.Event()
        caller.room.on("participant_disconnected", lambda _: gone.set())
        for pid in (lost.pid, *others):
            os.kill(pid, signal.SIGKILL)
        await gone.wait()
        await caller.wait_until(lambda: caller.agent is not None, timeout_s=BACK_S)

    async def hang_up(self) -> None:
        """Leave, and let nobody wait for a return."""
        await self.line.aclose()
        there = self.server
        async with api.LiveKitAPI(there.url, there.api_key, there.api_secret) as server:
            await server.room.delete_room(api.DeleteRoomRequest(room=self.caller.room.name))


async def test_the_one_agent_that_stays_knows_what_was_said_before(
    engines: OpenAIStandIn, start_worker: Callable[..., ExitStack], tmp_path: Path
) -> None:
    """`benchmarks/survival.py` has more callers, and nodes that share a redis.

    Each call has a process, as usual: in one for all the native client may stand still after this.
    """
    engines.reply = lambda messages: "Noted."
    async with AsyncExitStack() as stack:
        call = Lost(stack, tmp_path)
        await call.begin(start_worker, OPENAI_BASE_URL=engines.url)
        await ask(call.caller, "my name is Ann")
        await call.lose()
        await asyncio.sleep(_SENT_S)
        second = call.server
        async with (
            asyncio.timeout(BACK_S),
            api.LiveKitAPI(second.url, second.api_key, second.api_secret) as server,
        ):
            # One that is still away is a job too.
            while (
                await begins(server, call.caller.room.name)
                or await active_jobs(call.worker) != 1
                or not await is_reached(call.caller)
            ):
                await asyncio.sleep(0.1)
        await ask(call.caller, "what is my name")
        await call.hang_up()
    assert user_messages(engines.of("llm")[-1]) == ["my name is Ann", "what is my name"]
    assert len(engines.of("llm")) == 2, "both agents have answered"


async def test_a_redis_knows_it_where_the_server_and_the_agent_are_lost(
    engines: OpenAIStandIn, start_worker: Callable[..., ExitStack], tmp_path: Path
) -> None:
    engines.reply = lambda messages: "Noted."
    binary = require("redis-server", "apt-get install redis-server, or brew install redis")
    async with AsyncExitStack() as stack:
        address = f"redis://{await stack.enter_async_context(run_redis(binary))}"
        redis = await stack.enter_async_context(Redis.from_url(address))
        async with AsyncExitStack() as calling:
            call = Lost(calling, tmp_path)
            await call.begin(start_worker, OPENAI_BASE_URL=engines.url, AGENT_HISTORY_URL=address)
            await ask(call.caller, "my name is Ann")
            await call.lose(job_of(call.caller, call.worker))
            async with asyncio.timeout(BACK_S):
                while not await is_reached(call.caller):
                    await asyncio.sleep(0.1)
            await ask(call.caller, "what is my name")
            await call.hang_up()
            async with asyncio.timeout(BACK_S):
                while await redis.keys():
                    await asyncio.sleep(0.1)
    assert user_messages(engines.of("llm")[-1]) == ["my name is Ann", "what is my name"]
