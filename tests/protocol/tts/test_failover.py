"""A list of voices, of which the first refuses, hangs, dies in mid-sentence and comes back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from livekit.agents import APIConnectionError

from agent.tts.failover import FailoverSpeech
from agent.tts.openai import engine as openai
from tests.fakes.line_up import Servers, two_servers
from tests.protocol.tts.contract import audio

TEXT = "zero ones twos tree four five sixs seve eigh nine"
WORDS = TEXT.split()
"""All of one length, as their tones are."""


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    async with two_servers() as servers:
        yield servers


@pytest.fixture
async def engine(servers: Servers) -> AsyncIterator[FailoverSpeech]:
    engine = FailoverSpeech(servers.line_up(openai, stall_s=0.8))
    yield engine
    await engine.aclose()


async def spoken(servers: Servers, engine: FailoverSpeech) -> list[str]:
    pcm, rate_hz = await audio(engine, TEXT)
    return [word for word, _, _ in servers.far.heard_words(pcm, rate_hz=rate_hz)]


async def test_the_first_choice_speaks_and_the_other_is_left_alone(
    servers: Servers, engine: FailoverSpeech
) -> None:
    assert await spoken(servers, engine) == WORDS
    assert servers.asked == (1, 0)
    assert engine.provider == servers.proxy.url.split("/")[2]


async def test_another_engine_of_the_list_may_lead_in_a_call(
    servers: Servers, engine: FailoverSpeech
) -> None:
    first, second = (member.label for member in engine.line_up.members)
    led = engine.led_by(second)
    assert led is not None
    assert await spoken(servers, led) == WORDS
    assert servers.asked == (0, 1)
    other = led.with_voice("nova", speed=1.0)
    assert await spoken(servers, other) == [f"nova:{word}" for word in WORDS]
    assert servers.asked == (0, 2)
    # The list itself, and so every other call, is as it was.
    assert await spoken(servers, engine) == WORDS
    assert servers.asked == (1, 2)
    assert engine.led_by(first) is not None
    assert engine.led_by("nobody") is None


async def test_one_that_refuses_connections_is_asked_once_and_again_when_it_is_back(
    servers: Servers, engine: FailoverSpeech
) -> None:
    await servers.proxy.die()
    assert [await spoken(servers, engine) for _ in range(2)] == [WORDS] * 2
    assert servers.asked == (0, 2)
    assert engine.provider == servers.far.url.split("/")[2]
    await servers.proxy.come_back()
    async with asyncio.timeout(5):
        while engine.line_up.waiting()[0] is not engine.line_up.members[0]:
            await asyncio.sleep(0.02)
    assert await spoken(servers, engine) == WORDS
    assert servers.asked == (2, 2)


@pytest.mark.parametrize("fault", ["hangs", "503", "sends nothing"])
async def test_what_it_does_not_begin_is_said_by_the_next(
    servers: Servers, engine: FailoverSpeech, fault: str
) -> None:
    how = servers.near.tts
    match fault:
        case "hangs":
            how.first_byte_s = 60.0
        case "503":
            how.status = 503
        case _:
            how.cut_after = 0
    assert await spoken(servers, engine) == WORDS
    assert await spoken(servers, engine) == WORDS
    assert len(servers.far.requests) == 2


@pytest.mark.parametrize("fault", ["breaks off", "stands still"])
@pytest.mark.parametrize("pieces", [14, 27, 41])
async def test_what_breaks_off_is_said_on_from_there_and_no_word_is_lost(
    servers: Servers, engine: FailoverSpeech, fault: str, pieces: int
) -> None:
    assert await spoken(servers, engine) == WORDS
    if fault == "breaks off":
        servers.near.tts.cut_after = pieces
    else:
        servers.near.tts.stall_after = pieces
    heard = await spoken(servers, engine)
    [rest] = [request.body["input"] for request in servers.far.requests]
    assert TEXT.endswith(rest)
    assert len(rest) < len(TEXT)
    # The word in which it broke may be begun twice, and what the framework had not passed on.
    assert heard[-len(rest.split()) :] == rest.split()
    assert heard[: len(WORDS) - len(rest.split())] == WORDS[: len(WORDS) - len(rest.split())]
    assert len(heard) <= len(WORDS) + 2
    assert await spoken(servers, engine) == WORDS
    assert len(servers.far.requests) == 2


async def test_when_none_speaks_the_text_fails(servers: Servers, engine: FailoverSpeech) -> None:
    await servers.proxy.die()
    servers.far.tts.status = 503
    with pytest.raises(APIConnectionError):
        await spoken(servers, engine)


async def test_a_text_that_is_closed_is_ended_at_the_server_and_tells_nothing(
    servers: Servers, engine: FailoverSpeech
) -> None:
    servers.near.tts.between_s = 0.1
    async with engine.synthesize(TEXT) as stream:
        await anext(stream)
    async with asyncio.timeout(5):
        while servers.near.requests[0].outcome != "cancelled":
            await asyncio.sleep(0.01)
    servers.near.tts.between_s = 0.0
    assert await spoken(servers, engine) == WORDS
    assert servers.far.requests == []


async def test_another_voice_is_the_first_engines_and_closing_it_leaves_the_engines_open(
    servers: Servers, engine: FailoverSpeech
) -> None:
    other = engine.with_voice("sky", speed=1.25)
    assert await spoken(servers, other) == [f"sky:{word}" for word in WORDS]
    await servers.proxy.die()
    assert await spoken(servers, other) == WORDS
    asked = [servers.near.requests[0].body, servers.far.requests[0].body]
    assert [(body["voice"], body["speed"]) for body in asked] == [("sky", 1.25), ("alloy", 1.25)]
    await other.aclose()
    assert await spoken(servers, engine) == WORDS
