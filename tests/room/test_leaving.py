"""Every way a call can end, and what is left afterwards: nothing."""

import asyncio
import json
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest
from livekit import api

from rejoinder.scripted_caller.caller import Caller, CallLost, NoAgentError, join
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from tests.room.conftest import Worker

pytestmark = [pytest.mark.timeout(90), pytest.mark.patient]

KILLED_TAB = """
import asyncio, sys
from rejoinder.scripted_caller.caller import join

async def main():
    async with join(sys.argv[1], sys.argv[2]) as caller:
        await caller.wait_for_agent()
        print("joined", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def active_jobs(worker: Worker) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"{worker.health}/worker") as answer:
        status = json.loads(await answer.text())
        return int(status.get("activeJobs", status.get("active_jobs", 0)))


async def wait_idle(worker: Worker, *, timeout_s: float) -> float:
    began = time.monotonic()
    async with asyncio.timeout(timeout_s):
        while await active_jobs(worker):
            await asyncio.sleep(0.1)
    return time.monotonic() - began


async def test_when_the_caller_hangs_up_the_job_ends(call, engines, worker: Worker) -> None:
    await wait_idle(worker, timeout_s=20)  # calls of other tests that wait for their caller
    async with call() as caller:
        assert await active_jobs(worker) == 1
        assert caller.agent is not None
    await wait_idle(worker, timeout_s=15)


async def test_when_the_room_is_deleted_caller_and_job_leave(
    call, engines, worker: Worker, livekit: LiveKitProcess
) -> None:
    room = f"room-{secrets.token_hex(4)}"
    with pytest.RaisesGroup(CallLost):
        async with call(room=room):
            async with api.LiveKitAPI(
                livekit.url.replace("ws", "http", 1), livekit.api_key, livekit.api_secret
            ) as lk:
                await lk.room.delete_room(api.DeleteRoomRequest(room=room))
            await asyncio.sleep(10)
    await wait_idle(worker, timeout_s=15)


async def test_when_the_callers_program_is_killed_the_job_ends(
    engines, worker: Worker, livekit: LiveKitProcess
) -> None:
    room = f"room-{secrets.token_hex(4)}"
    tab = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED_TAB, livekit.url, livekit.token(room, "tab"),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert tab.stdout is not None
    assert (await asyncio.wait_for(tab.stdout.readline(), 30)).strip() == b"joined"
    tab.kill()
    await tab.wait()
    # livekit-server waits about 20 s for the lost connection to come back.
    await wait_idle(worker, timeout_s=60)


async def test_a_worker_told_to_stop_finishes_its_call_and_takes_no_new_one(
    engines: OpenAIStandIn,
    start_worker: Callable[..., ExitStack],
    tmp_path: Path,
) -> None:
    engines.reply = lambda messages: "Still here."
    async with run_livekit(livekit_binary(), tmp_path) as livekit:
        with start_worker(
            OPENAI_BASE_URL=engines.url,
            LIVEKIT_URL=livekit.url,
            LIVEKIT_API_KEY=livekit.api_key,
            LIVEKIT_API_SECRET=livekit.api_secret,
        ) as stack:
            program = stack.worker.program  # type: ignore[attr-defined]
            async with join(livekit.url, livekit.token("first", "caller")) as caller:
                await caller.wait_for_agent()
                await caller.hearing.wait_for_sound(after=caller.hearing.began)
                await caller.hearing.wait_for_silence(lasting_s=0.8)
                program.popen.send_signal(signal.SIGTERM)
                await asyncio.to_thread(program.wait_line, "draining worker")
                async with join(livekit.url, livekit.token("second", "late")) as late:
                    assert await answered(late, within_s=2) is False
                await caller.type("Are you still there?")
                await caller.wait_until(lambda: len(caller.log.turns) == 1)
                assert program.popen.poll() is None
            async with asyncio.timeout(30):
                while program.popen.poll() is None:
                    await asyncio.sleep(0.1)
            assert program.popen.returncode == 0


async def answered(caller: Caller, *, within_s: float) -> bool:
    try:
        await caller.wait_for_agent(timeout_s=within_s)
    except NoAgentError:
        return False
    return True
