"""An agent comes: real livekit-server, a worker whose answers are scripted."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from livekit import api, rtc

from rejoinder.web import dispatch
from rejoinder.web.dispatch import LISTED_S, DispatchWatch
from testbed.livekit_process import LiveKitProcess
from testbed.waiting import PATIENCE_S
from tests.fakes.scripted_worker import ScriptedWorker
from tests.protocol.web.conftest import Site


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge a dispatch at once; right where no worker accepts a job and is slow to start."""
    monkeypatch.setattr(dispatch, "LISTED_S", 0.0)


def worker(server: LiveKitProcess, **script: object) -> ScriptedWorker:
    return ScriptedWorker(server.url, server.api_key, server.api_secret, **script)  # type: ignore[arg-type]


@asynccontextmanager
async def caller(http: aiohttp.ClientSession, body: object = None) -> AsyncIterator[rtc.Room]:
    """Ask for a token and join with it."""
    async with http.post("api/token", json=body or {}) as answer:
        assert answer.status == 201
        ticket = await answer.json()
    room = rtc.Room()
    await room.connect(ticket["server_url"], ticket["participant_token"])
    try:
        yield room
    finally:
        await room.disconnect()


@asynccontextmanager
async def watching(
    server: LiveKitProcess, *, wait_s: float = 0.2, token_ttl_s: float = 30.0
) -> AsyncIterator[tuple[DispatchWatch, api.LiveKitAPI]]:
    async with api.LiveKitAPI(server.url, server.api_key, server.api_secret) as lkapi:
        watch = DispatchWatch(lkapi, agent_name="", wait_s=wait_s, token_ttl_s=token_ttl_s)
        await watch.start()
        try:
            yield watch, lkapi
        finally:
            await watch.aclose()
            await watch.aclose()


async def state(http: aiohttp.ClientSession, room: rtc.Room) -> dict[str, object]:
    async with http.get(f"api/rooms/{room.name}/agent") as answer:
        assert answer.status == 200
        said: dict[str, object] = await answer.json()
        return said


async def until(http: aiohttp.ClientSession, room: rtc.Room, wanted: str) -> dict[str, object]:
    async with asyncio.timeout(PATIENCE_S):
        while (said := await state(http, room))["state"] != wanted:
            await asyncio.sleep(0.02)
        return said


async def agents(server: LiveKitProcess, room: rtc.Room) -> int:
    """How many agents the server sees; a caller's client learns of them later."""
    async with api.LiveKitAPI(server.url, server.api_key, server.api_secret) as lkapi:
        there = await lkapi.room.list_participants(api.ListParticipantsRequest(room=room.name))
    return sum(p.kind == api.ParticipantInfo.Kind.AGENT for p in there.participants)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("agent_name", ["", "voice"])
async def test_a_dispatch_that_a_busy_worker_refused_is_made_again(
    site: Site, livekit: LiveKitProcess, agent_name: str
) -> None:
    busy_once = worker(livekit, agent_name=agent_name, answers=[False])
    asked = {"room_config": {"agents": [{"agent_name": agent_name, "metadata": "m"}]}}
    async with (
        busy_once.run(),
        site(livekit, agent_name=agent_name, agent_wait_s=1.5) as http,
        caller(http, asked) as room,
    ):
        assert await until(http, room, "joined") == {"state": "joined", "dispatches": 2}
        assert [job.metadata for job in busy_once.offered] == ["m", "m"]
        assert await agents(livekit, room) == 1


@pytest.mark.usefixtures("quick")
async def test_an_agent_that_comes_at_once_is_not_dispatched_again(
    site: Site, livekit: LiveKitProcess
) -> None:
    prompt = worker(livekit)
    async with (
        prompt.run(),
        site(livekit, agent_wait_s=3.0) as http,
        caller(http) as room,
    ):
        assert await until(http, room, "joined") == {"state": "joined", "dispatches": 1}
        await asyncio.sleep(3.3)
        assert len(prompt.offered) == await agents(livekit, room) == 1


async def test_a_worker_that_accepted_is_waited_for_but_not_for_ever(
    site: Site, livekit: LiveKitProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = worker(livekit, starts_s=[LISTED_S + 1.5, 3600.0])
    async with slow.run():
        async with site(livekit, agent_wait_s=0.5) as http, caller(http) as room:
            assert await until(http, room, "joined") == {"state": "joined", "dispatches": 1}
            assert len(slow.offered) == await agents(livekit, room) == 1
        # From now on, for a minute, the server lists an accepted job at once.
        monkeypatch.setattr(dispatch, "LISTED_S", 0.0)
        monkeypatch.setattr(dispatch, "STARTING_S", 0.3)
        async with site(livekit, agent_wait_s=0.5) as http, caller(http) as room:
            assert await until(http, room, "joined") == {"state": "joined", "dispatches": 2}
            assert slow.ended == [slow.offered[1].id]
            assert await agents(livekit, room) == 1


@pytest.mark.usefixtures("quick")
async def test_without_a_worker_it_gives_up_after_a_few_dispatches(
    site: Site, livekit: LiveKitProcess, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(livekit, agent_wait_s=0.1) as http, caller(http) as room:
        assert (await state(http, room))["state"] == "waiting"
        said = await until(http, room, "absent")
    assert said == {"state": "absent", "dispatches": dispatch.MAX_DISPATCHES}
    assert "no agent joined" in caplog.text


@pytest.mark.usefixtures("quick")
async def test_a_worker_that_registers_late_still_gets_the_call(
    site: Site, livekit: LiveKitProcess
) -> None:
    late = worker(livekit)
    async with site(livekit, agent_wait_s=0.5) as http, caller(http) as room:
        async with asyncio.timeout(5):
            while (await state(http, room))["dispatches"] == 1:
                await asyncio.sleep(0.02)
        async with late.run():
            await until(http, room, "joined")
            assert await agents(livekit, room) == 1


async def test_a_room_that_nobody_joins_is_neither_created_nor_kept(
    livekit: LiveKitProcess,
) -> None:
    async with watching(livekit, token_ttl_s=0.4) as (watch, lkapi):
        watch.watch("nobody")
        assert watch.state("nobody") is not None
        async with asyncio.timeout(3):
            while watch.state("nobody") is not None:
                await asyncio.sleep(0.05)
        assert not (await lkapi.room.list_rooms(api.ListRoomsRequest())).rooms


@pytest.mark.usefixtures("quick")
async def test_the_watch_ends_when_the_room_closes(livekit: LiveKitProcess) -> None:
    async with watching(livekit, wait_s=5.0) as (watch, lkapi):
        watch.watch("closing")
        room = rtc.Room()
        await room.connect(livekit.url, livekit.token("closing", "caller"))
        await asyncio.sleep(1.5)
        assert (known := watch.state("closing")) is not None
        assert known.state == "waiting"
        await room.disconnect()
        await lkapi.room.delete_room(api.DeleteRoomRequest(room="closing"))
        async with asyncio.timeout(5):
            while watch.state("closing") is not None:
                await asyncio.sleep(0.05)


@pytest.mark.usefixtures("quick")
async def test_a_caller_who_comes_back_is_still_watched_over(livekit: LiveKitProcess) -> None:
    async with watching(livekit, wait_s=0.8) as (watch, _):
        watch.watch("again")
        for visit in range(2):
            room = rtc.Room()
            await room.connect(livekit.url, livekit.token("again", f"caller-{visit}"))
            await asyncio.sleep(0.5)
            if visit == 0:
                await room.disconnect()
                await asyncio.sleep(0.5)
        async with worker(livekit).run():
            async with asyncio.timeout(8):
                while (known := watch.state("again")) is None or known.state != "joined":
                    await asyncio.sleep(0.05)
        await room.disconnect()


async def test_a_livekit_server_that_is_away_is_logged_once_and_survived(
    site: Site, no_livekit: LiveKitProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="rejoinder")
    async with site(no_livekit, agent_wait_s=0.1) as http:
        async with http.post("api/token", json={}) as answer:
            name = (await answer.json())["room_name"]
        await asyncio.sleep(1.0)
        async with http.get(f"api/rooms/{name}/agent") as answer:
            assert (await answer.json())["state"] == "waiting"
    assert caplog.text.count("livekit-server refused") == 1


async def test_the_number_of_watched_rooms_is_bounded(
    no_livekit: LiveKitProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MAX_ROOMS", 3)
    async with watching(no_livekit) as (watch, _):
        before = len(asyncio.all_tasks())
        for n in range(5):
            watch.watch(f"room-{n}")
            await asyncio.sleep(0)
        kept = [n for n in range(5) if watch.state(f"room-{n}") is not None]
        await asyncio.sleep(0.05)
        assert kept == [2, 3, 4]
        assert len(asyncio.all_tasks()) - before == 3


async def test_a_room_without_a_token_is_unknown(site: Site, no_livekit: LiveKitProcess) -> None:
    async with site(no_livekit) as http, http.get("api/rooms/never/agent") as answer:
        assert answer.status == 404
        assert "no token" in (await answer.json())["error"]
