"""The talk page's server, a real livekit-server and an agent that a test directs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from rejoinder.demo.ports import PortPicker
from rejoinder.web.server import running
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from tests.browser.page_driver import BROWSERS, TalkPage
from tests.fakes.node_program import client_library
from tests.fakes.room_agent import RoomAgent
from tests.fakes.scripted_worker import ScriptedWorker
from tests.fakes.talk_settings import talk_settings

SetUp = Callable[..., AbstractAsyncContextManager["Stage"]]


@dataclass
class Stage:
    """Where a test plays: the page's address and the agents that came."""

    url: str
    livekit: LiveKitProcess
    desk: RoomAgent = field(default_factory=RoomAgent)

    def worker(self, **script: Any) -> ScriptedWorker:
        """A worker whose agents appear in `desk.here`."""
        server = self.livekit
        return ScriptedWorker(
            server.url, server.api_key, server.api_secret, scene=self.desk.scene, **script
        )


@asynccontextmanager
async def in_call(stage: Stage, talk: TalkPage, **script: object) -> AsyncIterator[RoomAgent]:
    """Press the button and wait until the agent listens."""
    async with stage.worker(**script).run():
        await talk.start()
        async with asyncio.timeout(30):
            agent = await stage.desk.here.get()
        await talk.wait_for_state("Listening")
        yield agent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these tests have one event loop: a browser belongs to the loop that started it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("asyncio") is not None:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session", autouse=True)
async def browsers() -> AsyncIterator[None]:
    """Browsers end with the session."""
    yield
    await BROWSERS.aclose()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def livekit(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveKitProcess]:
    """Each test has rooms of its own."""
    async with run_livekit(livekit_binary(), tmp_path_factory.mktemp("livekit")) as server:
        yield server


@pytest.fixture
def stage(livekit: LiveKitProcess) -> SetUp:
    """`async with stage(**talk) as s`: the page's server with these `TalkOptions`."""

    @asynccontextmanager
    async def set_up(**talk: Any) -> AsyncIterator[Stage]:
        async with running(talk_settings(livekit, **talk), library=client_library()) as url:
            yield Stage(url, livekit)

    return set_up


@pytest.fixture
def unused_port() -> int:
    """A TCP port where nothing listens."""
    with PortPicker() as free:
        return free.tcp()
