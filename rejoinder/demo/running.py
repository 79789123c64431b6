"""Which demos run on this machine: so that other commands find their LiveKit server."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rejoinder.demo.places import write_private

_FOLDER = "running"


@dataclass(frozen=True, slots=True)
class Running:
    """A demo that is ready."""

    livekit_url: str
    api_key: str
    api_secret: str = field(repr=False)
    talk_url: str


@contextmanager
def announce(demo: Running, state: Path) -> Iterator[None]:
    """Let other commands find this demo while the block runs; blocks for milliseconds.

    The file is locked: whatever ends this process releases it, and the file counts as gone.
    """
    path = state / _FOLDER / f"{os.getpid()}.json"
    temporary = write_private(path, json.dumps(asdict(demo)))
    with temporary.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        temporary.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def all_of(state: Path) -> list[Running]:
    """The demos that run, in the order in which they became ready. Blocks for milliseconds."""
    found: list[tuple[float, Running]] = []
    for path in (state / _FOLDER).glob("*.json"):
        with suppress(OSError, ValueError, TypeError), path.open("rb") as source:
            try:
                fcntl.flock(source, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                found.append((path.stat().st_mtime, Running(**json.load(source))))
            else:
                path.unlink(missing_ok=True)  # left by a demo that was killed
    return [demo for _, demo in sorted(found, key=lambda entry: entry[0])]


def latest(state: Path) -> Running | None:
    """The demo that became ready last; None when none runs. Blocks for milliseconds."""
    return next(reversed(all_of(state)), None)
