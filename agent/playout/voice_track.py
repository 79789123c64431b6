"""The agent's track: plays a reply, can be held at any sample and go on from it.

livekit-agents' own output queues 50 ms frames in front of 200 ms of native queue and drops
what is queued when it is paused. Here everything stays until it was played, so that a hold
costs no word, and the native queue is emptied in the same moment.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
from livekit import rtc
from livekit.agents.voice import io
from numpy.typing import NDArray

from agent.playout.queued_audio import QueuedAudio
from agent.tasks import undivided

FRAME_S = 0.020
_LATER_FRAME_S = 0.050
"""Each frame costs four turns of the event loop: larger ones once nobody waits for them."""
_FILLED_S = 0.06
_AHEAD_S = 0.10
"""Audio handed to the native source in advance: what a stall of the event loop may last
without a gap. A hold takes it back."""
NATIVE_QUEUE_MS = 1000
"""Never full, so that handing over a frame does not wait."""
_LATELY_S = 1.2
"""How much of what was played is remembered: an echo comes within a second."""
_LONG_HOLD_S = 0.3
"""After a shorter hold the word goes on where it was; after a longer one it is said again."""
_BACK_S = 0.45
"""How far back the beginning of a word is looked for."""
_GAP_DB = 14.0
"""A gap between words is this much quieter than they are."""
_FADE_S = 0.005
"""After a hold the voice fades in: no click."""


Listened = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


@dataclass(slots=True)
class _Segment:
    """One reply, or a part of it that the framework flushes separately."""

    audio: QueuedAudio
    """What is taken from it was handed to the native source."""
    started: bool = False
    flushed: bool = False
    cleared: bool = False


class VoiceTrack(io.AudioOutput):
    """A room's audio output. `publish` once, `aclose` at the end."""

    def __init__(self, *, rate_hz: int, source: rtc.AudioSource | None = None) -> None:
        """Mono at `rate_hz`, into `source` or a new one; needs a running event loop."""
        super().__init__(
            label="VoiceTrack",
            capabilities=io.AudioOutputCapabilities(pause=False),
            sample_rate=rate_hz,
        )
        self._rate_hz = rate_hz
        self._source = source or rtc.AudioSource(rate_hz, 1, queue_size_ms=NATIVE_QUEUE_MS)
        self._segments: deque[_Segment] = deque()
        self._published = False
        self._subscribed = asyncio.Event()
        self._changed = asyncio.Event()
        self._lately: deque[NDArray[np.int16]] = deque()
        self._captured = 0
        self._held = False
        self._held_at = 0.0
        self._holds = 0
        self._fade = False
        self._memory = int((_BACK_S + _AHEAD_S + _LATER_FRAME_S) * rate_hz)
        """Samples of a reply that a hold may take back."""

    async def publish(
        self,
        room: rtc.Room,
        *,
        name: str = "roomio_audio",
        listened: Listened | None = None,
        published: Callable[[rtc.LocalTrackPublication], None] = lambda publication: None,
    ) -> None:
        """Publish the track as a microphone; returns once somebody listens.

        Who that is decides `listened`, which is given what waits until somebody has subscribed to
        the track; without it, anybody. `published` is told before. Does nothing when it is
        published and somebody listens.
        """
        if self._published and self._subscribed.is_set():
            return
        track = rtc.LocalAudioTrack.create_audio_track(name, self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        publication = await undivided(
            room.local_participant.publish_track(track, options), name="publish-voice"
        )
        self._published = True
        published(publication)
        waiting = publication.wait_for_subscription
        await (waiting() if listened is None else listened(waiting))
        self.start()

    def start(self) -> None:
        """Somebody listens: take what comes."""
        self._subscribed.set()

    async def run(self) -> None:
        """Play what comes, until cancelled: the call is mute without it.

        Raises what the native source does. Run again, it goes on where it failed.
        """
        await self._subscribed.wait()
        self._changed.set()
        await self._play()

    async def aclose(self) -> None:
        """Release the native source, once `run` has ended."""
        await self._source.aclose()

    @property
    def playing(self) -> bool:
        """Whether a reply has begun to sound and is not over; also while it is held."""
        return bool(self._segments) and self._segments[0].started

    @property
    def held(self) -> bool:
        """Whether the reply is held."""
        return self._held

    @property
    def position_s(self) -> float:
        """How much of the segment in play has left, seconds."""
        if not self._segments:
            return 0.0
        sent_s = self._segments[0].audio.sent / self._rate_hz
        return max(0.0, sent_s - self._source.queued_duration)

    @property
    def captured_s(self) -> float:
        """Audio handed to the track since it was made, seconds."""
        return self._captured / self._rate_hz

    @property
    def unheard_s(self) -> float:
        """How much of it is still to be played, seconds."""
        if not self._segments:
            return 0.0
        left = sum(segment.audio.left for segment in self._segments)
        return left / self._rate_hz + self._source.queued_duration

    @property
    def rate_hz(self) -> int:
        """Samples per second."""
        return self._rate_hz

    def lately(self) -> NDArray[np.int16]:
        """The newest second or so of what has left, without the silences; newest sample last."""
        if not self._lately:
            return np.zeros(0, np.int16)
        sent = np.concatenate(self._lately)
        queued = round(self._source.queued_duration * self._rate_hz)
        return sent[: len(sent) - queued] if queued < len(sent) else sent[:0]

    @property
    def pending(self) -> bool:
        """Whether there is a reply, heard or not."""
        return bool(self._segments)

    @property
    def holds(self) -> int:
        """How often the track was held."""
        return self._holds

    def hold(self) -> None:
        """Fall silent at once and keep the place; a reply that has not begun does not begin."""
        if self._held:
            return
        self._held = True
        self._holds += 1
        self._held_at = asyncio.get_running_loop().time()
        if self.playing:
            self._take_back()

    def go_on(self) -> None:
        """Go on where it was held: after a long hold with the word that was being said."""
        if not self._held:
            return
        self._held, self._fade = False, self.playing
        held_s = asyncio.get_running_loop().time() - self._held_at
        if self.position_s and held_s >= _LONG_HOLD_S:
            audio = self._segments[0].audio
            said = audio.newest(int(_BACK_S * self._rate_hz))
            audio.give_back(len(said) - word_start(said, self._rate_hz))
        self._changed.set()

    # What the framework calls.

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Queue audio; waits only until somebody listens to the track."""
        await self._subscribed.wait()
        await super().capture_frame(frame)
        if not self._segments or self._segments[-1].flushed:
            self._segments.append(_Segment(QueuedAudio(memory=self._memory)))
        segment = self._segments[-1]
        if segment.cleared:
            return
        pcm = np.frombuffer(frame.data, np.int16)
        segment.audio.put(pcm)
        self._captured += len(pcm)
        self._changed.set()

    def flush(self) -> None:
        """The segment's audio is complete."""
        super().flush()
        if self._segments and not self._segments[-1].flushed:
            self._segments[-1].flushed = True
            self._changed.set()

    def clear_buffer(self) -> None:
        """End what is played or queued, at once."""
        self._held = False
        if not self._segments:
            return
        self._take_back()
        for segment in self._segments:
            segment.cleared = True
        self._finish_cleared()
        self._changed.set()

    def _take_back(self) -> None:
        queued = round(self._source.queued_duration * self._rate_hz)
        left = self.lately()
        self._source.clear_queue()
        self._lately = deque([left])
        self._segments[0].audio.give_back(queued)

    def _finish_cleared(self) -> None:
        while self._segments and self._segments[0].cleared and self._segments[0].flushed:
            segment = self._segments.popleft()
            self.on_playback_finished(
                playback_position=segment.audio.sent / self._rate_hz, interrupted=True
            )

    async def _play(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._finish_cleared()
            while self._segments and not self._held and not self._segments[0].cleared:
                segment = self._segments[0]
                ahead = self._source.queued_duration
                if segment.audio.left:
                    if ahead > _AHEAD_S:
                        await asyncio.sleep(ahead - _AHEAD_S + FRAME_S / 2)
                        continue
                    if not await self._send(segment):
                        break
                elif not segment.flushed:
                    break
                elif ahead > 0:
                    await asyncio.sleep(ahead)
                else:
                    self._segments.popleft()
                    length_s = segment.audio.sent / self._rate_hz
                    self.on_playback_finished(playback_position=length_s, interrupted=False)

    async def _send(self, segment: _Segment) -> bool:
        """Hand over the next frame; False when there is not a whole one yet."""
        queued_s = self._source.queued_duration
        left = segment.audio.left
        if left < int(FRAME_S * self._rate_hz) and not segment.flushed and queued_s > FRAME_S:
            return False
        size_s = FRAME_S if queued_s < _FILLED_S else _LATER_FRAME_S
        pcm = segment.audio.take(int(size_s * self._rate_hz))
        if self._fade:
            self._fade = False
            ramp = min(len(pcm), int(_FADE_S * self._rate_hz))
            pcm = pcm.copy()
            pcm[:ramp] = (pcm[:ramp] * np.linspace(0, 1, ramp)).astype(np.int16)
        if not segment.started:
            segment.started = True
            self.on_playback_started(created_at=time.time())
        self._remember(pcm)
        await self._source.capture_frame(rtc.AudioFrame(pcm.tobytes(), self._rate_hz, 1, len(pcm)))
        return True

    def _remember(self, pcm: NDArray[np.int16]) -> None:
        self._lately.append(pcm)
        length = sum(len(piece) for piece in self._lately)
        most = int((_LATELY_S + _AHEAD_S) * self._rate_hz)
        while length - len(self._lately[0]) > most:
            length -= len(self._lately.popleft())


def word_start(said: NDArray[np.int16], rate_hz: int) -> int:
    """Where the last word of some audio begins, in samples: after its last gap, if it has one."""
    size = rate_hz // 50
    count = len(said) // size
    if count < 2:
        return len(said)
    windows = said[len(said) - count * size :].reshape(count, size).astype(np.float64)
    levels = 10 * np.log10(np.mean(windows**2, axis=1) + 1.0)
    gaps = np.flatnonzero(levels <= levels.max() - _GAP_DB)
    return len(said) - (count - 1 - int(gaps[-1])) * size if len(gaps) else len(said)
