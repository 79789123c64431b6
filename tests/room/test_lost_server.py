"""livekit-server is killed with its rooms, and another one stands in its place.

The agent that was there comes back. If the worker has registered by then the server begins another
one beside it.
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

from agent.survival.rooms import dispatches
from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.balancer import balanced
from testbed.livekit_process import livekit_binary, run_livekit
from tests.room.conftest import Worker
from tests.room.test_conversation import user_messages
from tests.room.test_killed_jobs import ask
from tests.room.test_leaving import active_jobs

AGENT = "lost"
_SENT_S = 3.0
"""By then the server has sent the second agent, if it sends one."""

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]


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


async def test_the_one_agent_that_stays_knows_what_was_said_before(
    engines: OpenAIStandIn, start_worker: Callable[..., ExitStack], tmp_path: Path
) -> None:
    """`benchmarks/survival.py` has more callers, and nodes that share a redis.

    Each call has a process, as usual: in one for all the native client may stand still after this.
    """
    engines.reply = lambda messages: "Noted."
    binary = livekit_binary()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(run_livekit(binary, tmp_path / "first"))
        there = [first.url]
        url = await stack.enter_async_context(balanced(there))
        settings = {
            "LIVEKIT_URL": url, "LIVEKIT_API_KEY": first.api_key,
            "LIVEKIT_API_SECRET": first.api_secret, "AGENT_NAME": AGENT,
            "OPENAI_BASE_URL": engines.url,
        }  # fmt: skip
        started = await asyncio.to_thread(start_worker, **settings)
        stack.enter_context(started)
        worker: Worker = started.worker  # type: ignore[attr-defined]
        token = first.token(f"room-{secrets.token_hex(4)}", "caller", dispatch=AGENT)
        caller = await stack.enter_async_context(join(url, token))
        await caller.wait_for_agent()
        await ask(caller, "my name is Ann")
        second = await stack.enter_async_context(
            run_livekit(binary, tmp_path / "second", like=first)
        )
        there[:] = [second.url]
        gone = asyncio.Event()
        caller.room.on("participant_disconnected", lambda _: gone.set())
        os.kill(first.pid, signal.SIGKILL)
        await gone.wait()
        await caller.wait_until(lambda: caller.agent is not None, timeout_s=60)
        await asyncio.sleep(_SENT_S)
        async with (
            asyncio.timeout(60),
            api.LiveKitAPI(second.url, second.api_key, second.api_secret) as server,
        ):
            # One that is still away is a job too.
            while (
                await begins(server, caller.room.name)
                or await active_jobs(worker) != 1
                or not await is_reached(caller)
            ):
                await asyncio.sleep(0.1)
        await ask(caller, "what is my name")
    assert user_messages(engines.of("llm")[-1]) == ["my name is Ann", "what is my name"]
    assert len(engines.of("llm")) == 2, "both agents have answered"
