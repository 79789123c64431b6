"""One track of somebody's: its sound, given to who hears it as it comes."""

import asyncio
import time
from collections.abc import Callable

from livekit import rtc

from agent.hearing.ear import HOP_S, RATE_HZ
from agent.interpreting.speaker import Speaker

_FRAME_MS = 10
_MISSING_S = 0.1
"""A track that sends nothing for so long is muted, or its packets are lost."""


async def hear(
    track: rtc.Track, speaker: Speaker, *, clock: Callable[[], float] = time.monotonic
) -> None:
    """Give a track's sound to `speaker` until it ends; then what is left of an utterance.

    Requests to the recogniser are cancelled with this.
    """
    stream = rtc.AudioStream.from_track(
        track=track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=_FRAME_MS
    )
    frames: asyncio.Queue[rtc.AudioFrame | None] = asyncio.Queue()

    async def read() -> None:
        async for event in stream:
            frames.put_nowait(event.frame)
        frames.put_nowait(None)

    try:
        async with asyncio.TaskGroup() as requests:
            speaker.start(requests)
            reading = requests.create_task(read(), name="read-track")
            await _listen(frames, speaker, clock)
            reading.cancel()
    finally:
        await stream.aclose()


async def _listen(
    frames: "asyncio.Queue[rtc.AudioFrame | None]", speaker: Speaker, clock: Callable[[], float]
) -> None:
    heard, ended = clock(), False
    while True:
        try:
            async with asyncio.timeout(_MISSING_S):
                frame = await frames.get()
        except TimeoutError:
            frame = None
        else:
            ended = ended or frame is None
        now = clock()
        if frame is not None:
            speaker.hear(frame)
        elif not speaker.silence(round((now - heard) / HOP_S)) and ended:
            return
        heard = now
