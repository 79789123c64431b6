"""Programs of Node.js, with their packages from npm exactly as locked."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from platformdirs import user_cache_path

from agent.errors import StartupError
from rejoinder.web.client_library import LOCK_FILES, find_npm, library_path
from tests.conftest import require, without_tool

_GET = "install Node.js 18 or newer, or run `uv sync --extra node`"
_NPM_S = 300.0


def node() -> str:
    """Path of node; skips the test without one, and fails it under CI."""
    npm = _npm()
    return npm[0] if len(npm) > 1 else require("node", _GET)


def client_library() -> Path:
    """livekit-client, fetched before; skips the test without it, and fails it under CI."""
    path = library_path()
    if not path.is_file():
        without_tool("livekit-client", "rejoinder setup")
    return path


def installed(program: Path) -> Path:
    """A folder with `program`'s files and its packages; blocking, a minute the first time.

    It is kept in the user's cache, named after the lock file, as the talk page's library is.
    """
    locked = b"".join((program / name).read_bytes() for name in LOCK_FILES)
    name = f"{program.name}-{hashlib.sha256(locked).hexdigest()[:16]}"
    folder = user_cache_path("rejoinder") / name
    if not (folder / "complete").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in LOCK_FILES:
            shutil.copyfile(program / file, folder / file)
        command = [*_npm(), "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_NPM_S, check=False
        )
        if done.returncode != 0:
            without_tool(f"npm's packages of {program.name}", f"npm ci (it said: {done.stderr})")
        (folder / "complete").touch()
    for script in program.glob("*.mjs"):
        shutil.copyfile(script, folder / script.name)
    return folder


def _npm() -> list[str]:
    try:
        return find_npm()
    except StartupError:
        without_tool("npm", _GET)
