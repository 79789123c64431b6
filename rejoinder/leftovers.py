"""What a process that was killed could not tidy up."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

OLD_S = 24 * 3600
"""Nothing that is still in use is this old: a download or a build takes minutes."""


def sweep(folder: Path, pattern: str) -> None:
    """Remove old files and folders that a killed process has left; blocks.

    Args:
        folder: where they are; only its own entries are looked at.
        pattern: their names, as `Path.glob` reads it.
    """
    for left in folder.glob(pattern):
        with suppress(OSError):  # another process sweeps too
            if time.time() - left.lstat().st_mtime < OLD_S:
                continue
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()
