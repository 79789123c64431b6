"""Files of what was said: only this user can read them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def write_private(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing, also one that is there; it is nobody else's from now on.

    Raises:
        OSError: it cannot be written, or is a link.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        os.fchmod(descriptor, 0o600)
        yield file
