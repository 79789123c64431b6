"""The way in: the listener hears every frame as it comes, the framework gets ten at a time.

livekit-agents hands each frame through five tasks to its detector and its recogniser. Here
neither looks at it, so that way need not be taken a hundred times a second.
"""

from collections.abc import Callable

from livekit import rtc
from livekit.agents.voice import io

_AT_A_TIME = 10


class CallerInput(io.AudioInput):
    """Stands between a room's audio input and the session."""

    def __init__(self, source: io.AudioInput, hear: Callable[[rtc.AudioFrame], None]) -> None:
        """Give `hear` each frame that comes from `source`, 16 kHz mono."""
        super().__init__(label="CallerInput", source=source)
        self._hear = hear

    async def __anext__(self) -> rtc.AudioFrame:
        """Return the next frames in one; what a cancelled call had taken is not returned again."""
        frames: list[rtc.AudioFrame] = []
        while len(frames) < _AT_A_TIME:
            frame = await super().__anext__()
            self._hear(frame)
            frames.append(frame)
        return rtc.combine_audio_frames(frames)
