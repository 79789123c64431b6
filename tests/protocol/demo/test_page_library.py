"""The demo's fetching of the page's library: progress, failure, Ctrl-C while npm runs."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import StartupError
from rejoinder.demo.page_library import ensure_page_library
from rejoinder.web.client_library import LIBRARY
from testbed.waiting import until
from tests.fakes.processes import alive

Npm = Callable[[str], object]


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    """Says what a stand-in for npm does, as lines of a shell script; the cache is empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("npm", "node"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return lambda script: (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")


async def test_it_is_fetched_with_progress_once(npm: Npm) -> None:
    dist = "node_modules/livekit-client/dist"
    npm(f"mkdir -p {dist}\necho code > {dist}/{LIBRARY}")
    told: list[str] = []
    path = await ensure_page_library(lambda text, fraction: told.append(text))
    assert path.read_text() == "code\n"
    assert "fetching livekit-client" in told[0]
    npm("exit 1")
    assert await ensure_page_library() == path, "the second time npm is not asked"


async def test_a_failure_of_npm_is_quoted(npm: Npm) -> None:
    npm("echo npm error network ENOTFOUND\nexit 7")
    with pytest.raises(StartupError, match=r"exit 7(.|\n)*npm error network ENOTFOUND"):
        await ensure_page_library()


async def test_cancelling_ends_npm_and_leaves_no_folder(npm: Npm, tmp_path: Path) -> None:
    mark = tmp_path / "npm-runs"
    npm(f"echo $$ > {mark}.new\nmv {mark}.new {mark}\nexec sleep 60")
    work = asyncio.create_task(ensure_page_library())
    await until(mark.exists)
    running = int(mark.read_text())
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: not alive(running))
    left = [path for path in (tmp_path / "home").rglob("*") if "web-fetch" in path.name]
    assert left == []
