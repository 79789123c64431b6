"""The copy of a call's history in a real redis."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from agent.errors import ConfigError
from agent.survival.history import Memory, Message, Seal
from agent.survival.history_copy import KEPT_S, HistoryCopy, client, ping
from agent.tasks import CallTasks
from testbed.programs import Background
from testbed.redis_process import run_redis
from tests.conftest import require

ROOM = "call-_+15105550100_x"
SEAL = Seal(secret="s" * 40, room=ROOM)
MEMORY = Memory("ann of bath", (Message("user", "My name is Ann."),), "guide")
NOWHERE = SecretStr("redis://127.0.0.1:9")
PATIENCE_S = 30.0

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def redis_server() -> Iterator[str]:
    binary = require("redis-server", "apt-get install redis-server, or brew install redis")
    background = Background()
    running = run_redis(binary)
    yield background.run(running.__aenter__())
    background.run(running.__aexit__(None, None, None))
    background.close()


@pytest.fixture
async def redis(redis_server: str) -> AsyncIterator[Redis]:
    """Whoever looks into it, which is empty."""
    async with Redis.from_url(f"redis://{redis_server}") as client:
        await client.flushall()
        yield client


def address(redis: Redis) -> SecretStr:
    at = redis.connection_pool.connection_kwargs
    return SecretStr(f"redis://{at['host']}:{at['port']}")


@asynccontextmanager
async def job(
    url: SecretStr | None, name: str, *, seal: Seal | None = SEAL, over: bool = False
) -> AsyncIterator[HistoryCopy]:
    """One job of the agent; `over`: the call ends with it."""
    async with CallTasks() as tasks:
        copy = HistoryCopy(url, seal, agent="a", job=name)
        tasks.carry(copy.run, name="copy", lost=lambda: pytest.fail("lost"))
        yield copy
        await copy.aclose(over=over)


async def kept(redis: Redis, sealed: str) -> None:
    """Wait until it is there."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for key in await redis.keys():
                if await redis.hget(key, "history") == sealed.encode():
                    return
            await asyncio.sleep(0.01)


async def test_the_next_job_is_told_what_the_one_before_it_has_kept(redis: Redis) -> None:
    sealed = SEAL.close(MEMORY)
    async with job(address(redis), "AJ_1") as first:
        assert await first.left() is None
        first.keep(sealed)
        await kept(redis, sealed)
    async with job(address(redis), "AJ_2") as second:
        assert await second.left() == MEMORY
    foreign = Seal(secret="s" * 40, room="another")
    async with job(address(redis), "AJ_3", seal=foreign) as third:
        assert await third.left() is None


async def test_who_reads_redis_learns_nothing_and_it_is_not_kept_for_long(redis: Redis) -> None:
    sealed = SEAL.close(MEMORY)
    async with job(address(redis), "AJ_1") as first:
        first.keep(sealed)
        await kept(redis, sealed)
        (key,) = await redis.keys()
        shown = key + b"".join(b"".join(pair) for pair in (await redis.hgetall(key)).items())
        for secret in (b"Ann", b"bath", b"guide", b"5550100", b"call-"):
            assert secret not in shown
        assert KEPT_S - 5 <= await redis.ttl(key) <= KEPT_S


async def test_it_is_deleted_when_the_call_is_over(redis: Redis) -> None:
    sealed = SEAL.close(MEMORY)
    async with job(address(redis), "AJ_1", over=True) as first:
        first.keep(sealed)
        await kept(redis, sealed)
    first.keep(SEAL.close(MEMORY))  # what the session still tells
    assert await redis.keys() == []


async def test_but_not_what_a_job_that_took_over_has_written(redis: Redis) -> None:
    before, after = SEAL.close(MEMORY), SEAL.close(Memory("ann of bath", ()))
    async with job(address(redis), "AJ_1", over=True) as first:
        first.keep(before)
        await kept(redis, before)
        async with job(address(redis), "AJ_2") as second:
            second.keep(after)
            await kept(redis, after)
    await kept(redis, after)


async def test_what_was_kept_last_is_what_is_there(redis: Redis) -> None:
    all_sealed = [SEAL.close(Memory(str(n), ())) for n in range(20)]
    async with job(address(redis), "AJ_1") as first:
        for sealed in all_sealed:
            first.keep(sealed)
            await asyncio.sleep(0)
        await kept(redis, all_sealed[-1])


async def test_a_redis_that_is_started_again_has_it_again(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.survival.history_copy._RENEWED_S", 0.1)
    sealed = SEAL.close(MEMORY)
    async with job(address(redis), "AJ_1") as first:
        first.keep(sealed)
        await kept(redis, sealed)
        await redis.flushall()
        await redis.client_kill_filter(skipme=True)
        await kept(redis, sealed)


async def test_a_redis_that_is_not_there_holds_nobody_up_and_is_logged_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.survival.history_copy._AGAIN_S", 0.01)
    async with job(NOWHERE, "AJ_1", over=True) as first:
        assert await first.left() is None
        first.keep(SEAL.close(MEMORY))
        await asyncio.sleep(0.2)
    told = [record.message for record in caplog.records if record.name.startswith("agent.")]
    assert told == [
        "redis does not keep the history of this call; the room does",
        "redis did not delete the copy of a history: it is gone within a minute",
    ]
    assert "127.0.0.1" not in caplog.text


async def test_one_that_answers_nobody_holds_nobody_up() -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent, job(SecretStr(f"redis://127.0.0.1:{port}"), "AJ_1") as first:
        assert await first.left() is None


@pytest.mark.parametrize("url", [None, NOWHERE], ids=["no-address", "no-seal"])
async def test_without_an_address_or_a_seal_nothing_is_kept(url: SecretStr | None) -> None:
    async with job(url, "AJ_1", seal=None if url else SEAL, over=True) as first:
        assert await first.left() is None
        first.keep("anything")


async def test_the_check_says_whether_it_answers(redis: Redis) -> None:
    assert await ping(address(redis)) == "redis answers"
    with pytest.raises(ConfigError, match="no redis answers there"):
        await ping(NOWHERE)


@pytest.mark.parametrize("url", ["", "here", "http://127.0.0.1", "redis://127.0.0.1:port"])
def test_an_address_that_is_none_is_told_without_it(url: str) -> None:
    with pytest.raises(ConfigError, match="AGENT_HISTORY_URL must be redis://") as raised:
        client(SecretStr(url))
    assert raised.value.__suppress_context__


async def test_without_the_package_the_check_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ConfigError, match="needs the package redis"):
        await ping(NOWHERE)
