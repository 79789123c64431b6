"""Frames on their way: conversions that keep what travels with a frame."""

from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

_SILENT = 8
"""Audio with no sample beyond this, of 32767, holds no voice: 72 dB below full scale."""


async def at_rate(
    frames: AsyncIterable[rtc.AudioFrame], rate_hz: int
) -> AsyncGenerator[rtc.AudioFrame, None]:
    """One stream of mono frames at `rate_hz`; frames of that rate pass as they are.

    What `userdata` a frame carries is carried by the first frame that has its audio.
    livekit-agents converts frames too, and loses it. Closing it closes `frames`.
    """
    resampler: rtc.AudioResampler | None = None
    carried: dict[str, Any] = {}
    try:
        async for frame in frames:
            if frame.sample_rate == rate_hz:
                yield frame
                continue
            if resampler is None:
                resampler = rtc.AudioResampler(frame.sample_rate, rate_hz)
            for name, value in frame.userdata.items():
                waiting = carried.get(name)
                carried[name] = waiting + value if isinstance(waiting, list) else value
            for converted in resampler.push(frame):
                converted.userdata.update(carried)
                carried.clear()
                yield converted
        for converted in resampler.flush() if resampler is not None else ():
            converted.userdata.update(carried)
            carried.clear()
            yield converted
    finally:
        if isinstance(frames, AsyncGenerator):
            await frames.aclose()


def is_audible(frame: rtc.AudioFrame) -> bool:
    """Whether a frame holds more than silence."""
    return is_sound(np.frombuffer(frame.data, np.int16))


def is_sound(samples: NDArray[np.int16]) -> bool:
    """Whether samples are more than silence; what a resampler makes of zeros is none."""
    return bool(len(samples)) and int(np.abs(samples.astype(np.int32)).max()) > _SILENT
