"""One job of an agent serves a room: the youngest. Those before it are read, and sent away.

Where a job joins a room that has one, that one was killed, or its event loop stands still. Where
one comes later that is older, a node of livekit-server was lost: the node that takes over its rooms
has begun another job in each, and the first one is back some seconds after it, with all that was
said.
"""

from collections.abc import Callable

from livekit import api, rtc
from livekit.agents import JobContext
from livekit.agents.types import ATTRIBUTE_AGENT_NAME

from agent.room_protocol import BEAT, HISTORY
from agent.survival.heartbeat import Heartbeat
from agent.survival.history import Memory, Seal
from agent.survival.pulse import age_in, signs_in
from agent.tasks import CallTasks

_OLDER_S = 1.5
"""An age tells who was there before if it is greater by this much: it is told once in a second, and
another job begins 2.6 s after the one before it at the earliest."""


class Succession:
    """Of one job, to those of its agent that were there before it."""

    def __init__(
        self,
        ctx: JobContext,
        tasks: CallTasks,
        heartbeat: Heartbeat,
        seal: Seal | None,
        *,
        returned: Callable[[Memory], None] = lambda memory: None,
    ) -> None:
        """Prepare.

        Args:
            ctx: of the job.
            tasks: what is sent belongs to.
            heartbeat: knows how old the job is.
            seal: opens what the others have left; None: nothing is read.
            returned: told what one has left that has come back.
        """
        self._ctx = ctx
        self._tasks = tasks
        self._heartbeat = heartbeat
        self._seal = seal
        self._returned = returned
        self._sent_away: set[str] = set()
        """By sid: one that was sent away beats once more, perhaps."""

    def take_over(self) -> Memory | None:
        """Take the place of whoever is there, and from now on of whoever was and comes back.

        The room is joined.

        Returns:
            What an earlier job has left; None when there was none or nothing was said.
        """
        self._ctx.room.on("participant_metadata_changed", self._on_metadata)
        found: Memory | None = None
        for other in self._ctx.room.remote_participants.values():
            if self._is_another(other):
                memory = self._read(other)
                found = found or memory
        return found

    def _on_metadata(self, other: rtc.Participant, _before: str, _now: str) -> None:
        if isinstance(other, rtc.RemoteParticipant) and self._is_another(other):
            age_s = age_in(signs_in(other.metadata)[BEAT])
            if age_s > self._heartbeat.age_s + _OLDER_S:
                memory = self._read(other)
                if memory is not None:
                    self._returned(memory)

    def _is_another(self, other: rtc.RemoteParticipant) -> bool:
        """Whether it is a job of the same agent that has not been sent away."""
        return (
            other.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
            and other.attributes.get(ATTRIBUTE_AGENT_NAME, "") == self._ctx.job.agent_name
            and BEAT in signs_in(other.metadata)
            and other.sid not in self._sent_away
        )

    def _read(self, other: rtc.RemoteParticipant) -> Memory | None:
        self._sent_away.add(other.sid)
        self._tasks.inform(self._send_away(other.identity), name="send-away")
        return self._seal.open(signs_in(other.metadata).get(HISTORY, "")) if self._seal else None

    async def _send_away(self, identity: str) -> None:
        ctx = self._ctx
        await ctx.api.room.remove_participant(
            api.RoomParticipantIdentity(room=ctx.room.name, identity=identity)
        )
