"""WAV as it arrives, whatever its header claims.

Programs that stream a WAV write 0 or the largest number as its length, join several with a
header each, or put a LIST chunk behind the samples: none of that is sound.

Source: Multimedia Programming Interface and Data Specifications 1.0, chapter 3 (RIFF, WAVE);
KSDATAFORMAT_SUBTYPE of WAVEFORMATEXTENSIBLE.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.audio.kinds import NotDecodable

Chunk = tuple[int, NDArray[np.int16]]
"""Samples per second, and mono samples."""

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
"""Format tags."""
_SAMPLE_BYTES = {
    (_PCM, 8): 1, (_PCM, 16): 2, (_PCM, 24): 3, (_PCM, 32): 4, (_FLOAT, 32): 4, (_FLOAT, 64): 8
}  # fmt: skip
_RIFF_BYTES, _CHUNK_BYTES, _FORMAT_BYTES = 12, 8, 16
_LONGEST_HEADER = 64 * 1024
"""A header longer than this many bytes is not one."""
_NO_LENGTH = 0x7FFF0000
"""A data chunk is as long as this, or of length 0, when its writer did not know."""
_NOT_SAMPLES = re.compile(rb"(?:RIFF|RF64)....WAVE|LIST....INFO", re.DOTALL)
_LONGEST_MARK = 12
_NAME = re.compile(rb"[A-Za-z0-9]{3}[A-Za-z0-9 ]")
_MOST_CHANNELS = 8
_EVER = 2**62


@dataclass(frozen=True, slots=True)
class _Format:
    tag: int
    bits: int
    channels: int
    rate_hz: int

    @property
    def frame_bytes(self) -> int:
        return _SAMPLE_BYTES[self.tag, self.bits] * self.channels


class WavStream:
    """Bytes in, mono samples out."""

    def __init__(self) -> None:
        """Begin before the first header."""
        self._held = b""
        self._format: _Format | None = None
        self._in_data = False
        self._left: int | None = None
        """Bytes of the data chunk that are to come; None: nobody knows."""
        self._skip = 0
        self._header_bytes = 0

    def feed(self, data: bytes) -> Iterator[Chunk]:
        """Take in bytes and give the samples that are whole.

        Raises:
            NotDecodable: a header that cannot be read, or of an unknown sample format.
        """
        self._held += data
        while self._in_data or self._read_header():
            chunk = self._samples()
            if chunk is not None:
                yield chunk
            if self._in_data:
                break

    def _read_header(self) -> bool:
        """Read up to the next samples; False while more bytes are needed."""
        while True:
            step = min(self._skip, len(self._held))
            self._skip, self._held = self._skip - step, self._held[step:]
            if _LONGEST_HEADER < self._header_bytes < _EVER:
                raise NotDecodable("a WAV without samples")
            if self._skip or len(self._held) < _CHUNK_BYTES:
                return False
            name, size = struct.unpack_from("<4sI", self._held)
            if name in (b"RIFF", b"RF64"):
                if len(self._held) < _RIFF_BYTES:
                    return False
                if self._held[8:12] != b"WAVE":
                    raise NotDecodable("a RIFF file that is no WAV")
                self._skip, self._format = _RIFF_BYTES, None
            elif name == b"data":
                if self._format is None:
                    raise NotDecodable("a WAV without a format")
                self._held = self._held[_CHUNK_BYTES:]
                self._in_data, self._header_bytes = True, 0
                self._left = size if 0 < size < _NO_LENGTH else None
                return True
            elif not _NAME.fullmatch(name):
                if self._format is None:
                    raise NotDecodable("a WAV of unknown chunks")
                self._skip = _EVER
            else:
                if name == b"fmt ":
                    if len(self._held) < _CHUNK_BYTES + max(_FORMAT_BYTES, min(size, 40)):
                        return False
                    self._format = _read_format(self._held[_CHUNK_BYTES:], size)
                self._skip = _CHUNK_BYTES + size + size % 2
            self._header_bytes += self._skip

    def _samples(self) -> Chunk | None:
        """Take the whole samples that are there; the chunk ends with its length, or a mark."""
        assert self._format is not None
        end, after = len(self._held), None
        mark = _NOT_SAMPLES.search(self._held)
        if mark is not None:
            end = after = mark.start()
        elif self._left is not None and end >= self._left:
            after = self._end_of_data(self._left)
            end = self._left if self._left is not None else _maybe_mark(self._held)
        else:
            end = _maybe_mark(self._held)
        size = end // self._format.frame_bytes * self._format.frame_bytes
        data, self._held = self._held[:size], self._held[size:]
        if self._left is not None:
            self._left -= size
        if after is not None:
            self._skip = after - size
            self._in_data, self._left = False, None
        return (self._format.rate_hz, _mono(data, self._format)) if data else None

    def _end_of_data(self, length: int) -> int | None:
        """Where the next chunk begins, if the data has the length that its header claims.

        None while that cannot be told, and for good when it has not: all that follows are samples.
        """
        after = length + length % 2
        if len(self._held) < after + _CHUNK_BYTES:
            return None
        if _NAME.fullmatch(self._held, after, after + 4):
            return after
        self._left = None
        return None


def _maybe_mark(data: bytes) -> int:
    """Where bytes begin at the end of `data` that may become a mark."""
    for name in (b"RIFF", b"RF64", b"LIST"):
        at = data.rfind(name, max(0, len(data) - _LONGEST_MARK))
        if at >= 0:
            return at
        for size in (3, 2, 1):
            if data.endswith(name[:size]):
                return len(data) - size
    return len(data)


def _read_format(data: bytes, size: int) -> _Format:
    tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", data)
    if tag == _EXTENSIBLE:
        tag = struct.unpack_from("<H", data, 24)[0] if size >= 26 and len(data) >= 26 else _PCM
    if (tag, bits) not in _SAMPLE_BYTES or not 0 < channels <= _MOST_CHANNELS:
        raise NotDecodable(f"a WAV of format {tag} with {bits} bits and {channels} channels")
    if not 4000 <= rate_hz <= 192000:
        raise NotDecodable(f"a WAV of {rate_hz} samples per second")
    return _Format(tag, bits, channels, rate_hz)


def _mono(data: bytes, form: _Format) -> NDArray[np.int16]:
    if (form.tag, form.bits, form.channels) == (_PCM, 16, 1):
        return np.frombuffer(data, "<i2")
    values = _values(data, form).reshape(-1, form.channels).mean(axis=1, dtype=np.float32)
    mono: NDArray[np.int16] = np.rint(np.nan_to_num(values).clip(-32768, 32767)).astype("<i2")
    return mono


def _values(data: bytes, form: _Format) -> NDArray[np.float32]:
    """All samples at the scale of 16 bits."""
    if form.tag == _FLOAT:
        values = np.frombuffer(data, "<f4" if form.bits == 32 else "<f8").astype(np.float32)
        return values * np.float32(32767)
    if form.bits == 8:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) * np.float32(256)
    if form.bits == 24:
        words = np.zeros((len(data) // 3, 4), np.uint8)
        words[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return words.view("<i4")[:, 0].astype(np.float32) / np.float32(2**16)
    values = np.frombuffer(data, f"<i{form.bits // 8}").astype(np.float32)
    return values / np.float32(2 ** (form.bits - 16))
