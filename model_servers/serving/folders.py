"""A process's own temporary folder, and the end of those whose process was killed."""

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_LOCK = "in-use"


@contextlib.contextmanager
def own_folder(name: str) -> Iterator[Path]:
    """A folder that only this user can read, deleted when the block ends. Blocks a little.

    Folders that killed processes left under the same name are deleted first: a living
    process holds a lock in its folder.

    Args:
        name: of the program; the folder is called `rejoinder-NAME-…`.
    """
    prefix = f"rejoinder-{name}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*/{_LOCK}"):
        _delete_if_free(left)
    with (
        tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as made,
        _held(Path(made)) as folder,
    ):
        yield folder


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """Lock a new folder; it gets its lock file locked, so that nobody takes it for a left one."""
    if sys.platform == "win32":
        yield folder
        return
    taken = folder / "taken"
    with taken.open("wb") as lock:
        _try_lock(lock.fileno())
        taken.rename(folder / _LOCK)
        yield folder


def _delete_if_free(lock_file: Path) -> None:
    if sys.platform == "win32":
        return
    # Another user's, or deleted by another server that starts at the same moment.
    with contextlib.suppress(OSError):
        folder = lock_file.parent.lstat()
        if not stat.S_ISDIR(folder.st_mode) or folder.st_uid != os.getuid():
            return
        lock = os.open(lock_file, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            if _try_lock(lock):
                shutil.rmtree(lock_file.parent, ignore_errors=True)
        finally:
            os.close(lock)


def _try_lock(file: int) -> bool:
    """Whether nobody held it; the lock ends with the process, however that ends."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
