"""An agent that is lost in a call is replaced: real livekit-server, scripted agents."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest
from livekit import api, rtc

from agent.room_protocol import BEAT
from agent.survival.pulse import BEAT_S, LOST_S, Beat
from agent.survival.rooms import call_another, look
from rejoinder.web.dispatch import DispatchWatch
from testbed.livekit_process import LiveKitProcess
from tests.fakes.scripted_worker import Scene, ScriptedWorker
from tests.protocol.web.test_dispatch_watch import watching

pytestmark = pytest.mark.timeout(40)


def beating(fake: ScriptedWorker, room: rtc.Room, beats: int | None = None) -> Awaitable[None]:
    """Live in the room; with `beats` the heart stops after so many."""

    async def scene() -> None:
        job = next(j for j in fake.offered if room.local_participant.identity == f"agent-{j.id}")
        number = 0
        while beats is None or number < beats:
            number += 1
            beat = str(Beat(str(number), job.dispatch_id))
            await room.local_participant.set_metadata(json.dumps({BEAT: beat}))
            await asyncio.sleep(BEAT_S)

    return scene()


def worker(server: LiveKitProcess, *first: Scene) -> ScriptedWorker:
    """Its first agents do as they are told, the others live."""
    left = iter(first)
    fake = ScriptedWorker(
        server.url,
        server.api_key,
        server.api_secret,
        scene=lambda room: next(left, lambda room: beating(fake, room))(room),
    )
    return fake


@asynccontextmanager
async def caller(server: LiveKitProcess, room: str) -> AsyncIterator[rtc.Room]:
    joined = rtc.Room()
    await joined.connect(server.url, server.token(room, "caller"))
    try:
        yield joined
    finally:
        await joined.disconnect()


async def until(watch: DispatchWatch, room: str, wanted: str, *, within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while (known := watch.state(room)) is None or known.state != wanted:
            await asyncio.sleep(0.02)


async def test_an_agent_whose_beat_stops_is_replaced_while_its_caller_waits(
    livekit: LiveKitProcess,
) -> None:
    fake = worker(livekit, lambda room: beating(fake, room, 2))
    async with (
        fake.run(),
        watching(livekit, wait_s=6.0) as (watch, _),
        caller(livekit, "stops"),
    ):
        watch.watch("stops", metadata="m")
        await until(watch, "stops", "joined")
        # Its last beat is a second after its first.
        await until(watch, "stops", "waiting", within_s=BEAT_S + LOST_S + 3.0)
        await until(watch, "stops", "joined", within_s=4.0)  # an ordinary dispatch takes 6 s
        await asyncio.sleep(LOST_S + 1.0)
        assert len(fake.offered) == 2


async def test_an_agent_that_leaves_its_caller_is_replaced_at_once(
    livekit: LiveKitProcess,
) -> None:
    async def leaves(room: rtc.Room) -> None:
        await beating(fake, room, 1)
        await room.disconnect()

    fake = worker(livekit, leaves)
    async with (
        fake.run(),
        watching(livekit, wait_s=6.0) as (watch, _),
        caller(livekit, "leaves"),
    ):
        watch.watch("leaves")
        await until(watch, "leaves", "joined")
        await until(watch, "leaves", "waiting", within_s=3.0)
        await until(watch, "leaves", "joined", within_s=3.0)


async def test_an_agent_that_lives_is_left_alone(livekit: LiveKitProcess) -> None:
    fake = worker(livekit)
    async with (
        fake.run(),
        watching(livekit, wait_s=6.0) as (watch, _),
        caller(livekit, "lives"),
    ):
        watch.watch("lives")
        await until(watch, "lives", "joined")
        await asyncio.sleep(LOST_S + 2.0)
        assert (known := watch.state("lives")) is not None
        assert known.state == "joined"
        assert len(fake.offered) == 1


async def test_two_who_find_the_same_agent_lost_call_one(livekit: LiveKitProcess) -> None:
    fake = worker(livekit)
    async with (
        fake.run(),
        caller(livekit, "both"),
        api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as lkapi,
    ):
        async with asyncio.timeout(10):
            while not (lost := await traces(lkapi, "both")):
                await asyncio.sleep(0.1)
        called = await asyncio.gather(
            *(call_another(lkapi, "both", agent_name="", lost=lost) for _ in range(3))
        )
        assert sorted(called) == [False, False, True]
        async with asyncio.timeout(5):
            while len(fake.offered) < 2:
                await asyncio.sleep(0.05)
        assert await call_another(lkapi, "both", agent_name="", lost=lost) is False


async def traces(lkapi: api.LiveKitAPI, room: str) -> set[str]:
    seen = await look(lkapi, room)
    return seen.traces([agent for agent, beat in seen.beats.items() if beat])
