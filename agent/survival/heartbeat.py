"""Shows that the job is alive, and keeps what was said where the next job finds it.

Both are in the agent's participant metadata, as one JSON object: LiveKit's React components 2.9.20
lose the agent's state whenever an attribute changes that is not the state. The beat comes from the
event loop that hears and speaks: when it stands still, so does the call, and another job takes it
over (`agent.survival.rooms`).
"""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress

from livekit import api, rtc
from livekit.agents import JobContext, llm
from livekit.agents.types import ATTRIBUTE_AGENT_NAME

from agent.room_protocol import BEAT, HISTORY
from agent.survival.history import SEALED_CHARS, Memory, Seal, newest, said
from agent.survival.pulse import BEAT_S, Beat, signs_in
from agent.tasks import CallTasks, undivided


class Heartbeat:
    """Beats for one job. `run` must run for as long as the call does."""

    def __init__(
        self, room: rtc.Room, tasks: CallTasks, *, dispatch: str, seal: Seal | None
    ) -> None:
        """Prepare; without a `seal` no history is kept."""
        self._room = room
        self._tasks = tasks
        self._dispatch = dispatch
        self._seal = seal
        self._memory: Memory | None = None
        """What is not sealed yet."""
        self._sealed = ""
        """What it keeps, or is to keep."""
        self._changed = asyncio.Event()

    def remember(self, served: str, items: Iterable[llm.ChatItem], *, persona: str = "") -> None:
        """Keep what was said to `served` from now on, and by which persona."""
        self._memory = Memory(served, newest(said(items), chars=SEALED_CHARS), persona)
        self._changed.set()

    async def run(self) -> None:
        """Beat once in BEAT_S, and at once when there is something to remember.

        Returns when the room is left: what is set afterwards is never answered.
        """
        number = 0
        while self._room.isconnected():
            number += 1
            if self._memory is not None and self._seal is not None:
                self._sealed = self._seal.close(self._memory)
                self._memory = None
            signs = {BEAT: str(Beat(str(number), self._dispatch)), HISTORY: self._sealed}
            self._tasks.inform(self._set(json.dumps(signs)), name="heartbeat")
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._changed.wait()
            self._changed.clear()

    async def _set(self, metadata: str) -> None:
        setting = self._room.local_participant.set_metadata(metadata)
        await undivided(setting, name="set-heartbeat")


def take_over(ctx: JobContext, tasks: CallTasks, seal: Seal | None) -> Memory | None:
    """Take the place of an earlier job of this agent that is still in the room, and send it away.

    Its process was killed, or its event loop stands still: nobody dispatches a second job beside
    one that lives.

    Returns:
        What that job has left; None when there was none or nothing was said.
    """
    found: Memory | None = None
    for other in ctx.room.remote_participants.values():
        signs = signs_in(other.metadata)
        if (
            other.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
            and other.attributes.get(ATTRIBUTE_AGENT_NAME, "") == ctx.job.agent_name
            and BEAT in signs
        ):
            if seal is not None and found is None:
                found = seal.open(signs.get(HISTORY, ""))
            tasks.inform(_send_away(ctx, other.identity), name="send-away")
    return found


async def _send_away(ctx: JobContext, identity: str) -> None:
    await ctx.api.room.remove_participant(
        api.RoomParticipantIdentity(room=ctx.room.name, identity=identity)
    )
