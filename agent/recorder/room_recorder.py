"""The recorder of a captioned or interpreted room: several tracks on one time axis.

All methods are called on the event loop and return at once, but for `join`. docs/recording.md says
what is in each line.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, RATE_HZ
from agent.recorder.agent_sound import AgentSound
from agent.recorder.sound_facts import sound_facts
from agent.recorder.tape import Tape
from agent.recorder.track_sound import Stretch, TrackSound
from agent.recorder.writer import RecordingWriter

_PLAYED_S = 0.5
"""Play-out is written once it is this old, seconds, and as much at a time."""


class RoomRecorder:
    """Between a room and its file. Tracks have numbers, people's and the agent's together."""

    def __init__(
        self,
        writer: RecordingWriter,
        *,
        facts: Mapping[str, Any],
        agent_hz: int,
        sound: bool,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Begin a recording; `facts` stand in its first line, `clock` is in seconds.

        People's tracks are mono at 16 kHz, the agent's at `agent_hz`. With `sound` both are kept.
        """
        rates = {"hop_s": HOP_S, "caller_hz": RATE_HZ, "agent_hz": agent_hz}
        self._tape = Tape(writer, facts={"sound": sound, **rates, **facts}, clock=clock)
        self._agent_hz = agent_hz
        self._sound = sound
        self._heard: dict[int, TrackSound] = {}
        self._voices: dict[int, AgentSound] = {}

    @property
    def now(self) -> float:
        """Seconds since the recording began."""
        return self._tape.now

    def tell(self, kind: str, **facts: Any) -> None:
        """Something happened."""
        self._tape.put(kind, self.now, facts)

    def hear(self, track: int, pcm: NDArray[np.int16], *, told: bool) -> None:
        """A frame of somebody's track, mono at 16 kHz; it must not be changed any more.

        `told`: whether they know that their sound is kept; else its level alone is.
        """
        sound = self._heard.setdefault(track, TrackSound(RATE_HZ))
        self._keep_heard(track, sound.hear(pcm, self.now, kept=self._sound and told))

    def heard(self, track: int) -> None:
        """Somebody's track is over."""
        sound = self._heard.pop(track, None)
        if sound is not None:
            self._keep_heard(track, sound.rest())

    def time_of(self, track: int, ago_s: float) -> float:
        """When the sound of somebody's track was that so much sound has come after, seconds.

        Since the recording began.
        """
        sound = self._heard.get(track)
        return self.now - ago_s if sound is None else sound.time_of(ago_s, self.now)

    def speak(self, track: int, pcm: NDArray[np.int16]) -> None:
        """A frame of one of the agent's tracks was queued for play-out, mono at its rate."""
        now = self.now
        sound = self._voices.setdefault(track, AgentSound(self._agent_hz))
        sound.queue(pcm, now)
        if now - sound.oldest > 2 * _PLAYED_S:
            self._keep_played(track, sound, before=now - _PLAYED_S)

    def silent(self, track: int) -> None:
        """One of the agent's tracks has played all that was queued."""
        sound = self._voices.get(track)
        if sound is not None:
            self._keep_played(track, sound, before=self.now + _PLAYED_S)

    def spoken(self, track: int) -> None:
        """One of the agent's tracks is over: what is queued is not played any more."""
        sound = self._voices.pop(track, None)
        if sound is not None:
            self._keep_played(track, sound, before=self.now)

    def end(self) -> None:
        """Nothing more will be told."""
        for track in list(self._heard):
            self.heard(track)
        for track in list(self._voices):
            self.spoken(track)
        self._tape.end()

    def join(self) -> None:
        """Wait until all is in the file; blocks for two seconds at most."""
        self._tape.join()

    def _keep_heard(self, track: int, stretches: Sequence[Stretch]) -> None:
        for stretch in stretches:
            self._keep(
                "sound", track, stretch.at, [stretch.pcm], rate_hz=RATE_HZ, kept=stretch.kept
            )

    def _keep_played(self, track: int, sound: AgentSound, *, before: float) -> None:
        for at, frames in sound.played(before):
            self._keep("agent", track, at, frames, rate_hz=sound.rate_hz, kept=self._sound)

    def _keep(
        self,
        kind: str,
        track: int,
        at: float,
        frames: Sequence[NDArray[np.int16]],
        *,
        rate_hz: int,
        kept: bool,
    ) -> None:
        self._tape.put(
            kind,
            self.now,
            lambda: {"track": track, **sound_facts(at, frames, rate_hz=rate_hz, sound=kept)},
        )
