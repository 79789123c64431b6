"""The web server on port 0, with a real livekit-server where a test needs one."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from rejoinder.demo.ports import PortPicker
from rejoinder.web.server import running
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from tests.fakes.talk_settings import talk_settings

Site = Callable[..., AbstractAsyncContextManager[aiohttp.ClientSession]]


@pytest.fixture
async def livekit(tmp_path: Path) -> AsyncIterator[LiveKitProcess]:
    async with run_livekit(livekit_binary(), tmp_path / "livekit") as server:
        yield server


@pytest.fixture
def no_livekit(tmp_path: Path) -> LiveKitProcess:
    """An address where nothing listens: tokens need the key alone."""
    with PortPicker() as free:
        port = free.tcp()
    return LiveKitProcess(f"ws://127.0.0.1:{port}", "testkey", "s" * 40, tmp_path / "none.log")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A file in the place of livekit-client."""
    path = tmp_path / "livekit-client.umd.js"
    path.write_text("globalThis.LivekitClient = {};")
    return path


@pytest.fixture
def site(library: Path) -> Site:
    """`async with site(server, **talk) as http`: the server, and a client with its base URL."""

    @asynccontextmanager
    async def open_site(
        server: LiveKitProcess, **talk: Any
    ) -> AsyncIterator[aiohttp.ClientSession]:
        async with (
            running(talk_settings(server, **talk), library=library) as url,
            aiohttp.ClientSession(url) as http,
        ):
            yield http

    return open_site
