"""What was read and embedded, on the disk, by content: only what changed is done again.

Every file is written beside its place and moved there, so several processes may read and write at
once: what they write under one name is the same. A folder that cannot be written to costs time at
every start, nothing else. Only this user can read what is there.
"""

import hashlib
import io
import json
import logging
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from agent.documents.formats.parsed import Parsed, Unreadable
from agent.documents.formats.reading import VERSION
from agent.documents.plain_words import Section

logger = logging.getLogger(__name__)

_KEPT_S = 60 * 86400.0
"""What no index has used for so long is deleted."""
_USED_AGAIN_S = 86400.0
"""A use is written down, and the folder tidied, once in so long."""

Vectors = NDArray[np.float32]
"""A row for each text, of length 1."""


def content_key(content: bytes, suffix: str) -> str:
    """The name of what was read of a content, as a file of this kind."""
    return hashlib.sha256(f"{VERSION}{suffix.lower()}\0".encode() + content).hexdigest()


def texts_key(texts: Sequence[str]) -> str:
    """The name of what texts were embedded as."""
    return hashlib.sha256("\0".join(texts).encode(errors="replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as its server gave it."""

    content: bytes
    suffix: str
    """The ending of a file of its kind."""
    charset: str | None
    age_s: float
    """How long ago it was fetched."""


class Store:
    """A folder of results. May be used from several threads and processes."""

    def __init__(self, folder: Path | None) -> None:
        """Keep them in `folder`; None: in the user's cache."""
        self._folder = folder or Path(platformdirs.user_cache_dir("rejoinder")) / "documents"
        self._writable = True

    def parsed(self, key: str) -> Parsed | None:
        """What was read of a content; None: it has not been.

        Raises:
            Unreadable: it cannot be read, as was found before.
        """
        found = self._json(self._place("texts", key, ".json"))
        try:
            if found is None:
                return None
            if "unreadable" in found:
                raise Unreadable(str(found["unreadable"]))
            sections = [Section(title, paragraphs) for title, paragraphs in found["sections"]]
            return Parsed(found["page"], sections) if sections else None
        except (KeyError, TypeError, ValueError):
            return None

    def keep_parsed(self, key: str, parsed: Parsed) -> None:
        """Write down what was read."""
        sections = [[section.title, section.paragraphs] for section in parsed.sections]
        text = json.dumps({"page": parsed.page, "sections": sections}, ensure_ascii=False)
        self._write(self._place("texts", key, ".json"), text.encode(errors="replace"))

    def keep_unreadable(self, key: str, why: Unreadable) -> None:
        """Write down that a content cannot be read, and need not be tried again."""
        if why.lasting:
            text = json.dumps({"unreadable": str(why)})
            self._write(self._place("texts", key, ".json"), text.encode())

    def vectors(self, key: str, embedder: str, count: int) -> Vectors | None:
        """The vectors of so many texts by one embedder; None: there are none."""
        path = self._place(f"vectors-{_short(embedder)}", key, ".npy")
        try:
            found = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        self._used(path)
        if found.dtype != np.float32 or found.ndim != 2 or len(found) != count:
            return None
        vectors: Vectors = found
        return vectors

    def keep_vectors(self, key: str, embedder: str, vectors: Vectors) -> None:
        """Write down what texts were embedded as."""
        path = self._place(f"vectors-{_short(embedder)}", key, ".npy")
        file = io.BytesIO()
        np.save(file, vectors, allow_pickle=False)
        self._write(path, file.getvalue())

    def page(self, address: str, *, listed: bool) -> FetchedPage | None:
        """A page as it was fetched last; what the operator listed is for nobody else."""
        about = self._place("pages", _short(f"{listed} {address}"), ".json")
        facts = self._json(about)
        try:
            if facts is None:
                return None
            content = self._place("pages", facts["content"], ".bin").read_bytes()
            if hashlib.sha256(content).hexdigest() != facts["content"]:
                return None
            age_s = max(0.0, time.time() - float(facts["at"]))
            return FetchedPage(content, facts["suffix"], facts["charset"], age_s)
        except (OSError, KeyError, TypeError, ValueError):
            return None

    def keep_page(self, address: str, page: FetchedPage, *, listed: bool) -> None:
        """Write down what a server gave."""
        digest = hashlib.sha256(page.content).hexdigest()
        self._write(self._place("pages", digest, ".bin"), page.content)
        facts = {
            "content": digest, "suffix": page.suffix, "charset": page.charset, "at": time.time()
        }  # fmt: skip
        about = self._place("pages", _short(f"{listed} {address}"), ".json")
        self._write(about, json.dumps(facts).encode())

    def tidy(self) -> None:
        """Delete what no index has used for long, once a day. Blocks."""
        tidied = self._folder / "tidied"
        with suppress(OSError):
            if time.time() - tidied.stat().st_mtime < _USED_AGAIN_S:
                return
        self._write(tidied, b"")
        oldest = time.time() - _KEPT_S
        for path in self._folder.glob("*/*/*"):
            with suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _place(self, kind: str, key: str, suffix: str) -> Path:
        return self._folder / kind / key[:2] / f"{key}{suffix}"

    def _json(self, path: Path) -> Any:
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None
        self._used(path)
        return found if isinstance(found, dict) else None

    def _used(self, path: Path) -> None:
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _USED_AGAIN_S:
                os.utime(path)

    def _write(self, path: Path, content: bytes) -> None:
        if not self._writable:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Readable by this user alone, as tempfile makes it.
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                os.replace(name, path)
            except OSError:
                with suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            self._writable = False
            logger.warning(
                "the index of documents cannot be kept: every start reads them anew",
                extra={"folder": str(self._folder), "why": error.strerror},
            )


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
