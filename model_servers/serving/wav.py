"""16-bit mono samples on their way out: the header of a WAV file, and small slices."""

import struct
from collections.abc import Iterator

BYTES_PER_SAMPLE = 2
_UNKNOWN_LENGTH = 0xFFFFFFFF


def wav_header(rate_hz: int, data_bytes: int | None) -> bytes:
    """44 bytes before mono s16le samples; None: a stream whose length is not known yet."""
    data = _UNKNOWN_LENGTH if data_bytes is None else data_bytes
    whole = _UNKNOWN_LENGTH if data_bytes is None else data_bytes + 36
    layout = (1, 1, rate_hz, rate_hz * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE, 16)
    head = struct.pack("<4sI4s4sI", b"RIFF", whole, b"WAVE", b"fmt ", 16)
    return head + struct.pack("<HHIIHH4sI", *layout, b"data", data)


def slices(pcm: bytes, rate_hz: int, length_s: float) -> Iterator[bytes]:
    """Cut s16le mono samples into slices of at most `length_s` seconds."""
    step = max(1, int(rate_hz * length_s)) * BYTES_PER_SAMPLE
    for begin in range(0, len(pcm), step):
        yield pcm[begin : begin + step]
