"""What a process makes of lists of engines: whose words they are, and that all is closed."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from livekit.agents import APIConnectOptions, llm

from agent.call.line_ups import check_recognisers
from agent.call.parts import Parts, load_parts
from agent.costs.bill import bill_of
from agent.costs.prices import Prices
from agent.errors import ConfigError
from agent.llm.metered import MeteredLLM
from agent.llm.reply_filter import Habit
from agent.remote.hedging import Pace
from agent.settings import load as settings
from agent.settings.engines import Stage
from agent.settings.load import Settings
from agent.stt.metered import MeteredSpeechToText
from agent.stt.probing import probe_tone
from agent.tts.metered import MeteredSpeech
from tests.fakes.line_up import Servers, two_servers

ONCE = APIConnectOptions(max_retry=0, timeout=9.0)
_LISTS = count()
SINGLE = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "STT_HEDGE": "on"}


@pytest.fixture
async def servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Servers]:
    monkeypatch.chdir(tmp_path)
    async with two_servers() as servers:
        yield servers


async def lists(servers: Servers) -> Settings:
    """Two engines for each stage, `near` first. This process has not learned anything of them."""
    number = next(_LISTS)
    environ = {}
    for stage in ("STT", "LLM", "TTS"):
        near, far = f"near{number}", f"far{number}"
        environ |= {
            f"{stage}_ENGINE": f"openai:{near},openai:{far}",
            f"{stage}_{near.upper()}_URL": servers.proxy.url,
            f"{stage}_{far.upper()}_URL": servers.far.url,
            f"{stage}_{far.upper()}_MODEL": "spare",
        }
    return await asyncio.to_thread(settings.load, environ=environ)


async def loaded(chosen: Settings) -> Parts:
    return await asyncio.to_thread(load_parts, chosen)


async def use(parts: Parts) -> None:
    """One request of each stage."""
    chat = llm.ChatContext.empty()
    chat.add_message(role="user", content="Well?")
    await parts.stt.recognize(probe_tone(), conn_options=ONCE)
    async with parts.llm.chat(chat_ctx=chat) as reply:
        async for _ in reply:
            pass
    async with parts.tts.synthesize("one two") as speech:
        async for _ in speech:
            pass


async def test_a_single_engine_has_a_meter_around_it_and_nothing_else(servers: Servers) -> None:
    parts = await loaded(await asyncio.to_thread(settings.load, environ=SINGLE))
    assert isinstance(parts.stt, MeteredSpeechToText)
    assert isinstance(parts.llm, MeteredLLM)
    assert isinstance(parts.tts, MeteredSpeech)
    metered = (parts.stt, parts.llm, parts.tts)
    kinds = [type(meter.engine).__module__ for meter in metered]
    assert kinds == [
        "agent.stt.openai.engine", "agent.llm.openai.engine", "agent.tts.served.voice",
    ]  # fmt: skip
    assert type(parts.stt_pace) is Pace
    assert type(parts.llm_habit) is Habit
    assert parts.labels()["rejoinder.stt"] == "openai · whisper-1"
    await parts.aclose()


async def test_what_is_used_is_told_of_the_engine_that_was_asked_for_it(servers: Servers) -> None:
    parts = await loaded(await lists(servers))
    await use(parts)
    await servers.proxy.die()
    await use(parts)
    lines = bill_of(parts.meter, Prices()).lines
    assert [(line.place.stage, line.place.position) for line in lines] == [
        (stage, position) for stage in ("stt", "llm", "tts") for position in (1, 2)
    ]
    assert all(line.price == "own" for line in lines), "they run on this machine"
    assert [(line.used.requests, line.failed) for line in lines] == [(1, 1), (1, 0)] * 3
    heard, replied, said = (
        [line.used for line in lines if line.place.stage == stage]
        for stage in ("stt", "llm", "tts")
    )
    assert [used.seconds for used in heard] == [probe_tone().duration] * 2
    assert all(used.prompt_tokens and used.completion_tokens for used in replied)
    assert [used.characters for used in said] == [len("one two")] * 2
    await parts.aclose()


async def test_labels_name_who_answered_and_each_change_is_told_once(
    servers: Servers,
) -> None:
    parts = await loaded(await lists(servers))
    told: list[tuple[Stage, bool]] = []
    parts.watch(lambda stage, first: told.append((stage, first)))
    await use(parts)
    assert told == []
    assert [label.split(":")[1][:4] for label in parts.labels().values()] == ["near"] * 3
    await servers.proxy.die()
    await use(parts)
    await use(parts)
    assert told == [("stt", False), ("llm", False), ("tts", False)]
    assert all(label.endswith(" · spare") for label in parts.labels().values())
    assert all(label.startswith("openai:far") for label in parts.labels().values())
    await parts.aclose()


async def test_another_call_of_the_worker_does_not_ask_what_was_found_dead(
    servers: Servers,
) -> None:
    chosen = await lists(servers)
    first, second = await loaded(chosen), await loaded(chosen)
    servers.near.stt.status = servers.near.llm.status = servers.near.tts.status = 503
    await use(first)
    await use(second)
    assert [request.route for request in servers.near.requests] == ["stt", "llm", "tts"]
    await first.aclose()
    await second.aclose()


async def test_closed_no_connection_is_left_at_the_servers(
    servers: Servers,
) -> None:
    parts = await loaded(await lists(servers))
    await use(parts)
    servers.near.stt.status = servers.near.llm.status = servers.near.tts.status = 503
    await use(parts)
    assert servers.near.connections
    assert servers.far.connections
    await parts.aclose()
    async with asyncio.timeout(5):
        while servers.near.connections or servers.far.connections:
            await asyncio.sleep(0.01)


async def test_a_list_that_ends_with_an_embedded_engine_always_answers(
    servers: Servers,
) -> None:
    number = next(_LISTS)
    embedded = {"STT": "whisper", "LLM": "handbook", "TTS": "espeak"}
    await servers.proxy.die()
    environ = {f"{stage}_ENGINE": f"openai:gone{number},{e}" for stage, e in embedded.items()}
    environ |= {f"{stage}_GONE{number}_URL": servers.proxy.url for stage in embedded}
    parts = await loaded(await asyncio.to_thread(settings.load, environ=environ))
    await use(parts)
    assert [label.split(" ")[0] for label in parts.labels().values()] == [*embedded.values()]
    await parts.aclose()


STREAMS = "funasr"


@pytest.mark.parametrize(
    ("engines", "fits"),
    [
        (f"{STREAMS}:a,whisper", True),
        (f"{STREAMS}:a,{STREAMS}:b,openai", True),
        (f"{STREAMS}:a", True),
        (f"openai,{STREAMS}:a", False),
    ],
)
def test_a_recogniser_that_only_streams_stands_behind_none_that_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, engines: str, fits: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"STT_ENGINE": engines, "STT_A_URL": "ws://a"}
    if ":b" in engines:
        environ["STT_B_URL"] = "ws://b"
    chosen = settings.load(environ=environ).stt
    if fits:
        check_recognisers(chosen)
    else:
        with pytest.raises(ConfigError, match=f"{STREAMS}:a only streams"):
            check_recognisers(chosen)
