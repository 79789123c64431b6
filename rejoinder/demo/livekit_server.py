"""Finds the real livekit-server, or gets it: archive of the release, else `go install`."""

import asyncio
import platform
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from agent.errors import StartupError
from agent.options.livekit import LiveKitOptions
from rejoinder.demo.go_install import go_install
from rejoinder.demo.places import make_folder
from rejoinder.demo.progress import Report, silent
from rejoinder.demo.release import MEMBER as BINARY
from rejoinder.demo.release import Release, download, machine, pinned_release, unpack
from rejoinder.leftovers import sweep

_VERSION_LINE = re.compile(r"version\s+v?(\S+)")
_VERSION_S = 10.0
"""A binary that has not printed its version by then does not work."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A place that was tried and does not serve."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """A livekit-server that answered `--version`."""

    binary: Path
    version: str
    source: str
    """LIVEKIT_SERVER_BIN, PATH, cache, release archive or go install."""
    passed_over: tuple[Attempt, ...]
    """What was tried before it, and why it does not serve."""


async def locate(
    options: LiveKitOptions, *, cache: Path, release: Release | None = None
) -> Found | tuple[Attempt, ...]:
    """Find a livekit-server that is on this machine; contacts nobody.

    Args:
        options: whose `server_bin` comes first, before PATH and the cache.
        cache: folder of things that can be fetched again.
        release: the release to look for in the cache; the pinned one when not given.

    Returns:
        The first that works, or what was tried.
    """
    return await _Search(options, cache, release or await _pin(), silent).first(fetch=False)


async def obtain(
    options: LiveKitOptions,
    *,
    cache: Path,
    report: Report = silent,
    release: Release | None = None,
) -> Found:
    """Find a livekit-server, or fetch or build the pinned one and keep it in the cache.

    Several processes may do so at once. Safe to cancel: a download is closed, a build is
    ended, nothing half-made stays.

    Args:
        options: `server_bin` and `server_base_url`.
        cache: folder of things that can be fetched again.
        report: told what happens during a download or a build.
        release: what to fetch; the pinned one when not given.

    Raises:
        StartupError: none works and none could be had; lists all that was tried.
    """
    result = await _Search(options, cache, release or await _pin(), report).first(fetch=True)
    if isinstance(result, Found):
        return result
    tried = "\n".join(f"  {attempt.source}: {attempt.reason}" for attempt in result)
    raise StartupError(f"no livekit-server could be had; tried:\n{tried}\n{_remedy()}")


async def _pin() -> Release:
    return await asyncio.to_thread(pinned_release)


def _remedy() -> str:
    first = (
        "run `brew install livekit`"
        if platform.system() == "Darwin"
        else "connect to a network and run `rejoinder setup`"
    )
    return (
        f"What to do: {first}; or put a livekit-server "
        "(https://github.com/livekit/livekit/releases) anywhere and set LIVEKIT_SERVER_BIN to "
        "its path; or use a server elsewhere: set LIVEKIT_URL, LIVEKIT_API_KEY and "
        "LIVEKIT_API_SECRET."
    )


class _Search:
    def __init__(
        self, options: LiveKitOptions, cache: Path, release: Release, report: Report
    ) -> None:
        self._options = options
        self._release = release
        self._report = report
        self._shelf = cache / BINARY
        self._kept = self._shelf / release.version / BINARY

    async def first(self, *, fetch: bool) -> Found | tuple[Attempt, ...]:
        places: list[tuple[str, Callable[[], Awaitable[Path]]]] = [
            ("LIVEKIT_SERVER_BIN", self._named),
            ("PATH", self._on_path),
            ("cache", self._cached),
        ]
        if fetch:
            places += [("release archive", self._archive), ("go install", self._built)]
        tried: list[Attempt] = []
        for source, get in places:
            try:
                binary = await get()
                version = await _version(binary)
            except StartupError as why:
                tried.append(Attempt(source, str(why)))
            except OSError as error:
                tried.append(Attempt(source, f"{type(error).__name__}: {error}"))
            else:
                return Found(binary, version, source, tuple(tried))
        return tuple(tried)

    async def _named(self) -> Path:
        if self._options.server_bin is None:
            raise StartupError("not set")
        return await asyncio.to_thread(self._options.server_bin.expanduser)

    async def _on_path(self) -> Path:
        found = await asyncio.to_thread(shutil.which, BINARY)
        if found is None:
            raise StartupError("no livekit-server there")
        return Path(found)

    async def _cached(self) -> Path:
        if not await asyncio.to_thread(self._kept.is_file):
            raise StartupError(f"{self._kept} is not there")
        return self._kept

    async def _archive(self) -> Path:
        archive = self._release.archives.get(machine())
        if archive is None:
            raise StartupError(f"the release has none for {machine()}")
        base = self._options.server_base_url or self._release.base_url
        url = f"{base.rstrip('/')}/{archive.file}"

        async def make(folder: Path) -> Path:
            packed = await download(url, archive.file, self._report)
            return await asyncio.to_thread(unpack, packed, archive, url, folder / BINARY)

        return await self._keep(make)

    async def _built(self) -> Path:
        return await self._keep(
            lambda folder: go_install(self._release.go_module, folder, self._report)
        )

    async def _keep(self, make: Callable[[Path], Awaitable[Path]]) -> Path:
        """Make a binary in a folder of its own; put it into the cache once it works."""
        await asyncio.to_thread(make_folder, self._shelf)
        await asyncio.to_thread(sweep, self._shelf, "get-*")
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="get-", dir=self._shelf))
        try:
            made = await make(folder)
            await _version(made)
            await asyncio.to_thread(self._kept.parent.mkdir, exist_ok=True)
            await asyncio.to_thread(made.replace, self._kept)
        finally:
            # Shielded: a second cancellation must not leave 75 MB behind.
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))
        return self._kept


async def _version(binary: Path) -> str:
    """Run `--version`; raise StartupError when that does not work."""
    try:
        process = await asyncio.create_subprocess_exec(
            str(binary),
            "--version",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise StartupError(f"{binary} cannot be run: {error.strerror or error}") from error
    try:
        async with asyncio.timeout(_VERSION_S):
            output, _ = await process.communicate()
    except TimeoutError:
        raise StartupError(f"{binary} --version did not end within {_VERSION_S:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = output.decode(errors="replace").strip()
    match = _VERSION_LINE.search(text)
    if process.returncode != 0 or match is None:
        last = text.splitlines()[-1][:200] if text else "no output"
        raise StartupError(f"{binary} --version ended with {process.returncode}: {last}")
    return match.group(1)
