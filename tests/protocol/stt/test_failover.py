"""A list of recognisers, of which the first refuses, hangs, dies and comes back."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError

from agent.audio import pcm
from agent.remote import http_client
from agent.stt.failover import FailoverSpeechToText
from agent.stt.openai import engine as openai
from tests.fakes.line_up import Servers, two_servers

ONCE = APIConnectOptions(max_retry=0, timeout=9.0)
TONE = np.sin(np.arange(8000) / 8).astype(np.float32) / 4


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    async with two_servers() as servers:
        servers.near.transcribe = lambda request: "near"
        servers.far.transcribe = lambda request: "far"
        yield servers


@pytest.fixture
async def engine(servers: Servers) -> AsyncIterator[FailoverSpeechToText]:
    engine = FailoverSpeechToText(servers.line_up(openai))
    yield engine
    await engine.aclose()


def frame() -> rtc.AudioFrame:
    return pcm.to_frame(TONE, rate_hz=16000)


async def heard(engine: FailoverSpeechToText) -> str:
    event = await engine.recognize(frame(), conn_options=ONCE)
    return event.alternatives[0].text


async def healthy(engine: FailoverSpeechToText) -> None:
    async with asyncio.timeout(5):
        while engine.line_up.waiting()[0] is not engine.line_up.members[0]:
            await asyncio.sleep(0.02)


async def test_the_first_choice_answers_and_the_other_is_left_alone(
    servers: Servers, engine: FailoverSpeechToText
) -> None:
    assert [await heard(engine) for _ in range(2)] == ["near", "near"]
    assert servers.asked == (2, 0)
    assert engine.provider == servers.proxy.url.split("/")[2]


async def test_whether_requests_can_be_cancelled_is_that_of_whom_is_asked_now(
    servers: Servers, engine: FailoverSpeechToText, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.cancels
    first = engine.line_up.members[0].engine
    monkeypatch.setattr(first, "cancels", False, raising=False)
    assert not engine.cancels
    await servers.proxy.die()
    assert await heard(engine) == "far"
    assert engine.cancels


async def test_one_that_refuses_connections_is_asked_once_and_again_when_it_is_back(
    servers: Servers, engine: FailoverSpeechToText
) -> None:
    await servers.proxy.die()
    assert [await heard(engine) for _ in range(3)] == ["far"] * 3
    assert servers.asked == (0, 3)
    assert engine.provider == servers.far.url.split("/")[2]
    await servers.proxy.come_back()
    await healthy(engine)
    assert len(servers.near.requests) == 1  # the probe
    assert await heard(engine) == "near"


async def test_one_that_hangs_costs_one_time_out_and_its_request_is_ended(
    servers: Servers, engine: FailoverSpeechToText
) -> None:
    servers.near.stt.first_byte_s = 60.0
    assert await heard(engine) == "far"
    [hanging] = servers.near.requests
    async with asyncio.timeout(5):
        while hanging.outcome != "cancelled":
            await asyncio.sleep(0.01)
    assert await heard(engine) == "far"
    assert len(servers.far.requests) == 2


async def test_one_whose_machine_is_gone_is_given_up_before_its_time_out(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "CONNECT_S", 0.3)
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # nobody accepts: the next ones get no answer at all
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        gone = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        line_up = servers.line_up(openai, near_url=gone, timeout_s=60.0)
        async with FailoverSpeechToText(line_up) as engine:
            assert await heard(engine) == "far"


async def test_what_waits_for_one_that_died_goes_on_to_the_next(
    servers: Servers, engine: FailoverSpeechToText
) -> None:
    servers.near.stt.first_byte_s = 60.0
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(heard(engine)) for _ in range(3)]
        while len(servers.near.requests) < 3:
            await asyncio.sleep(0.01)
        await servers.proxy.die()
    assert [task.result() for task in waiting] == ["far"] * 3


async def test_found_dead_by_one_utterance_it_is_waited_for_by_no_other(
    servers: Servers,
) -> None:
    line_up = servers.line_up(openai, timeout_s=60.0)
    engine = FailoverSpeechToText(line_up)
    servers.near.stt.first_byte_s = 60.0
    async with engine, asyncio.TaskGroup() as group:
        waiting = group.create_task(heard(engine))
        while not servers.near.requests:
            await asyncio.sleep(0.01)
        servers.near.stt.first_byte_s, servers.near.stt.status = 0.0, 503
        assert await heard(engine) == "far"
        assert await waiting == "far"


async def test_a_refusal_of_the_utterance_is_not_held_against_it(
    servers: Servers, engine: FailoverSpeechToText
) -> None:
    servers.near.stt.status, servers.near.stt.failures = 400, 1
    assert [await heard(engine), await heard(engine)] == ["far", "near"]


async def test_when_none_answers_the_utterance_fails_and_the_first_that_works_is_found(
    servers: Servers, engine: FailoverSpeechToText
) -> None:
    await servers.proxy.die()
    servers.far.stt.status = 503
    with pytest.raises(APIConnectionError):
        await heard(engine)
    servers.far.stt.status = 200
    assert await heard(engine) == "far"


async def test_a_cancelled_utterance_is_ended_at_the_server_and_tells_nothing(
    servers: Servers, engine: FailoverSpeechToText
) -> None:
    servers.near.stt.first_byte_s = 60.0
    task = asyncio.create_task(heard(engine))
    while not servers.near.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})
    servers.near.stt.first_byte_s = 0.0
    assert await heard(engine) == "near"
    assert servers.near.requests[0].outcome == "cancelled"


async def test_closed_it_refuses_without_another_try_and_probes_no_more(
    servers: Servers, engine: FailoverSpeechToText
) -> None:
    await servers.proxy.die()
    assert await heard(engine) == "far"
    await servers.proxy.come_back()
    await engine.aclose()
    await engine.aclose()
    with pytest.raises(APIError) as caught:
        await heard(engine)
    assert not caught.value.retryable
    await asyncio.sleep(0.5)
    assert servers.near.requests == []
