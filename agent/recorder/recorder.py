"""The recorder of one call: it is told what happens, and hands lines to the writer.

All methods are called on the event loop and return at once. Per hop it appends to lists; half a
second of hops is one line. docs/recording.md says what is in each.
"""

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, RATE_HZ, Hop, level_of
from agent.recorder.agent_sound import AgentSound
from agent.recorder.lines import BUSY, FRESH, KIND, LOUD, PLAYING, VERSION
from agent.recorder.writer import FLUSH_S, RecordingWriter

_HOPS = round(FLUSH_S / HOP_S)
_CLOSE_S = 1.0
_AGENT_S = 0.5
"""Play-out is written once it is this old, seconds: a hold takes the newest 0.15 s back."""


class Recorder:
    """Between a call and its file."""

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

        With `sound` both sides are kept, the caller's from `announced` on.
        """
        self._writer = writer
        self._sound = sound
        self._announced = False
        self._clock = clock
        self._began = clock()
        self._hops: list[tuple[Hop, bool, bool]] = []
        self._heard = 0.0
        """When the newest hop was taken in."""
        self._count = 0
        self._agent = AgentSound(agent_hz)
        self._over = False
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        rates = {"hop_s": HOP_S, "caller_hz": RATE_HZ, "agent_hz": agent_hz}
        head = {"version": VERSION, "began": began, "sound": sound, **rates}
        writer.put(KIND, 0.0, {**head, **facts})

    @property
    def now(self) -> float:
        """Seconds since the recording began."""
        return self._clock() - self._began

    @property
    def hops(self) -> int:
        """How many were told."""
        return self._count

    def announced(self) -> None:
        """The caller is being told that the call is recorded: their sound may be kept."""
        self._announced = True

    def tell(self, kind: str, **facts: Any) -> None:
        """Something happened, after the newest hop."""
        if self._over:
            return
        self._flush_hops()
        self._writer.put(kind, self.now, {"hop": self._count, **facts})

    def hop(self, hop: Hop, *, playing: bool, busy: bool) -> None:
        """The turn taker takes in the next 10 ms of the caller's track."""
        if self._over:
            return
        self._hops.append((hop, playing, busy))
        self._heard = self.now
        self._count += 1
        if len(self._hops) >= _HOPS:
            self._flush_hops()
            self._flush_agent(self.now - _AGENT_S)

    def frame(self, pcm: NDArray[np.int16]) -> None:
        """Audio of the agent was queued for play-out."""
        now = self.now
        self._agent.queue(pcm, now)
        if now - self._agent.oldest > 2 * _AGENT_S:
            self._flush_agent(now - _AGENT_S)

    def taken_back(self, samples: int) -> None:
        """The newest of it will not be played."""
        self._agent.take_back(samples)

    def end(self) -> None:
        """Nothing more will be told."""
        if not self._over:
            self._flush_hops()
            self._flush_agent(self.now + _AGENT_S)
            self._writer.put("end", self.now, {})
            self._over = True

    def join(self) -> None:
        """Wait until all is in the file; blocks for two seconds at most."""
        self._writer.close(within_s=_CLOSE_S)

    def _flush_hops(self) -> None:
        if not self._hops:
            return
        hops, self._hops = self._hops, []
        first, sound = self._count - len(hops), self._sound and self._announced
        self._writer.put("hops", self._heard, lambda: _hop_facts(hops, first, sound=sound))

    def _flush_agent(self, before: float) -> None:
        for at, frames in self._agent.played(before):
            facts = functools.partial(
                _agent_facts, at, frames, rate_hz=self._agent.rate_hz, sound=self._sound
            )
            self._writer.put("agent", self.now, facts)


def _hop_facts(hops: list[tuple[Hop, bool, bool]], first: int, *, sound: bool) -> dict[str, Any]:
    flags = [
        LOUD * hop.loud | FRESH * hop.fresh | PLAYING * playing | BUSY * busy
        for hop, playing, busy in hops
    ]
    facts: dict[str, Any] = {
        "first": first,
        "level_db": [hop.level_db for hop, _, _ in hops],
        "floor_db": [hop.floor_db for hop, _, _ in hops],
        "probability": [hop.probability for hop, _, _ in hops],
        "flags": "".join(f"{flag:x}" for flag in flags),
    }
    if sound:
        facts["pcm"] = np.concatenate([hop.pcm for hop, _, _ in hops])
    return facts


def _agent_facts(
    at: float, frames: list[NDArray[np.int16]], *, rate_hz: int, sound: bool
) -> dict[str, Any]:
    pcm, size = np.concatenate(frames), round(rate_hz * HOP_S)
    whole = pcm[: len(pcm) // size * size].reshape(-1, size)
    facts: dict[str, Any] = {
        "at": round(at, 4),
        "samples": len(pcm),
        "level_db": [round(level_of(hop), 1) for hop in whole],
    }
    if sound:
        facts["pcm"] = pcm
    return facts
