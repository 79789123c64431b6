"""A real livekit-server that knows telephones, as it has a real redis; each test finds it empty."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from livekit import api

from rejoinder.cli import main
from rejoinder.phone.inventory import Inventory, take_stock
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from testbed.programs import Background
from testbed.redis_process import run_redis
from testbed.sip_service import SipService
from tests.conftest import require


@dataclass(frozen=True)
class Exchange:
    """A livekit-server, its redis, and a loop in which both live."""

    livekit: LiveKitProcess
    redis: str
    background: Background

    def ask(self, what: Callable[[api.LiveKitAPI], object]) -> object:
        """Ask the server's API from a test without a loop."""

        async def asked() -> object:
            server = self.livekit
            async with api.LiveKitAPI(server.url, server.api_key, server.api_secret) as livekit:
                return await what(livekit)  # type: ignore[misc]

        return self.background.run(asked())

    def put(self, key: str, field: str, value: bytes) -> None:
        """Write into redis what the API would not."""

        async def written() -> None:
            host, _, port = self.redis.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            parts = (b"HSET", key.encode(), field.encode(), value)
            writer.write(b"*4\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts))
            assert (await reader.readline()).startswith(b":")
            writer.close()

        self.background.run(written())

    @property
    def stock(self) -> Inventory:
        """All trunks and rules."""
        found = self.ask(take_stock)
        assert isinstance(found, Inventory)
        return found


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    background = Background()
    binary = require("redis-server", "apt-get install redis-server, or brew install redis")
    stack = AsyncExitStack()
    redis = background.run(stack.enter_async_context(run_redis(binary)))
    folder = tmp_path_factory.mktemp("exchange")
    server = run_livekit(livekit_binary(), folder, redis=redis)
    yield Exchange(background.run(stack.enter_async_context(server)), redis, background)
    background.run(stack.aclose())
    background.close()


@pytest.fixture
def exchange(
    started: Exchange, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Exchange]:
    """The server, empty; it is that of this process's settings."""
    monkeypatch.chdir(tmp_path)
    set_to(monkeypatch, started.livekit)
    monkeypatch.setenv("AGENT_NAME", "operator")
    yield started
    started.ask(clear)


@pytest.fixture
def service(exchange: Exchange) -> Iterator[SipService]:
    """The SIP service, connected to it."""
    stack = AsyncExitStack()
    serving = SipService(exchange.livekit).serve(exchange.redis)
    yield exchange.background.run(stack.enter_async_context(serving))
    exchange.background.run(stack.aclose())


@pytest.fixture
def phone(
    exchange: Exchange, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`code, said, complained = phone("setup", file)`: the command, as a person runs it."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["phone", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def set_to(monkeypatch: pytest.MonkeyPatch, server: LiveKitProcess) -> None:
    """Make a server that of this process's settings."""
    monkeypatch.setenv("LIVEKIT_URL", server.url)
    monkeypatch.setenv("LIVEKIT_API_KEY", server.api_key)
    monkeypatch.setenv("LIVEKIT_API_SECRET", server.api_secret)
    monkeypatch.setenv("COLUMNS", "200")


async def clear(livekit: api.LiveKitAPI) -> None:
    """Delete whatever a test left."""
    stock = await take_stock(livekit)
    for rule in stock.rules:
        await livekit.sip.delete_dispatch_rule(
            api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id)
        )
    for trunk in (*stock.inbound, *stock.outbound):
        await livekit.sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id))
    for room in (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms:
        await livekit.room.delete_room(api.DeleteRoomRequest(room=room.name))
