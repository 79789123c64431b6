"""The agent's way out, recorded: what is played of its voice, and its words when they are heard."""

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

from agent.recorder.recorder import Recorder


class RecordedSource(rtc.AudioSource):
    """A native source that tells a recorder what it is given and what is taken back."""

    def __init__(self, recorder: Recorder, rate_hz: int, *, queue_ms: int) -> None:
        """Mono at `rate_hz`; needs a running event loop."""
        super().__init__(rate_hz, 1, queue_size_ms=queue_ms)
        self._recorder = recorder

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Queue audio for play-out."""
        self._recorder.frame(np.frombuffer(frame.data, np.int16))
        await super().capture_frame(frame)

    def clear_queue(self) -> None:
        """Take back what was not played."""
        self._recorder.taken_back(round(self.queued_duration * self.sample_rate))
        super().clear_queue()


class RecordedCaptions(io.TextOutput):
    """Stands before the room's captions, which are released in step with the voice."""

    def __init__(self, recorder: Recorder, captions: io.TextOutput) -> None:
        """Hand everything on to `captions`."""
        super().__init__(label="RecordedCaptions", next_in_chain=captions)
        self._recorder = recorder
        self._captions = captions

    async def capture_text(self, text: str) -> None:
        """The next words."""
        self._recorder.tell("caption", text=str(text))
        await self._captions.capture_text(text)

    def flush(self) -> None:
        """The reply's words are complete."""
        self._captions.flush()
