"""Shows that the job is alive, and keeps what was said where the next job finds it.

Both are in the agent's participant metadata, as one JSON object: LiveKit's React components 2.9.20
lose the agent's state whenever an attribute changes that is not the state. The beat comes from the
event loop that hears and speaks: when it stands still, so does the call, and another job takes it
over (`agent.survival.rooms`).
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import suppress

from livekit import rtc
from livekit.agents import llm

from agent.room_protocol import BEAT, HISTORY
from agent.survival.history import SEALED_CHARS, Memory, Seal, newest, said
from agent.survival.pulse import BEAT_S, Beat
from agent.tasks import CallTasks, undivided


class Heartbeat:
    """Beats for one job. `run` must run for as long as the call does."""

    def __init__(
        self,
        room: rtc.Room,
        tasks: CallTasks,
        *,
        dispatch: str,
        seal: Seal | None,
        sealed: Callable[[str], None] = lambda history: None,
    ) -> None:
        """Prepare; without a `seal` no history is kept. `sealed` is given each that is."""
        self._room = room
        self._tasks = tasks
        self._dispatch = dispatch
        self._seal = seal
        self._on_sealed = sealed
        self._memory: Memory | None = None
        """What is not sealed yet."""
        self._sealed = ""
        """What it keeps, or is to keep."""
        self._changed = asyncio.Event()
        self._began = _now()

    @property
    def age_s(self) -> float:
        """For how long the job has been there."""
        return _now() - self._began

    def remember(self, served: str, items: Iterable[llm.ChatItem], *, persona: str = "") -> None:
        """Keep what was said to `served` from now on, and by which persona."""
        self._memory = Memory(served, newest(said(items), chars=SEALED_CHARS), persona)
        self._changed.set()

    async def run(self) -> None:
        """Beat once in BEAT_S, and at once when there is something to remember.

        Returns when the room is left: what is set afterwards is never answered.
        """
        self._room.on("reconnected", self._changed.set)  # to a room that may know nothing of it
        while self._room.isconnected():
            if self._memory is not None and self._seal is not None:
                self._sealed = self._seal.close(self._memory)
                self._memory = None
                self._on_sealed(self._sealed)
            beat = Beat(f"{self.age_s:.1f}", self._dispatch)
            signs = {BEAT: str(beat), HISTORY: self._sealed}
            self._tasks.inform(self._set(json.dumps(signs)), name="heartbeat")
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._changed.wait()
            self._changed.clear()

    async def _set(self, metadata: str) -> None:
        setting = self._room.local_participant.set_metadata(metadata)
        await undivided(setting, name="set-heartbeat")


def _now() -> float:
    return asyncio.get_running_loop().time()
