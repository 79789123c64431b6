"""kill -9: the caller hears somebody again within five seconds, who knows what was said."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager

import psutil
import pytest

from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from tests.room.conftest import GREETING, Worker
from tests.room.test_conversation import assistant_messages, heard, user_messages
from tests.room.test_leaving import wait_idle

pytestmark = pytest.mark.timeout(120)

HEARD_S = 15.0
"""LiveKit by itself takes 20 s. How long it is: `benchmarks/survival.py`."""
BACK = "I am back. Please go on."


@asynccontextmanager
async def greeted(livekit: LiveKitProcess, token: str) -> AsyncIterator[Caller]:
    async with join(livekit.url, token) as caller:
        await caller.wait_for_agent(timeout_s=30)
        await caller.hearing.wait_for_sound(after=caller.hearing.began)
        await caller.hearing.wait_for_silence(lasting_s=0.8)
        yield caller


async def ask(caller: Caller, text: str) -> None:
    turns = len(caller.log.turns)
    await caller.type(text)
    await caller.wait_until(lambda: len(caller.log.turns) > turns)
    await caller.hearing.wait_for_silence(lasting_s=0.8)


def job_of(caller: Caller, worker: Worker) -> int:
    """The process that holds the call: the one with the sockets of its media."""
    children = psutil.Process(worker.program.popen.pid).children(recursive=True)
    return max(children, key=lambda child: len(child.net_connections("udp"))).pid


async def heard_again(caller: Caller, kill: Callable[[], None]) -> float:
    """Seconds from the loss until somebody speaks: the caption begins with the voice."""
    before, began = len(caller.log.captions), time.perf_counter()
    kill()
    await caller.wait_until(lambda: len(caller.log.captions) > before)
    caption = caller.log.captions[before]
    await caller.wait_until(lambda: caption.text.strip() == BACK)
    await caller.hearing.wait_for_silence(lasting_s=0.8)
    return caption.began - began


async def test_another_job_takes_over_the_call_of_one_that_was_killed(
    livekit: LiveKitProcess, worker: Worker, engines: OpenAIStandIn
) -> None:
    engines.reply = lambda messages: "Noted."
    await wait_idle(worker, timeout_s=20)  # one call alone: `job_of`
    token = livekit.token(f"room-{secrets.token_hex(4)}", "caller")
    async with greeted(livekit, token) as caller:
        await ask(caller, "my name is Ann")
        await asyncio.sleep(0.5)
        pid = job_of(caller, worker)
        gone_s = await heard_again(caller, lambda: os.kill(pid, signal.SIGKILL))
        assert gone_s < HEARD_S
        assert "back" in heard(engines, caller.hearing.pcm())
        await ask(caller, "what is my name")
        agents = list(caller.room.remote_participants)
        assert len(agents) == 1
    asked = engines.of("llm")[-1]
    assert user_messages(asked) == ["my name is Ann", "what is my name"]
    # Two in a row are one for a model.
    assert "\n".join(assistant_messages(asked)) == f"{GREETING}\nNoted.\n{BACK}"


async def test_another_worker_takes_over_the_calls_of_one_that_was_killed(
    livekit: LiveKitProcess,
    engines: OpenAIStandIn,
    start_worker: Callable[..., ExitStack],
) -> None:
    """No token endpoint watches: the caller came by a telephone, or another endpoint."""
    engines.reply = lambda messages: "Noted."
    # Threads: a worker of them starts sooner, and takes its calls with it all the same.
    settings = {
        "OPENAI_BASE_URL": engines.url, "AGENT_NAME": "pool", "AGENT_ISOLATION": "thread"
    }  # fmt: skip
    token = livekit.token(f"room-{secrets.token_hex(4)}", "caller", dispatch="pool")
    with start_worker(**settings) as first:
        async with greeted(livekit, token) as caller:
            await ask(caller, "my name is Ann")
            with start_worker(**settings):
                await asyncio.sleep(2.0)
                pid = first.worker.program.popen.pid  # type: ignore[attr-defined]
                gone_s = await heard_again(caller, lambda: os.killpg(pid, signal.SIGKILL))
                assert gone_s < HEARD_S
                await ask(caller, "what is my name")
    assert user_messages(engines.of("llm")[-1]) == ["my name is Ann", "what is my name"]
