"""LiveKit outputs that keep the heard ledger.

They stand where livekit-agents puts its TranscriptSynchronizer, which guesses the place of
words from an average speaking rate. `HeardAudio` passes frames on and learns from the sink
what was played; `HeardText` keeps the words and releases them to the captions in step.
"""

import asyncio

import numpy as np
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.agents.utils import is_given
from livekit.agents.voice import io

from agent.playout.caption import Caption
from agent.playout.ledger import HeardLedger
from agent.playout.voice_track import VoiceTrack
from agent.tts.pacing import Progress
from agent.wording.parts import plain

_TICK_S = 0.04
"""How often captions follow the voice, seconds."""

_END: None = None


class Playout:
    """The ledger of the reply in play and the two outputs around it.

    `run` must run for as long as the outputs are used.
    """

    def __init__(self, *, voice: VoiceTrack, text: io.TextOutput) -> None:
        """Wrap the agent's track and the room's captions."""
        self.audio = HeardAudio(self, voice)
        self.text = HeardText(self, text)
        self._voice = voice
        self._captions = text
        self._ledger = HeardLedger()
        self._outbox: asyncio.Queue[str | None] = asyncio.Queue()
        self._playing = asyncio.Event()
        self._has_text = False
        self._progress: Progress | None = None
        self._ending: asyncio.Handle | None = None
        self._cut_off = False

    async def run(self) -> None:
        """Release captions until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write(), name="captions-write")
            group.create_task(self._follow(), name="captions-follow")

    async def _write(self) -> None:
        while True:
            text = await self._outbox.get()
            if text is not _END:
                await self._captions.capture_text(text)
            else:
                self._captions.flush()

    async def _follow(self) -> None:
        while True:
            await self._playing.wait()
            if not self._voice.held:
                self._learn()
                self._release(self._ledger.begun(self._voice.position_s))
            await asyncio.sleep(_TICK_S)

    def _release(self, text: str) -> None:
        if text:
            self._outbox.put_nowait(text)

    # From HeardText.

    def add_text(self, text: str) -> None:
        start: float | None = None
        if isinstance(text, io.TimedString) and is_given(text.start_time):
            start = text.start_time
        self._has_text = True
        parts = text.parts if isinstance(text, Caption) else plain(str(text))
        self._ledger.add(parts, start_s=start)

    # From HeardAudio.

    def add_audio(self, frame: rtc.AudioFrame) -> None:
        for text in frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, ()):
            if isinstance(text, Progress):
                self._progress = text
        pcm = np.frombuffer(frame.data, "<i2")
        self._ledger.add_audio(pcm, rate_hz=frame.sample_rate)

    def audio_ended(self, *, captured: bool, whole: bool) -> None:
        if captured:
            # The framework also flushes what it cancels, and clears it in the same turn of the
            # loop: what is there then is not all of the audio.
            if whole and not self._cut_off:
                loop = asyncio.get_running_loop()
                self._ending = loop.call_soon(self._ledger.end_audio)
        elif self._has_text:
            # The voice failed before its first sample: the answer is in the captions alone.
            self._finish(self._ledger.text)

    def cut_off(self, *, captured: bool) -> None:
        self._cut_off = captured
        if self._ending is not None:
            self._ending.cancel()

    def started(self) -> None:
        self._playing.set()

    def finished(self, *, position_s: float, whole: bool) -> str:
        """The reply has ended; return the words that were heard."""
        self._learn()
        heard = self._ledger.text if whole else self._ledger.heard(position_s)
        self._finish(heard)
        return heard

    def _learn(self) -> None:
        """Tell the ledger how much of the audio is made of whole pieces."""
        if self._progress is not None:
            self._ledger.whole_to(self._progress.whole_s)

    def _finish(self, heard: str) -> None:
        self._playing.clear()
        self._progress = None
        self._ending = None
        self._cut_off = False
        self._release(self._ledger.unreleased(heard))
        if self._has_text:
            self._outbox.put_nowait(_END)
        self._has_text = False
        self._ledger = HeardLedger(letter_s=self._ledger.letter_s)


class HeardAudio(io.AudioOutput):
    """Passes frames to the room and reports, with each end of play-out, the words heard."""

    def __init__(self, playout: Playout, sink: io.AudioOutput) -> None:
        """Sit on top of `sink`."""
        super().__init__(
            label="HeardAudio",
            next_in_chain=sink,
            # The framework's pause loses what is queued; the turn taker holds the track itself.
            capabilities=io.AudioOutputCapabilities(pause=False),
            sample_rate=sink.sample_rate,
        )
        self._playout = playout
        self._captured = False
        self._truncated = False

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Queue audio; returns once the room has taken it, not once it was heard."""
        assert self.next_in_chain is not None
        await self.next_in_chain.capture_frame(frame)
        await super().capture_frame(frame)
        self._captured = True
        self._playout.add_audio(frame)

    def flush(self) -> None:
        """The reply's audio is complete."""
        super().flush()
        if self.next_in_chain is not None:
            self.next_in_chain.flush()
        self._playout.audio_ended(captured=self._captured, whole=not self._truncated)

    def clear_buffer(self) -> None:
        """Stop at once; what is queued is never heard."""
        self._playout.cut_off(captured=self._captured)
        if self.next_in_chain is not None:
            self.next_in_chain.clear_buffer()

    def on_playback_started(self, *, created_at: float) -> None:
        """The first sample has left for the room."""
        self._playout.started()
        super().on_playback_started(created_at=created_at)

    def on_playback_finished(
        self,
        *,
        playback_position: float,
        interrupted: bool,
        synchronized_transcript: str | None = None,
    ) -> None:
        """The reply has ended after `playback_position` seconds of its audio."""
        self._captured = False
        whole = not interrupted and not self._truncated
        self._truncated = False
        heard = self._playout.finished(position_s=playback_position, whole=whole)
        super().on_playback_finished(
            playback_position=playback_position,
            interrupted=interrupted,
            synchronized_transcript=heard,
        )

    def _mark_input_truncated(self) -> None:
        self._truncated = True
        super()._mark_input_truncated()


class HeardText(io.TextOutput):
    """Takes the reply's words as they are generated; the captions get them when spoken."""

    def __init__(self, playout: Playout, captions: io.TextOutput) -> None:
        """Feed `captions`."""
        super().__init__(label="HeardText", next_in_chain=captions)
        self._playout = playout

    async def capture_text(self, text: str) -> None:
        """Keep the next piece; a `TimedString` says where its audio begins."""
        self._playout.add_text(text)

    def flush(self) -> None:
        """The text is complete; the captions end with the voice."""
