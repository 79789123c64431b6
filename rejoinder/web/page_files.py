"""The pages' files, held in memory.

Not aiohttp's FileResponse: it sends with the system's sendfile, and a client that stops reading
then keeps the file, the socket and a task for good (asyncio does not end a sendfile whose
connection is aborted).
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ETag, web

from rejoinder.web import client_library


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is sent."""

    body: bytes
    packed: bytes
    """The same, compressed with gzip."""
    content_type: str
    etag: str

    def answer(self, request: web.Request) -> web.Response:
        """The file, or 304 when the client has it."""
        known = {tag.value for tag in request.if_none_match or ()}
        if known & {self.etag, "*"}:
            answer = web.Response(status=304)
        elif "gzip" in request.headers.get("Accept-Encoding", ""):
            answer = web.Response(body=self.packed, content_type=self.content_type)
            answer.headers["Content-Encoding"] = "gzip"
        else:
            answer = web.Response(body=self.body, content_type=self.content_type)
        answer.etag = ETag(self.etag, is_weak=True)
        answer.headers["Vary"] = "Accept-Encoding"
        return answer


def load_page_files(library: Path, mode: str) -> Mapping[str, PageFile]:
    """Read all that is served, by its path; blocks for some 50 ms.

    Args:
        library: the browser file of livekit-client (`client_library.fetch_library`).
        mode: what the worker does (`AGENT_MODE`): `call` has the talk page at `/`, all others
            the meeting page. Both are at paths of their own, too.
    """
    return dict(_files(library, mode))


def _files(library: Path, mode: str) -> Iterator[tuple[str, PageFile]]:
    talk = read_file(client_library.PAGE / "index.html")
    meeting = read_file(client_library.PAGE / "meeting" / "index.html")
    yield "/", talk if mode == "call" else meeting
    yield "/talk", talk
    yield "/meeting", meeting
    for folder in ("static", "meeting"):
        for path in (client_library.PAGE / folder).iterdir():
            if path.name != "index.html":
                yield f"/{folder}/{path.name}", read_file(path)
    yield f"/static/vendor/{client_library.LIBRARY}", read_file(library)


def read_file(path: Path) -> PageFile:
    """Read one file; blocks."""
    body = path.read_bytes()
    kind, _ = mimetypes.guess_type(path.name)
    digest = hashlib.sha256(body).hexdigest()[:16]
    return PageFile(body, gzip.compress(body, mtime=0), kind or "text/plain", digest)
