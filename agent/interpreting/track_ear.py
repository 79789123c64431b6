"""One track of somebody's: its sound, given to who hears it as it comes."""

import asyncio
import time
from collections.abc import Callable

from livekit import rtc

from agent.hearing.ear import HOP_S, RATE_HZ
from agent.interpreting.speaker import Speaker

_FRAME_MS = 50
"""Each frame costs a turn of the event loop, also in silence; each millisecond of it half a
millisecond of lag."""
_MISSING_S = 0.1
"""A track that sends nothing for so long is muted, or its packets are lost."""


class TrackEar:
    """Gives a track's sound to a speaker. `run` once."""

    def __init__(
        self,
        track: rtc.Track,
        speaker: Speaker,
        *,
        sounded: Callable[[rtc.AudioFrame], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Give `sounded` each frame too, and measure silence on `clock`, seconds."""
        self._track = track
        self._speaker = speaker
        self._sounded = sounded
        self._clock = clock
        self._heard = clock()
        self._ended = asyncio.Event()

    def end(self) -> None:
        """The track sends no more: `run` returns when what was said is told."""
        self._ended.set()

    async def run(self) -> None:
        """Listen until the track ends; then what is left of an utterance.

        Requests to the recogniser are cancelled with this.
        """
        stream = rtc.AudioStream.from_track(
            track=self._track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=_FRAME_MS
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                self._speaker.start(tasks)
                tasks.create_task(self._read(stream), name="read-track")
                # Silence is no event that could be waited for.
                while self._goes_on():  # noqa: ASYNC110
                    await asyncio.sleep(_MISSING_S)
                # A stream to the recogniser does not end by itself.
                raise _Over
        except* _Over:
            pass
        finally:
            await stream.aclose()

    async def _read(self, stream: rtc.AudioStream) -> None:
        async for event in stream:
            if self._ended.is_set():
                return
            self._heard = self._clock()
            self._sounded(event.frame)
            self._speaker.hear(event.frame)
        self.end()

    def _goes_on(self) -> bool:
        """Whether there is more to hear; time in which there was no sound is made up for."""
        missing_s = self._clock() - self._heard
        if missing_s < _MISSING_S:
            return True
        self._heard += missing_s
        return self._speaker.silence(round(missing_s / HOP_S)) or not self._ended.is_set()


class _Over(Exception):
    """The track has ended."""
