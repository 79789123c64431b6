"""Every test: marked by its folder, no leaked task, no blocking call on the event loop."""

import asyncio
import functools
import inspect
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from testbed.openai_server import OpenAIStandIn

ROOT = Path(__file__).parent
LEVELS = {"unit", "protocol", "attacks", "room", "browser", "packaging"}
OWN_PREFIXES = (
    "LIVEKIT_",
    "AGENT_",
    "STT_",
    "LLM_",
    "TTS_",
    "TURN_",
    "TALK_",
    "SERVE_",
    "RECORD",
    "OPENAI_",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        level = Path(item.path).relative_to(ROOT).parts[0]
        if level not in LEVELS:
            raise pytest.UsageError(f"{item.path} is in no level folder of tests/")
        item.add_marker(level)
        if level != "unit" and isinstance(item, pytest.Function):
            _end_in_time(item)


def _end_in_time(item: pytest.Function) -> None:
    """Cancel what a test awaits shortly before its limit: its traceback then shows the place."""
    if not inspect.iscoroutinefunction(item.obj):
        return
    marker = item.get_closest_marker("timeout")
    limit_s = marker.args[0] if marker else float(item.config.getini("timeout"))
    test = item.obj

    @functools.wraps(test)
    async def in_time(**fixtures: object) -> None:
        async with asyncio.timeout(0.9 * limit_s):
            await test(**fixtures)

    item.obj = in_time


def require(tool: str, how: str) -> str:
    """Path of a program; without it the test is skipped, and fails under CI."""
    path = shutil.which(tool)
    if path is None:
        message = f"{tool} is missing; get it with: {how}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's own settings and proxies do not reach the tests."""
    keep = {"LIVEKIT_SERVER_BIN"}
    for name in list(os.environ):
        if name.startswith(OWN_PREFIXES) and name not in keep:
            monkeypatch.delenv(name)
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")


@pytest.fixture(autouse=True)
def no_blocking_calls(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail when code of ours blocks the event loop."""
    blockbuster = BlockBuster(scanned_modules=["agent", "model_servers", "rejoinder"])
    blockbuster.activate()
    yield
    blockbuster.deactivate()


@pytest.fixture(autouse=True)
async def no_leaked_tasks() -> AsyncIterator[None]:
    """Fail when a test leaves a task of its own running."""
    before = asyncio.all_tasks()
    yield
    for _ in range(50):
        running = asyncio.all_tasks() - before - {asyncio.current_task()}
        left = [t for t in running if not t.done()]
        if not left:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"leaked tasks: {sorted(t.get_name() for t in left)}")


@pytest.fixture
async def openai_server() -> AsyncIterator[OpenAIStandIn]:
    async with OpenAIStandIn().serve() as server:
        yield server
