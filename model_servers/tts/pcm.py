"""Samples on their way out: resampled without gaps, and the header of a WAV file."""

import struct
from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
"""Shape (n,), mono."""

BYTES_PER_SAMPLE = 2
_UNKNOWN_LENGTH = 0xFFFFFFFF


class Resampler:
    """Turns successive blocks of samples into one continuous stream of another rate.

    FFmpeg's polyphase filter keeps its state between blocks, so there is no click where
    they meet. When the source rate changes, what the filter still holds comes out first.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._source_hz = 0
        self._filter: av.AudioResampler | None = None

    def feed(self, samples: Samples, source_hz: int) -> bytes:
        """s16le samples that are complete after this block; may be empty."""
        out = b"" if source_hz == self._source_hz else self.finish()
        self._source_hz = source_hz
        if source_hz == self._rate_hz:
            return out + samples.astype("<i2", copy=False).tobytes()
        if self._filter is None:
            self._filter = av.AudioResampler(format="s16", layout="mono", rate=self._rate_hz)
        if len(samples) == 0:
            return out
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), "s16", "mono")
        frame.sample_rate = source_hz
        return out + b"".join(_blocks(self._filter, frame))

    def finish(self) -> bytes:
        """What is still in the filter. It can be fed again afterwards."""
        if self._filter is None:
            return b""
        rest = b"".join(_blocks(self._filter, None))
        self._filter = None
        return rest


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


def _blocks(resampler: av.AudioResampler, frame: av.AudioFrame | None) -> Iterator[bytes]:
    for out in resampler.resample(frame):
        yield out.to_ndarray().reshape(-1).astype("<i2", copy=False).tobytes()
