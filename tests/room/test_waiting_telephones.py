"""Telephones and a worker with one place: full, free again, its job killed, or in vain."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager

import pytest
from livekit import api

from agent.telephone import NUMBER, STATUS
from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from testbed.waiting import PATIENCE_S
from tests.room.conftest import Worker
from tests.room.test_killed_jobs import BACK, job_of
from tests.room.test_leaving import wait_idle

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

NAME = "one-place"


@pytest.fixture(scope="module")
def one_place(
    standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack]
) -> Iterator[Worker]:
    with start_worker(
        OPENAI_BASE_URL=standing_in.url, AGENT_NAME=NAME, AGENT_MAX_CALLS="1"
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


@asynccontextmanager
async def ringing(livekit: LiveKitProcess) -> AsyncIterator[Caller]:
    """A telephone in a room of its own, to which the agent is called."""
    token = livekit.token(
        f"phone-{secrets.token_hex(4)}",
        "sip_caller",
        phone=True,
        attributes={STATUS: "ringing", NUMBER: "+15550199"},
        dispatch=NAME,
    )
    async with join(livekit.url, token) as caller:
        yield caller


def jobs(worker: Worker) -> int:
    """How many the worker was offered and has taken so far."""
    return worker.program.log.read_text(errors="replace").count("received job request")


async def test_who_rings_while_all_are_busy_is_answered_when_somebody_hangs_up(
    livekit: LiveKitProcess, one_place: Worker, engines: OpenAIStandIn
) -> None:
    taken = jobs(one_place)
    async with AsyncExitStack() as first:
        caller = await first.enter_async_context(ringing(livekit))
        await caller.wait_for_agent(timeout_s=PATIENCE_S)
        async with ringing(livekit) as second:
            await asyncio.sleep(2)
            assert jobs(one_place) == taken + 1  # the second call's was refused, and dropped
            await first.aclose()
            await second.wait_for_agent(timeout_s=PATIENCE_S)


async def test_the_only_place_is_taken_again_by_the_call_of_a_job_that_was_killed(
    livekit: LiveKitProcess, one_place: Worker, engines: OpenAIStandIn
) -> None:
    await wait_idle(one_place, timeout_s=20)
    async with ringing(livekit) as caller:
        await caller.wait_for_agent(timeout_s=PATIENCE_S)
        await caller.hearing.wait_for_sound(after=caller.hearing.began)
        await caller.hearing.wait_for_silence(lasting_s=0.8)
        before = len(caller.log.captions)
        os.kill(job_of(caller, one_place), signal.SIGKILL)
        await caller.wait_until(lambda: len(caller.log.captions) > before, timeout_s=PATIENCE_S)
        await caller.wait_until(lambda: caller.log.captions[before].text.strip() == BACK)


async def test_who_rings_off_at_once_leaves_no_job_behind(
    livekit: LiveKitProcess, one_place: Worker, lkapi: api.LiveKitAPI
) -> None:
    await wait_idle(one_place, timeout_s=20)
    taken, room = jobs(one_place), f"phone-{secrets.token_hex(4)}"
    # The room closes while the job is on its way, as that of a telephone soon does; the server
    # would keep the one that the job makes by joining for minutes.
    while jobs(one_place) == taken:  # the server may still take the worker for full
        await lkapi.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name=NAME, room=room)
        )
        await lkapi.room.delete_room(api.DeleteRoomRequest(room=room))
        await asyncio.sleep(0.5)
    await wait_idle(one_place, timeout_s=20)
