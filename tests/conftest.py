"""Every test: marked by its folder, no leaked task, no blocking call on the event loop."""

import asyncio
import atexit
import functools
import inspect
import linecache
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from blockbuster import BlockBuster

from rejoinder.stand_ins.openai_server import OpenAIStandIn

ROOT = Path(__file__).parent
LEVELS = {"unit", "protocol", "attacks", "room", "browser", "sip", "packaging"}
OWN_PREFIXES = (
    "LIVEKIT_",
    "AGENT_",
    "STT_",
    "LLM_",
    "TTS_",
    "TURN_",
    "TALK_",
    "WEB_SEARCH",
    "SERVE_",
    "RECORD",
    "MEMORY",
    "REHEARSE_",
    "DOCUMENTS",
    "OPENAI_",
)


_STATUS = pytest.StashKey[int]()

# asyncio's debug mode writes down where each future was made, and asks the disk each time whether
# one of ten files has changed: two fifths of the processor time of a test that streams sound.
linecache.checkcache = lambda filename=None: None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End as `rejoinder.cli.entry` does after calls: the native client's threads would abort."""
    if "livekit.rtc" in sys.modules:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash.get(_STATUS, 1))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        level = Path(item.path).relative_to(ROOT).parts[0]
        if level not in LEVELS:
            raise pytest.UsageError(f"{item.path} is in no level folder of tests/")
        item.add_marker(level)
        _grant(item)
        if level != "unit" and isinstance(item, pytest.Function):
            _end_in_time(item)


def _grant(item: pytest.Item) -> None:
    """A limit of the command line is the least: where the processor is another's, all are late."""
    given = float(item.config.getoption("timeout") or 0)
    marker = item.get_closest_marker("timeout")
    if marker and marker.args[0] < given:
        item.add_marker(pytest.mark.timeout(given), append=False)


def _end_in_time(item: pytest.Function) -> None:
    """Cancel what a test awaits shortly before its limit: its traceback then shows the place."""
    if not inspect.iscoroutinefunction(item.obj):
        return
    marker = item.get_closest_marker("timeout")
    usual = item.config.getoption("timeout") or item.config.getini("timeout")
    limit_s = marker.args[0] if marker else float(usual)
    test = item.obj

    @functools.wraps(test)
    async def in_time(**fixtures: object) -> None:
        async with asyncio.timeout(0.9 * limit_s):
            await test(**fixtures)

    item.obj = in_time


def at_work(name: str) -> bool:
    """Whether a task of this name is running."""
    return any(task.get_name() == name for task in asyncio.all_tasks())


def require(tool: str, how: str) -> str:
    """Path of a program; without it the test is skipped, and fails under CI."""
    return shutil.which(tool) or without_tool(tool, how)


def without_tool(what: str, how: str) -> NoReturn:
    """Skip the test with the command that brings what is missing; under CI it fails."""
    message = f"{what} is missing; get it with: {how}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's own settings and proxies do not reach the tests."""
    keep = {"LIVEKIT_SERVER_BIN", "LIVEKIT_SIP_BIN"}
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
def tidy(request: pytest.FixtureRequest) -> None:
    """Where a test, or what it is given, runs on an event loop; a loop for each would take time."""
    manager = request.session._fixturemanager  # noqa: SLF001
    given = (manager.getfixturedefs(name, request.node) for name in request.fixturenames)
    functions = [request.function, *(found[-1].func for found in given if found)]
    if any(map(_is_async, functions)):
        request.getfixturevalue("no_leaked_tasks")


def _is_async(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


@pytest.fixture
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
