"""LiveKit outputs that keep the heard ledger.

They stand where livekit-agents puts its TranscriptSynchronizer, which guesses the place of
words from an average speaking rate. `HeardAudio` passes frames on and learns from the sink
what was played; `HeardText` keeps the words and releases them to the captions in step.
"""

import asyncio
import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.utils import is_given
from livekit.agents.voice import io

from agent.audio.marks import Again, Mute, Progress
from agent.playout.caption import Caption
from agent.playout.ledger import HeardLedger, unspoken
from agent.playout.voice_track import VoiceTrack
from agent.wording.parts import Part, plain

_TICK_S = 0.04
"""How often captions follow the voice, seconds."""
_BACK_S = 1.0
"""The play-out never goes back further: a hold takes back half a second at most."""
_MOST_WAITING = 16
"""Captions of so many replies wait for a room that takes none; older ones are dropped."""


@dataclass(slots=True)
class _Caption:
    text: str = ""
    ended: bool = False


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
        self._outbox: deque[_Caption] = deque(maxlen=_MOST_WAITING)
        self._posted = asyncio.Event()
        self._playing = asyncio.Event()
        self._has_text = False
        self._text_over = False
        self._voiceless = False
        """The reply's audio has ended before its first frame."""
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
            await self._posted.wait()
            self._posted.clear()
            while self._outbox:
                caption = self._outbox[0]
                text, caption.text = caption.text, ""
                if text:
                    await self._captions.capture_text(text)
                elif not caption.ended:
                    break
                dropped = not self._outbox or self._outbox[0] is not caption
                if dropped or not text:
                    self._captions.flush()
                if not dropped and not text:
                    self._outbox.popleft()

    async def _follow(self) -> None:
        while True:
            await self._playing.wait()
            if not self._voice.held:
                position_s = self._voice.position_s
                self._learn()
                self._release(self._ledger.begun(position_s))
                self._ledger.forget(position_s - _BACK_S)
            await asyncio.sleep(_TICK_S)

    def _release(self, text: str) -> None:
        if not text:
            return
        if not self._outbox or self._outbox[-1].ended:
            self._outbox.append(_Caption())
        self._outbox[-1].text += text
        self._posted.set()

    # From HeardText.

    def add_text(self, text: str) -> None:
        """Take in a piece of the reply's text; one with a place comes with its audio."""
        if not (isinstance(text, TimedString) and is_given(text.start_time)):
            self._has_text = True
            self._ledger.add(_parts(text))

    def text_ended(self) -> None:
        """The reply's text is complete, or will not go on."""
        self._text_over = self._has_text  # the text of a reply that was stopped ends after it
        if self._voiceless:
            self._finish_voiceless()

    # From HeardAudio.

    def add_audio(self, frame: rtc.AudioFrame) -> None:
        """Take in the next audio and the texts that belong to it."""
        self._voiceless = False
        for text in frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, ()):
            self._add_mark(text)
        pcm = np.frombuffer(frame.data, "<i2")
        self._ledger.add_audio(pcm, rate_hz=frame.sample_rate)

    def _add_mark(self, mark: TimedString) -> None:
        at_s = mark.start_time if is_given(mark.start_time) else 0.0
        match mark:
            case Progress():
                self._progress = mark
                self._ledger.breaks = mark.breaks
            case Again():
                self._ledger.again_from(at_s)
            case Mute():
                self._has_text = True
                self._ledger.add_mute(mark.piece, at_s=mark.at_s)
            case _ if mark and is_given(mark.start_time):
                self._has_text = True
                self._ledger.add(_parts(mark), start_s=at_s)

    def audio_ended(self, *, captured: bool, whole: bool) -> None:
        """The reply's audio has been handed over.

        The framework also flushes what it cancels, and clears it in the same turn of the loop:
        what is there then is not all of the audio.
        """
        loop = asyncio.get_running_loop()
        if not captured:
            self._ending = loop.call_soon(self._has_no_voice)
        elif whole and not self._cut_off:
            self._ending = loop.call_soon(self._ledger.end_audio)

    def _has_no_voice(self) -> None:
        """The voice failed before its first sample: the answer is in the captions alone."""
        self._voiceless = True
        if self._text_over:
            self._finish_voiceless()

    def _finish_voiceless(self) -> None:
        self._release(unspoken(self._ledger.said()))
        self._finish()

    def cut_off(self, *, captured: bool) -> None:
        """The reply is stopped; one that had no audio yet is not shown."""
        self._cut_off = captured
        if self._ending is not None:
            self._ending.cancel()
        if not captured:
            self._finish()

    def started(self) -> None:
        """The reply begins to sound."""
        self._playing.set()

    def finished(self, *, position_s: float, whole: bool) -> str:
        """The reply has ended; return the words that were heard.

        `position_s` is `math.inf` when all audio that there was has been played; `whole` when it
        was that of all the text, too.
        """
        self._learn()
        if position_s == math.inf:
            self._ledger.end_audio(whole=whole)
        heard = self._ledger.said() if whole else self._ledger.heard(position_s)
        self._release(self._ledger.ended(position_s))
        self._finish()
        return heard

    def _learn(self) -> None:
        """Tell the ledger how much of the audio is made of whole pieces."""
        if self._progress is not None:
            self._ledger.whole_to(self._progress.whole_s)

    def _finish(self) -> None:
        self._playing.clear()
        self._progress = None
        self._ending = None
        self._cut_off = self._text_over = self._voiceless = False
        if self._has_text and self._outbox:
            self._outbox[-1].ended = True
            self._posted.set()
        self._has_text = False
        self._ledger = HeardLedger(letter_s=self._ledger.letter_s)


def _parts(text: str) -> tuple[Part, ...]:
    return text.parts if isinstance(text, Caption) else plain(str(text))


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
        if not self._captured:
            self._truncated = False  # of a reply that has no play-out to end

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
        position_s = playback_position if interrupted else math.inf
        heard = self._playout.finished(position_s=position_s, whole=whole)
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
        """Keep the next piece."""
        self._playout.add_text(text)

    def flush(self) -> None:
        """The text is complete; the captions end with the voice."""
        self._playout.text_ended()
