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

from rejoinder.scripted_caller.caller import join
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.balancer import balanced
from testbed.livekit_process import livekit_binary, run_livekit
from tests.room.conftest import Worker
from tests.room.test_conversation import user_messages
from tests.room.test_killed_jobs import ask
from tests.room.test_leaving import active_jobs

_BOTH_S = 3.0
"""Of two agents the second has come by then."""

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]


async def test_the_one_agent_that_stays_knows_what_was_said_before(
    engines: OpenAIStandIn, start_worker: Callable[..., ExitStack], tmp_path: Path
) -> None:
    """`benchmarks/survival.py` has more callers, and nodes that share a redis."""
    engines.reply = lambda messages: "Noted."
    binary = livekit_binary()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(run_livekit(binary, tmp_path / "first"))
        there = [first.url]
        url = await stack.enter_async_context(balanced(there))
        settings = {
            "LIVEKIT_URL": url, "LIVEKIT_API_KEY": first.api_key,
            "LIVEKIT_API_SECRET": first.api_secret, "AGENT_NAME": "lost",
            "OPENAI_BASE_URL": engines.url, "AGENT_ISOLATION": "thread",
        }  # fmt: skip
        started = await asyncio.to_thread(start_worker, **settings)
        stack.enter_context(started)
        worker: Worker = started.worker  # type: ignore[attr-defined]
        token = first.token(f"room-{secrets.token_hex(4)}", "caller", dispatch="lost")
        caller = await stack.enter_async_context(join(url, token))
        await caller.wait_for_agent()
        await ask(caller, "my name is Ann")
        second = run_livekit(binary, tmp_path / "second", like=first)
        there[:] = [(await stack.enter_async_context(second)).url]
        gone = asyncio.Event()
        caller.room.on("participant_disconnected", lambda _: gone.set())
        os.kill(first.pid, signal.SIGKILL)
        await gone.wait()
        await caller.wait_until(lambda: caller.agent is not None, timeout_s=60)
        await asyncio.sleep(_BOTH_S)
        async with asyncio.timeout(60):
            # One that is still away is a job too.
            while await active_jobs(worker) > 1 or len(caller.room.remote_participants) > 1:
                await asyncio.sleep(0.1)
        await ask(caller, "what is my name")
    assert user_messages(engines.of("llm")[-1]) == ["my name is Ann", "what is my name"]
    assert len(engines.of("llm")) == 2, "both agents have answered"
