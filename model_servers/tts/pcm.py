"""Samples on their way out, resampled without gaps."""

from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
"""Shape (n,), mono."""


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


def _blocks(resampler: av.AudioResampler, frame: av.AudioFrame | None) -> Iterator[bytes]:
    for out in resampler.resample(frame):
        yield out.to_ndarray().reshape(-1).astype("<i2", copy=False).tobytes()
