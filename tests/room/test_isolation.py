"""Calls as threads of one process: as separate as calls in processes of their own."""

import asyncio

import psutil
import pytest

from rejoinder.scripted_caller.caller import Caller
from rejoinder.scripted_caller.microphone import Pcm
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from tests.room.conftest import CallAgent, Worker
from tests.room.test_leaving import active_jobs, wait_idle

pytestmark = pytest.mark.timeout(90)

_FRAME_S = 0.05
"""Two callers in a process that has little of a core stammer with frames of 10 ms: a question of
1.8 s took 4.1 s, and was taken for two."""


async def ask(caller: Caller, question: Pcm) -> None:
    await caller.wait_for_reply(await caller.say(question))


async def test_calls_in_one_process_are_answered_at_once_and_end_one_by_one(
    call_agent: CallAgent, threads: Worker, engines: OpenAIStandIn, question: Pcm
) -> None:
    engines.transcribe = lambda request: "What is the meaning of barge in?"
    engines.reply = lambda messages: "It means that you may interrupt."
    await wait_idle(threads, timeout_s=30)  # another test's call may wait for its caller
    async with call_agent("threads", frame_s=_FRAME_S) as staying:
        async with call_agent("threads", frame_s=_FRAME_S) as leaving:
            assert await active_jobs(threads) == 2
            await asyncio.gather(ask(staying, question), ask(leaving, question))
        async with asyncio.timeout(20):
            while await active_jobs(threads) > 1:
                await asyncio.sleep(0.1)
        await staying.hearing.wait_for_silence(lasting_s=0.6)
        await ask(staying, question)
        assert not psutil.Process(threads.program.popen.pid).children()
    await wait_idle(threads, timeout_s=20)
    # The process lives on: each call has closed its own engines.
    async with asyncio.timeout(10):
        while engines.connections:
            await asyncio.sleep(0.05)
