"""The recordings whose voices are cloned: fetched once, found good, kept for the next request.

The model remembers the last recording by its path. So a recording's path here is made of its
content: one that has changed in its bucket has another.
"""

import asyncio
import contextlib
import functools
import hashlib
import os
import tempfile
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from model_servers.gpt_sovits.recording import PARAM, check
from model_servers.gpt_sovits.settings import SovitsSettings
from model_servers.gpt_sovits.storage import SCHEME, Storage, StoreUnavailable
from model_servers.serving.errors import BadRequest
from model_servers.serving.run import begun_in_thread, in_thread

_MOST_BYTES = 20 * 2**20


@dataclass(slots=True)
class _Kept:
    path: Path
    etag: str
    asked: float
    """When S3 last said that it is this one; `time.monotonic()`."""


class References:
    """Used on the event loop; what blocks runs in threads.

    Args:
        settings: how many are kept and for how long, and where files of this machine lie.
        storage: where others come from.
        folder: of this process alone; recordings from S3 are kept in it.
    """

    def __init__(self, settings: SovitsSettings, storage: Storage, folder: Path) -> None:
        self._settings = settings
        self._storage = storage
        self._folder = folder
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._good: set[tuple[Path, int, int]] = set()
        """Files of this machine by path, time of change and size."""
        self._in_use: Counter[str] = Counter()
        """By name, from before it is asked for."""
        self._fetching: dict[str, asyncio.Future[tuple[Path, str]]] = {}
        """Shared by all who want it, and not ended by one who leaves."""

    @contextlib.asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[Path]:
        """The file of a recording, which stays where it is until the block ends.

        Args:
            name: s3://BUCKET/KEY, or a file in MODEL_DIR/voices.

        Raises:
            BadRequest: there is none, it is no sound, or not 3 to 10 s long.
            StoreUnavailable: it has to be fetched, and S3 does not answer.
        """
        self._in_use[name] += 1
        try:
            yield await (self._from_store(name) if name.startswith(SCHEME) else self._local(name))
        finally:
            self._in_use[name] -= 1
            await self._forget_old()

    async def _from_store(self, uri: str) -> Path:
        kept = self._kept.get(uri)
        now = time.monotonic()
        if kept is not None and not await asyncio.to_thread(kept.path.exists):
            self._kept.pop(uri, None)
            kept = None
        if kept is not None and now - kept.asked < self._settings.reference_fresh_s:
            self._kept.move_to_end(uri)
            return kept.path
        try:
            path, etag = await asyncio.shield(self._fetch(uri, kept))
        except StoreUnavailable:
            if kept is None:
                raise
            path, etag = kept.path, kept.etag
        self._kept[uri] = _Kept(path, etag, now)
        self._kept.move_to_end(uri)
        return path

    def _fetch(self, uri: str, kept: _Kept | None) -> asyncio.Future[tuple[Path, str]]:
        """The file and its etag; one fetch for all who want it now."""
        if uri in self._fetching:
            return self._fetching[uri]

        def fetch() -> tuple[Path, str]:
            etag = kept.etag if kept is not None else ""
            found = self._storage.fetch(uri, unless=etag, most_bytes=_MOST_BYTES, param=PARAM)
            if kept is not None and found is None:
                return kept.path, kept.etag
            assert found is not None
            return self._stored(uri, found.content), found.etag

        def forget(done: asyncio.Future[tuple[Path, str]]) -> None:
            self._fetching.pop(uri, None)
            if not done.cancelled():
                done.exception()  # seen, also where all who wanted it have left

        fetching = begun_in_thread(fetch, name="fetch-recording")
        fetching.add_done_callback(forget)
        self._fetching[uri] = fetching
        return fetching

    def _stored(self, uri: str, content: bytes) -> Path:
        """Write a recording that is good to a file; in a thread."""
        suffix = check(uri, content)
        path = self._folder / (hashlib.sha256(content).hexdigest()[:32] + suffix)
        # The same recording may come under two names at once.
        number, unfinished = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(number, "wb") as file:
            file.write(content)
        os.replace(unfinished, path)
        return path

    async def _local(self, name: str) -> Path:
        return await in_thread(functools.partial(self._look, name), name="read-recording")

    def _look(self, name: str) -> Path:
        folder = self._settings.voices_dir.resolve()
        try:
            path = (folder / name).resolve()
            found = path.is_relative_to(folder) and path.is_file()
        except (OSError, ValueError, RuntimeError):
            found = False
        if not found:
            raise BadRequest(
                f"there is no recording {name[:200]!r} in {folder}: name one there, or s3://…",
                param=PARAM,
                code="not_there",
            )
        state = path.stat()
        key = (path, state.st_mtime_ns, state.st_size)
        if key not in self._good:
            if state.st_size > _MOST_BYTES:
                raise BadRequest(f"{name} is larger than {_MOST_BYTES // 2**20} MiB", param=PARAM)
            check(name, path.read_bytes())
            self._good.add(key)
        return path

    async def _forget_old(self) -> None:
        self._in_use += Counter()  # forgets those at zero
        surplus = len(self._kept) - self._settings.references
        old = [uri for uri in list(self._kept)[: max(0, surplus)] if not self._in_use[uri]]
        paths = {self._kept.pop(uri).path for uri in old}
        for path in paths - {kept.path for kept in self._kept.values()}:
            await asyncio.to_thread(path.unlink, missing_ok=True)
