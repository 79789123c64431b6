"""MP3, FLAC and Ogg Vorbis, decoded as their bytes arrive.

The decoders (miniaudio: dr_mp3, dr_flac, stb_vorbis; MIT) pull their bytes and take a lack of
them for the end of the stream. So they are asked for samples only while more is there than they
can need: no thread waits, and a piece that is closed leaves nothing behind.
"""

import struct
from collections import deque
from collections.abc import Iterator

import miniaudio
import numpy as np

from agent.audio.kinds import Kind, NotDecodable
from agent.audio.mp3_frames import FrameCutter
from agent.audio.ogg_pages import OggPages, Page
from agent.audio.wav_stream import Chunk

_FORMATS = {
    Kind.MP3: miniaudio.FileFormat.MP3,
    Kind.FLAC: miniaudio.FileFormat.FLAC,
    Kind.VORBIS: miniaudio.FileFormat.VORBIS,
}
_FRAMES_AHEAD = 3
"""Frames of MP3 that a decoder may look at for the samples of one."""
_BYTES_AHEAD = 24 * 1024
"""The same for FLAC, whose blocks are 16 KiB at most for speech, and Vorbis, of smaller ones."""
_BLOCK = 1024
"""Samples asked for at once of these two."""


class _Bytes:
    """What has arrived and was not decoded; an MP3 is handed out one frame at a time.

    A `miniaudio.StreamableSource`, whose class has no types.
    """

    def __init__(self) -> None:
        self.ffi_handle: object = None
        self.error_in_readcallback: Exception | None = None
        self.waiting: deque[bytes] = deque()
        self.held = 0
        self._given: list[bytes] | None = []
        """What was read since the beginning, which decoders read twice; None: no more."""

    def put(self, data: bytes) -> None:
        if data:
            self.waiting.append(data)
            self.held += len(data)

    def begun(self) -> None:
        """The decoder has read its header and will not go back."""
        self._given = None

    def read(self, num_bytes: int) -> bytes:
        if not self.waiting:
            return b""
        data = self.waiting.popleft()
        if len(data) > num_bytes:
            self.waiting.appendleft(data[num_bytes:])
            data = data[:num_bytes]
        self.held -= len(data)
        if self._given is not None:
            self._given.append(data)
        return data

    def seek(self, offset: int, origin: miniaudio.SeekOrigin) -> bool:
        if origin is miniaudio.SeekOrigin.START and self._given is not None:
            # Frames of an MP3 are put together again.
            again = b"".join(self._given)
            self._given = [again[:offset]] if offset else []
            first = self.waiting.popleft() if self.waiting else b""
            self.waiting.appendleft(again[offset:] + first)
            self.held += len(again) - offset
            return True
        while origin is miniaudio.SeekOrigin.CURRENT and offset > 0:
            data = self.read(offset)
            if not data:
                break
            offset -= len(data)
        return True


class CompressedStream:
    """Bytes of one kind in, mono samples at the stream's own rate out."""

    def __init__(self, kind: Kind) -> None:
        """`kind` is one of `DECODABLE`."""
        self._kind = kind
        self._cutter = FrameCutter() if kind is Kind.MP3 else None
        self._pages = OggPages() if kind is Kind.VORBIS else None
        self._begin()

    def _begin(self) -> None:
        """Before the first byte of a file."""
        self._source = _Bytes()
        self._head = b""
        self._rate_hz = 0
        self._block = _BLOCK
        self._decoded: Iterator[object] | None = None

    def feed(self, data: bytes) -> Iterator[Chunk]:
        """Take in bytes and give the samples that are ready.

        Raises:
            NotDecodable: the bytes are not of this kind.
        """
        for page in self._pages.feed(data) if self._pages else (Page(data),):
            if page.begins:
                yield from self._left()
                self._begin()
            self._put(page.data)
            while self._rate_hz and self._has_enough():
                chunk = self._next()
                if chunk is None:
                    break
                yield chunk
            if page.ends:
                # The next file, if there is one, is only being made.
                yield from self._left()

    def end(self) -> Iterator[Chunk]:
        """Give what is left."""
        if self._pages is not None:
            self._put(self._pages.rest())
        yield from self._left()

    def _left(self) -> Iterator[Chunk]:
        while self._rate_hz and (chunk := self._next()) is not None:
            yield chunk

    def _put(self, data: bytes) -> None:
        if self._cutter is not None:
            for frame, whole in self._cutter.feed(data):
                self._rate_hz = self._rate_hz or frame.rate_hz
                self._block = frame.samples
                self._source.put(whole)
            return
        self._source.put(data)
        if not self._rate_hz:
            self._head += data
            self._rate_hz = _rate_hz(self._kind, self._head)

    def _has_enough(self) -> bool:
        if self._cutter is not None:
            return len(self._source.waiting) > _FRAMES_AHEAD
        return self._source.held > _BYTES_AHEAD

    def _next(self) -> Chunk | None:
        try:
            if self._decoded is None:
                self._decoded = miniaudio.stream_any(
                    self._source,
                    source_format=_FORMATS[self._kind],
                    nchannels=1,
                    sample_rate=self._rate_hz,
                    frames_to_read=self._block,
                )
                self._source.begun()
            samples = next(self._decoded, None)
            late = min(self._cutter.delay, len(samples)) if self._cutter and samples else 0
        except miniaudio.MiniaudioError:
            raise NotDecodable(f"no {self._kind.value}, though it begins like one") from None
        if samples is None:
            return None
        if self._cutter is not None and late:
            self._cutter.delay -= late
        return self._rate_hz, np.array(samples[late:], np.int16)


def _rate_hz(kind: Kind, head: bytes) -> int:
    """The samples per second that a header names; 0 while it is not complete."""
    if kind is Kind.FLAC:
        return struct.unpack_from(">I", head, 18)[0] >> 12 if len(head) >= 22 else 0
    return int(struct.unpack_from("<I", head, 40)[0]) if len(head) >= 44 else 0
