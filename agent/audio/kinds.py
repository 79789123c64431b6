"""What some bytes are, by the bytes themselves: labels of audio are often wrong.

In this order: the first bytes of known formats; text; and bare samples, if they are plausible.
Bytes that are no samples, compressed ones for example, are white noise at full scale when they
are played as such. Speech is not: its samples resemble their neighbours, or are small.
"""

import struct
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.audio.mp3_frames import HEADER_BYTES, frame_at


class NotDecodable(ValueError):
    """The bytes are not of the format that they begin like; the message says what they are."""


class Kind(Enum):
    """A format; the value is its name for people."""

    WAV = "WAV"
    MP3 = "MP3"
    FLAC = "FLAC"
    VORBIS = "Ogg Vorbis"
    OPUS = "Ogg Opus"
    AAC = "AAC"
    WEBM = "WebM"
    MP4 = "MP4"
    OTHER = "a file of another format"
    EVENTS = "server-sent events"
    JSON = "JSON"
    TEXT = "text or a web page"
    RAW = "bare samples"
    NOISE = "noise"


DECODABLE: Final = frozenset({Kind.MP3, Kind.FLAC, Kind.VORBIS})
"""What `agent.audio.compressed` decodes."""
DECIDES_BYTES: Final = 32
"""So many bytes are looked at, if they come; rarely more, see `kind_of`."""
_NOISE_BYTES = 512
_TEXT_BYTES = 64
_MAGIC = (
    (b"RIFF", Kind.WAV),
    (b"RF64", Kind.WAV),
    (b"ID3", Kind.MP3),
    (b"fLaC", Kind.FLAC),
    (b"\x1a\x45\xdf\xa3", Kind.WEBM),
    (b"RIFX", Kind.OTHER),
    (b"FORM", Kind.OTHER),
    (b"caff", Kind.OTHER),
    (b".snd", Kind.OTHER),
    (b"#!AMR", Kind.OTHER),
    (b"\x1f\x8b\x08", Kind.OTHER),
    (b"PK\x03\x04", Kind.OTHER),
    (b"%PDF", Kind.OTHER),
    (b"\x89PNG", Kind.OTHER),
    (b"\x30\x26\xb2\x75", Kind.OTHER),
)
_EVENT_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")
_PLAIN = frozenset(b"\t\n\r\f" + bytes(range(0x20, 0x7F)))

_QUIET = 0.25
"""No sample beyond this share of full scale: what is not noise is known at once."""
_LOUD = 0.45
"""Noise is louder than this, root mean square; as bytes of equal chance 0.58."""
_ALIKE = 0.3
"""Samples of noise correlate less with their neighbours."""
_FLAT = 1.4, 2.2
"""Fourth moment of noise, over the square of the second: 1.8 when all values are as likely."""
_LEAST_SAMPLES = 128
_FULL_SCALE = 32768.0


def kind_of(data: bytes, *, final: bool) -> Kind | None:
    """What a stream that begins with `data` is.

    Args:
        data: its first bytes.
        final: whether no more will come.

    Returns:
        None while it needs more bytes: 32, 36 of an Ogg, or 512 when the samples would be loud, or
        the length of a frame of MP3 or AAC.
    """
    if not final and len(data) < DECIDES_BYTES:
        return None
    for magic, kind in _MAGIC:
        if data.startswith(magic) or (magic == b"RIFF" and 0 < len(data) < 4 and data in magic):
            return kind
    if data[4:8] == b"ftyp":
        return Kind.MP4
    if data.startswith(b"OggS"):
        return _in_ogg(data, final=final)
    if data[:1] == b"\xff":
        found, framed = _in_frames(data, final=final)
        if found:
            return framed
    if _is_text(data, final=final):
        return _text_kind(data.removeprefix(b"\xef\xbb\xbf").lstrip())
    return _samples_kind(data, final=final)


def is_noise(samples: NDArray[np.int16]) -> bool:
    """Whether 16-bit samples are white noise at full scale, as no speech is; at least 256.

    Samples of 32-bit floating point are taken for it too.
    """
    if len(samples) < 2 * _LEAST_SAMPLES:
        return False
    first, second = samples[0::2], samples[1::2]
    return _is_white(samples) or _are_floats(first, second) or _are_floats(second, first)


def _are_floats(low: NDArray[np.int16], high: NDArray[np.int16]) -> bool:
    """Whether these are halves of numbers that are no smaller than 2 to the -31, and below 2."""
    exponents = high & 0x7FFF
    usual = np.count_nonzero((exponents >= 0x3000) & (exponents < 0x4000))
    return bool(usual > 0.9 * len(high)) and _is_white(low)


def _is_white(samples: NDArray[np.int16]) -> bool:
    values = samples / _FULL_SCALE
    power = float(np.mean(values**2))
    if power < _LOUD**2:
        return False
    neighbours = (float(np.mean(values[lag:] * values[:-lag])) / power for lag in (1, 2))
    fourth = float(np.mean(values**4)) / power**2
    return all(abs(alike) < _ALIKE for alike in neighbours) and _FLAT[0] < fourth < _FLAT[1]


def _in_ogg(data: bytes, *, final: bool) -> Kind | None:
    first = data[28:36]
    for magic, kind in ((b"\x01vorbis", Kind.VORBIS), (b"OpusHead", Kind.OPUS)):
        if first.startswith(magic):
            return kind
        if not final and magic.startswith(first):
            return None
    return Kind.OTHER


def _in_frames(data: bytes, *, final: bool) -> tuple[bool, Kind | None]:
    """MP3 or AAC without a header: two frames that follow each other."""
    frame = frame_at(data, 0)
    if frame is not None:
        length, kind, same = frame.length, Kind.MP3, frame.rate_hz
        following = frame_at(data, length)
        if following is not None and following.rate_hz == same:
            return True, kind
    elif len(data) >= 7 and data[1] & 0xF6 == 0xF0:
        (word,) = struct.unpack_from(">I", data, 3)
        length, kind = (word >> 13) & 0x1FFF, Kind.AAC
        if length < 7:
            return False, None
        if data[length : length + 2] == data[:2]:
            return True, kind
    else:
        return False, None
    if len(data) >= length + HEADER_BYTES or (final and len(data) < length):
        return False, None
    return True, kind if final else None


def _is_text(data: bytes, *, final: bool) -> bool:
    start = data[:_TEXT_BYTES]
    if not start or (len(start) < DECIDES_BYTES and not final):
        return False
    if all(byte in _PLAIN for byte in start):
        return True
    try:
        text = start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:
            return False
        text = start[: error.start].decode("utf-8-sig")
    return all(char.isprintable() or char in "\t\n\r\f" for char in text)


def _text_kind(text: bytes) -> Kind:
    if text.startswith(_EVENT_STARTS):
        return Kind.EVENTS
    return Kind.JSON if text[:1] in (b"{", b"[") else Kind.TEXT


def _samples_kind(data: bytes, *, final: bool) -> Kind | None:
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
    if len(samples) == 0 or float(np.abs(samples.astype(np.int32)).max()) < _QUIET * _FULL_SCALE:
        return Kind.RAW
    if len(data) < _NOISE_BYTES and not final:
        return None
    return Kind.NOISE if is_noise(samples) else Kind.RAW
