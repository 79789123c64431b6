"""Requests that a server cannot serve side by side, one after the other, whichever call asks.

A call has a process of its own, so a lock of asyncio would not do: the turn is a lock on a file
that all workers of this user and machine open. The system lets go of it when a process dies.
Workers on other machines, and in other containers, do not see it.
"""

import asyncio
import contextlib
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import platformdirs

if sys.platform != "win32":
    import fcntl

_NOTE_BYTES = 4096
_LOOK_S = 0.01
"""How often the lock is looked at while somebody else has it, seconds."""


class OneAtATime:
    """Turns at one server. Belongs to one event loop, and to the process of its first turn."""

    def __init__(self, server: str) -> None:
        """`server` is what all mean by the same name, such as its address."""
        self._name = hashlib.sha256(server.encode()).hexdigest()[:20]
        self._mine = asyncio.Lock()
        """Within a process who asks first is first."""
        self._file: int | None = None
        self._kept = ""

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until nobody else has a turn, and have it until the block ends.

        Safe to cancel. Without a place for the file, turns are kept within this process alone.
        """
        async with self._mine:
            if self._file is None:
                await asyncio.to_thread(self._open)
            # Nobody tells when a lock of another process is free.
            while not self._lock():  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_S)
            try:
                yield
            finally:
                self._unlock()

    @property
    def note(self) -> str:
        """What the last one wrote for the next, to be read and written in one's turn."""
        if self._file is not None:
            return os.pread(self._file, _NOTE_BYTES, 0).decode("utf-8", "replace")
        return self._kept

    @note.setter
    def note(self, text: str) -> None:
        self._kept = text
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)
                os.pwrite(self._file, text.encode()[:_NOTE_BYTES], 0)

    def close(self) -> None:
        """Let go of the file. May be called more than once."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _open(self) -> None:
        path = Path(platformdirs.user_runtime_dir("rejoinder")) / f"turns-{self._name}.lock"
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
                self._file = os.open(path, flags, 0o600)

    def _lock(self) -> bool:
        if sys.platform != "win32" and self._file is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            except OSError:
                # A file system without locks.
                return True
        return True

    def _unlock(self) -> None:
        if sys.platform != "win32" and self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
