"""Where one Ogg file ends and the next begins, in a stream of several.

Some servers send each sentence as a file of its own. Decoders stop at the end of the first.

Source: RFC 3533, section 6, the header of a page.
"""

from collections.abc import Iterator
from typing import NamedTuple

_MAGIC = b"OggS"
_FLAGS_AT, _SEGMENTS_AT, _HEADER_BYTES = 5, 26, 27
_BEGINS, _ENDS = 0x02, 0x04
"""Flags of the pages with which a file begins and ends."""


class Page(NamedTuple):
    """A page, and where it stands."""

    data: bytes
    begins: bool = False
    """Whether it is the first one of a further file."""
    ends: bool = False
    """Whether it is the last one of its file."""


class OggPages:
    """Bytes in, whole pages out."""

    def __init__(self) -> None:
        """Begin with the first page of the first file."""
        self._held = b""
        self._any = False
        self._lost = False

    def feed(self, data: bytes) -> Iterator[Page]:
        """Take in bytes, and give pages; what is no page is given as it comes."""
        self._held += data
        while self._held:
            length = len(self._held) if self._lost else self._length()
            if not length or length > len(self._held):
                return
            page, self._held = self._held[:length], self._held[length:]
            flags = 0 if self._lost else page[_FLAGS_AT]
            yield Page(page, self._any and bool(flags & _BEGINS), bool(flags & _ENDS))
            self._any = True

    def rest(self) -> bytes:
        """What is there of a page that has not come whole."""
        held, self._held = self._held, b""
        return held

    def _length(self) -> int:
        """Of the next page, bytes; 0 while that is not known."""
        if not _MAGIC.startswith(self._held[:4]) and not self._held.startswith(_MAGIC):
            self._lost = True
            return len(self._held)
        if len(self._held) < _HEADER_BYTES:
            return 0
        segments = self._held[_SEGMENTS_AT]
        lengths = self._held[_HEADER_BYTES : _HEADER_BYTES + segments]
        if len(lengths) < segments:
            return 0
        return _HEADER_BYTES + segments + sum(lengths)
