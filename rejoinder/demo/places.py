"""Where the demo keeps things on this machine: a cache, a state folder, one log folder a run."""

import glob
import os
import shutil
import time
from pathlib import Path

import platformdirs

from agent.errors import ConfigError
from rejoinder.leftovers import sweep

RUNS_KEPT = 10
"""Log folders kept; older runs' are removed when a new one begins."""


def cache_folder() -> Path:
    """Folder of things that can be fetched again, such as livekit-server."""
    return Path(platformdirs.user_cache_dir("rejoinder"))


def state_folder() -> Path:
    """Folder of things that should stay: the local server's keys, logs, the running demo."""
    return Path(platformdirs.user_state_dir("rejoinder"))


def make_folder(folder: Path) -> Path:
    """Make a folder of this user's, with those around it; blocks.

    Raises:
        ConfigError: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be made: {error.strerror}; set XDG_STATE_HOME and XDG_CACHE_HOME to "
            "folders that can be written to, or HOME"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"{folder} cannot be written to: remove it, or change its owner")
    return folder


def new_run_folder(state: Path) -> Path:
    """Make the log folder of one run; blocks. Two runs at once get different ones."""
    logs = make_folder(state / "logs")
    runs = sorted(path for path in logs.iterdir() if path.is_dir())
    for old in runs[: max(0, len(runs) - RUNS_KEPT + 1)]:
        shutil.rmtree(old, ignore_errors=True)
    folder = logs / f"{time.strftime('%Y-%m-%dT%H.%M.%S')}-{os.getpid()}"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def write_private(path: Path, text: str) -> Path:
    """Write a new file that only this user can read, next to `path`; blocks.

    Returns:
        The temporary file's path; move or link it to where it belongs.
    """
    make_folder(path.parent)
    sweep(path.parent, f".{glob.escape(path.name)}.*")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as sink:
        sink.write(text)
    return temporary
