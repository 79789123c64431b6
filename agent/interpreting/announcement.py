"""Tells each person in a room that their sound is kept; it is kept from then on."""

from collections.abc import Callable

from livekit import rtc

from agent.room_messages import RoomMessages
from agent.tasks import CallTasks


class Announcement:
    """Of one room. All on the job's event loop."""

    def __init__(
        self,
        room: rtc.Room,
        tasks: CallTasks,
        messages: RoomMessages,
        *,
        words: Callable[[str], str],
        told: Callable[[str], None],
    ) -> None:
        """Prepare; `watch` begins.

        Args:
            room: is joined by then.
            tasks: take the sending.
            messages: carry it, as a notice.
            words: what an identity is told.
            told: is given each identity once the room has taken what was sent to it.
        """
        self._room = room
        self._tasks = tasks
        self._messages = messages
        self._words = words
        self._told = told
        self._sent: set[str] = set()
        """Sids of the participants to whom it was sent."""

    def watch(self) -> None:
        """Tell who is there, and who comes."""
        # Before somebody is active nothing that is sent to them arrives.
        self._room.on("participant_active", self._on_ready)
        self._room.on("track_subscribed", lambda _track, _publication, by: self._on_ready(by))
        for participant in self._room.remote_participants.values():
            if participant.state == rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE:
                self._on_ready(participant)

    def _on_ready(self, participant: rtc.RemoteParticipant) -> None:
        # A telephone shows no notice.
        standard = participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
        if standard and participant.sid not in self._sent:
            self._sent.add(participant.sid)
            self._tasks.inform(self._tell(participant.identity, participant.sid), name="announce")

    async def _tell(self, identity: str, sid: str) -> None:
        try:
            await self._messages.send_notice(
                self._words(identity), stage="session", level="info", to=[identity]
            )
        except BaseException:
            # The next track of theirs is another try.
            self._sent.discard(sid)
            raise
        there = self._room.remote_participants.get(identity)
        if there is not None and there.sid == sid:
            self._told(identity)
