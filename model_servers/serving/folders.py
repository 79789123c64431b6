"""A process's own temporary folder, and the end of those whose process was killed."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

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
        tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder,
        (Path(folder) / _LOCK).open("wb") as lock,
    ):
        _try_lock(lock)
        yield Path(folder)


def _delete_if_free(lock_file: Path) -> None:
    # Another user's, or deleted by another server that starts at the same moment.
    with contextlib.suppress(OSError):
        if lock_file.is_symlink() or lock_file.lstat().st_uid != _user():
            return
        with lock_file.open("wb") as lock:
            if _try_lock(lock):
                shutil.rmtree(lock_file.parent, ignore_errors=True)


def _user() -> int:
    return os.getuid() if sys.platform != "win32" else 0


def _try_lock(file: IO[bytes]) -> bool:
    """Whether nobody held it; the lock ends with the process, however that ends."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
