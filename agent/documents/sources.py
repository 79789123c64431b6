"""Where documents are: folders, files, addresses. What is there is listed, not read."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.documents.formats.reading import OTHER_DOCUMENTS, SUFFIXES


@dataclass(frozen=True, slots=True)
class Listed:
    """A document that is to be read."""

    path: str
    """As people are shown it: relative to its folder, with forward slashes; or its address."""
    place: Path | str
    """The file, or the address."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not read, and why."""

    path: str
    why: str
    """A sentence without its subject: `it is protected by a password`."""


def is_address(source: str | Path) -> bool:
    """Whether a source is the address of a page, not a file."""
    return isinstance(source, str) and source.lower().startswith(("http://", "https://"))


def listed(sources: Sequence[str | Path]) -> Iterator[Listed | LeftOut]:
    """Yield the documents of all sources, each once, in the order of the sources and paths. Blocks.

    Paths of several sources begin with the folder's name, so that they can be told apart.
    """
    seen: set[tuple[int, int]] = set()
    for source in sources:
        if is_address(source):
            yield Listed(_shown(str(source)), str(source))
            continue
        place = Path(source).expanduser()
        if not place.is_dir():
            yield _file(place)
            continue
        prefix = f"{place.resolve().name}/" if len(sources) > 1 else ""
        try:
            files = list(walked(place, seen))
        except OSError as error:
            yield LeftOut(str(place), f"the folder cannot be read ({error.strerror})")
            continue
        for path in files:
            if isinstance(path, LeftOut):
                yield path
                continue
            relative = prefix + path.relative_to(place).as_posix()
            if path.suffix.lower() in SUFFIXES:
                yield Listed(relative, path)
            elif path.suffix.lower() in OTHER_DOCUMENTS:
                yield LeftOut(relative, _other(path))


def _shown(address: str) -> str:
    """An address without the name and password that may stand in it."""
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _file(place: Path) -> Listed | LeftOut:
    if place.suffix.lower() in SUFFIXES or not place.exists():
        return Listed(place.name, place)  # that it is not there is found when it is read
    return LeftOut(place.name, _other(place))


def _other(path: Path) -> str:
    return f"files {path.suffix or 'without an ending'} are not read; save it as .docx, .pdf or .md"


def walked(folder: Path, seen: set[tuple[int, int]] | None = None) -> Iterator[Path | LeftOut]:
    """Yield the files below a folder in the order of their paths; hidden ones are left out. Blocks.

    Links are followed, into each folder once.

    Args:
        folder: where to begin.
        seen: device and number of folders that were walked before; they are not again.

    Raises:
        OSError: the folder itself cannot be read.
    """
    seen = set() if seen is None else seen
    known = _number(folder)
    if known in seen:
        return
    seen.add(known)
    yield from _below(folder, seen)


def _below(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path | LeftOut]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        path = folder / name
        if name.startswith((".", "~$")):  # ~$ is Word's mark of a file that is open
            continue
        try:
            if not path.is_dir():
                if path.is_file():  # no pipe, no device
                    yield path
                continue
            known = _number(path)
            if known in seen:
                continue
            seen.add(known)
            inner = list(_below(path, seen))
        except OSError as error:
            yield LeftOut(str(path), f"it cannot be read ({error.strerror})")
            continue
        yield from inner


def _number(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino
