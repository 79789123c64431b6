"""The track of one telephone: everybody else low, the translation on top."""

import asyncio
from collections.abc import Callable

import numpy as np
from livekit import rtc

from agent.interpreting.mix import FRAME, RATE_HZ, Mix, Pcm
from agent.playout.voice_track import NATIVE_QUEUE_MS
from agent.tasks import undivided

_NAME = "phone"
_AHEAD_S = 0.06
"""Audio handed to the native source in advance: a shorter stall of the event loop makes no gap."""
_VOICE = ""
"""The translation's place in the mix; people's are by their tracks' sids."""


class PhoneLine:
    """`publish` and `run` must run for as long as it is wanted; then `aclose`."""

    def __init__(self, *, source: rtc.AudioSource | None = None) -> None:
        """Mix into `source` or a new one; needs a running event loop."""
        self._source = source or rtc.AudioSource(RATE_HZ, 1, queue_size_ms=NATIVE_QUEUE_MS)
        self._mix = Mix()
        self._some = asyncio.Event()
        self._resampler: rtc.AudioResampler | None = None
        self.sid = ""
        """Of the track, once it is published."""
        self.listens = False
        """Whether the telephone has subscribed to it."""

    async def publish(self, room: rtc.Room, *, changed: Callable[[], None]) -> None:
        """Publish the track; returns when the telephone has subscribed to it.

        Nobody else may be permitted to. `changed` is told when it is published, and before this
        returns.
        """
        track = rtc.LocalAudioTrack.create_audio_track(_NAME, self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        publication = await undivided(
            room.local_participant.publish_track(track, options), name="publish-phone"
        )
        self.sid = publication.sid
        changed()
        await publication.wait_for_subscription()
        self.listens = True
        changed()

    def hear(self, sid: str, frame: rtc.AudioFrame, *, level: float) -> None:
        """Somebody's track sounds, mono at `RATE_HZ`; `level` is its amplitude in the mix."""
        self._mix.put(sid, np.frombuffer(frame.data, np.int16), level=level)
        self._some.set()

    def hear_voice(self, frame: rtc.AudioFrame) -> None:
        """The translation sounds, mono at any one rate: at its full level."""
        for resampled in self._at_rate(frame):
            self._mix.put(_VOICE, np.frombuffer(resampled.data, np.int16), live=False)
            self._some.set()

    async def run(self) -> None:
        """Play the mix in frames of 20 ms, until cancelled; while nothing sounds nothing is sent.

        Raises what the native source does. Run again, it goes on.
        """
        while True:
            await self._some.wait()
            self._some.clear()
            missing_s = _AHEAD_S - self._source.queued_duration
            if self._mix.flows and missing_s > 0:
                # Else what comes first would fill the source's queue, and what follows be late.
                await self._send(np.zeros(round(missing_s * RATE_HZ), np.int16))
            while self._mix.flows:
                ahead = self._source.queued_duration
                if ahead > _AHEAD_S:
                    await asyncio.sleep(ahead - _AHEAD_S + FRAME / RATE_HZ / 2)
                else:
                    await self._send(self._mix.take())

    async def aclose(self) -> None:
        """Release the native source, once nothing runs."""
        await self._source.aclose()

    async def _send(self, pcm: Pcm) -> None:
        await self._source.capture_frame(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm)))

    def _at_rate(self, frame: rtc.AudioFrame) -> list[rtc.AudioFrame]:
        if frame.sample_rate == RATE_HZ:
            return [frame]
        if self._resampler is None:
            self._resampler = rtc.AudioResampler(frame.sample_rate, RATE_HZ)
        return self._resampler.push(frame)
