"""The recorder of one call: it is told what happens, and hands lines to the writer.

All methods are called on the event loop and return at once. Per hop it appends to lists; half a
second of hops is one line. docs/recording.md says what is in each.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, RATE_HZ, Hop
from agent.recorder.agent_sound import AgentSound
from agent.recorder.call_lines import BUSY, FRESH, LOUD, PLAYING
from agent.recorder.sound_facts import sound_facts
from agent.recorder.tape import Tape
from agent.recorder.writer import FLUSH_S, RecordingWriter

_HOPS = round(FLUSH_S / HOP_S)
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
        rates = {"hop_s": HOP_S, "caller_hz": RATE_HZ, "agent_hz": agent_hz}
        head = {"job": "call", "sound": sound, **rates, **facts}
        self._tape = Tape(writer, facts=head, clock=clock)
        self._sound = sound
        self._announced = False
        self._hops: list[tuple[Hop, bool, bool]] = []
        self._heard = 0.0
        """When the newest hop was taken in."""
        self._count = 0
        self._agent = AgentSound(agent_hz)

    @property
    def now(self) -> float:
        """Seconds since the recording began."""
        return self._tape.now

    @property
    def hops(self) -> int:
        """How many were told."""
        return self._count

    def announced(self) -> None:
        """The caller is being told that the call is recorded: their sound may be kept."""
        self._announced = True

    def tell(self, kind: str, **facts: Any) -> None:
        """Something happened, after the newest hop."""
        if self._tape.over:
            return
        self._flush_hops()
        self._tape.put(kind, self.now, {"hop": self._count, **facts})

    def hop(self, hop: Hop, *, playing: bool, busy: bool) -> None:
        """The turn taker takes in the next 10 ms of the caller's track."""
        if self._tape.over:
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
        if not self._tape.over:
            self._flush_hops()
            self._flush_agent(self.now + _AGENT_S)
            self._tape.end()

    def join(self) -> None:
        """Wait until all is in the file; blocks for two seconds at most."""
        self._tape.join()

    def _flush_hops(self) -> None:
        if not self._hops:
            return
        hops, self._hops = self._hops, []
        first, sound = self._count - len(hops), self._sound and self._announced
        self._tape.put("hops", self._heard, lambda: _hop_facts(hops, first, sound=sound))

    def _flush_agent(self, before: float) -> None:
        for at, frames in self._agent.played(before):
            facts = partial(sound_facts, at, frames, rate_hz=self._agent.rate_hz, sound=self._sound)
            self._tape.put("agent", self.now, facts)


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
